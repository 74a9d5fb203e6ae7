// The vector types: Vec<T>, kVectorBytes wide, and Mask, with the operators that the compiler's vector extensions have.
#pragma once
#include <cstdint>

#if defined(__SSE2__)
#pragma GCC diagnostic push  // GCC 12's AVX-512 header initialises "undefined" vectors with themselves and warns of it
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define ANNEAL_INLINE inline __attribute__((always_inline))
#ifdef __clang__
#define ANNEAL_NO_TAIL_CALLS __attribute__((disable_tail_calls))
#else
#define ANNEAL_NO_TAIL_CALLS
#endif
#define ANNEAL_INLINED __attribute__((always_inline))  // of a lambda, after its parameters

namespace anneal::ANNEAL_LEVEL {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

// The compiler's vector of each element type, and the integers of a lane's width.
template <class T>
struct LaneTypes;
#define ANNEAL_LANE(T, IntT, UIntT)                                                        \
  template <>                                                                              \
  struct LaneTypes<T> {                                                                    \
    using Int = IntT;                                                                      \
    using UInt = UIntT;                                                                    \
    typedef T Raw __attribute__((vector_size(kVectorBytes)));                              \
    typedef T Unaligned __attribute__((vector_size(kVectorBytes), aligned(1), may_alias)); \
  };
ANNEAL_LANE(float, int32_t, uint32_t)
ANNEAL_LANE(double, int64_t, uint64_t)
ANNEAL_LANE(int8_t, int8_t, uint8_t)
ANNEAL_LANE(uint8_t, int8_t, uint8_t)
ANNEAL_LANE(int32_t, int32_t, uint32_t)
ANNEAL_LANE(uint32_t, int32_t, uint32_t)
ANNEAL_LANE(int64_t, int64_t, uint64_t)
ANNEAL_LANE(uint64_t, int64_t, uint64_t)
#undef ANNEAL_LANE

template <int Bytes>
struct MaskTypes;
template <>
struct MaskTypes<1> : LaneTypes<int8_t> {};
template <>
struct MaskTypes<4> : LaneTypes<int32_t> {};
template <>
struct MaskTypes<8> : LaneTypes<int64_t> {};

// The bytes of a mask's bools.
template <int Bytes>
struct BoolTypes {
  typedef uint8_t Raw __attribute__((vector_size(kVectorBytes / Bytes)));
};

template <class T>
constexpr bool kIsFloat = static_cast<T>(0.5) != static_cast<T>(0);

// Lanes are all ones or all zeros. One type a lane width: a mask from int32 lanes selects float32 lanes.
template <int Bytes>
struct Mask {
  using Raw = typename MaskTypes<Bytes>::Raw;
  Raw raw;
  friend ANNEAL_INLINE Mask operator&(Mask a, Mask b) { return {a.raw & b.raw}; }
  friend ANNEAL_INLINE Mask operator|(Mask a, Mask b) { return {a.raw | b.raw}; }
  friend ANNEAL_INLINE Mask operator^(Mask a, Mask b) { return {a.raw ^ b.raw}; }
  ANNEAL_INLINE Mask operator!() const { return {~raw}; }
};

template <class T>
struct Vec {
  static constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));
  using Scalar = T;
  using Raw = typename LaneTypes<T>::Raw;
  using M = Mask<sizeof(T)>;
  using RawUInt = typename LaneTypes<typename LaneTypes<T>::UInt>::Raw;
  Raw raw;

  Vec() = default;
  ANNEAL_INLINE Vec(Raw r) : raw(r) {}                // NOLINT: implicit on purpose
  ANNEAL_INLINE Vec(T value) : raw(value - Raw{}) {}  // NOLINT: x - 0 keeps the sign of zero, 0 + x does not
  ANNEAL_INLINE T operator[](int lane) const { return raw[lane]; }

  // Integer lanes wrap around.
  friend ANNEAL_INLINE Vec operator+(Vec a, Vec b) {
    if constexpr (kIsFloat<T>)
      return a.raw + b.raw;
    else
      return (Raw)((RawUInt)a.raw + (RawUInt)b.raw);
  }
  friend ANNEAL_INLINE Vec operator-(Vec a, Vec b) {
    if constexpr (kIsFloat<T>)
      return a.raw - b.raw;
    else
      return (Raw)((RawUInt)a.raw - (RawUInt)b.raw);
  }
  friend ANNEAL_INLINE Vec operator*(Vec a, Vec b) {
    if constexpr (kIsFloat<T>)
      return a.raw * b.raw;
    else
      return (Raw)((RawUInt)a.raw * (RawUInt)b.raw);
  }
  friend ANNEAL_INLINE Vec operator/(Vec a, Vec b) { return a.raw / b.raw; }
  ANNEAL_INLINE Vec operator-() const {
    if constexpr (kIsFloat<T>)
      return -raw;
    else
      return (Raw)(-(RawUInt)raw);
  }
  ANNEAL_INLINE Vec& operator+=(Vec b) { return *this = *this + b; }
  ANNEAL_INLINE Vec& operator-=(Vec b) { return *this = *this - b; }
  ANNEAL_INLINE Vec& operator*=(Vec b) { return *this = *this * b; }

  friend ANNEAL_INLINE M operator==(Vec a, Vec b) { return {(typename M::Raw)(a.raw == b.raw)}; }
  friend ANNEAL_INLINE M operator!=(Vec a, Vec b) { return {(typename M::Raw)(a.raw != b.raw)}; }
  friend ANNEAL_INLINE M operator<(Vec a, Vec b) { return {(typename M::Raw)(a.raw < b.raw)}; }
  friend ANNEAL_INLINE M operator<=(Vec a, Vec b) { return {(typename M::Raw)(a.raw <= b.raw)}; }
  friend ANNEAL_INLINE M operator>(Vec a, Vec b) { return {(typename M::Raw)(a.raw > b.raw)}; }
  friend ANNEAL_INLINE M operator>=(Vec a, Vec b) { return {(typename M::Raw)(a.raw >= b.raw)}; }

  // Bitwise, integer lanes only. Right shifts of signed lanes keep the sign.
  friend ANNEAL_INLINE Vec operator&(Vec a, Vec b) { return a.raw & b.raw; }
  friend ANNEAL_INLINE Vec operator|(Vec a, Vec b) { return a.raw | b.raw; }
  friend ANNEAL_INLINE Vec operator^(Vec a, Vec b) { return a.raw ^ b.raw; }
  ANNEAL_INLINE Vec operator<<(int bits) const { return (Raw)((RawUInt)raw << bits); }
  ANNEAL_INLINE Vec operator>>(int bits) const { return raw >> bits; }
};

}  // namespace anneal::ANNEAL_LEVEL
