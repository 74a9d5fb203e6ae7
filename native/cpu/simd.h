// One small vector type for every instruction-set level: Vec<T>, kVectorBytes wide, with masks of its own.
//
// Built on compiler vector extensions; intrinsics only where those have no word for it. Vectors go through memory
// unaligned, and a partial load or store touches exactly n elements. Everything also exists for plain float and double
// (lanes of one, masks of bool), so that a formula written for V runs on either.
#pragma once
#include <cstdint>

#if defined(__SSE2__)
#pragma GCC diagnostic push  // GCC 12's AVX-512 header initialises "undefined" vectors with themselves and warns of it
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define ANNEAL_INLINE inline __attribute__((always_inline))
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

// ---- memory ---------------------------------------------------------------------------------------------------------
template <class T>
ANNEAL_INLINE Vec<T> load(const T* p) {
  return *reinterpret_cast<const typename LaneTypes<T>::Unaligned*>(p);
}
template <class T>
ANNEAL_INLINE void store(T* p, Vec<T> v) {
  *reinterpret_cast<typename LaneTypes<T>::Unaligned*>(p) = v.raw;
}

// A store past the caches, at an address that is a multiple of kVectorBytes, where the level has one. Threads that read
// it must be told after streamFence.
template <class T>
ANNEAL_INLINE void stream(T* p, Vec<T> v) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(p), (__m512i)v.raw);
#elif defined(__AVX2__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(p), (__m256i)v.raw);
#elif defined(__SSE2__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(p), (__m128i)v.raw);
#else
  store(p, v);
#endif
}
ANNEAL_INLINE void streamFence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

// The first n lanes (0 <= n <= kLanes); the others read as zero. No byte beyond them is touched.
template <class T>
ANNEAL_INLINE Vec<T> loadPartial(const T* p, int n) {
#if defined(__AVX512F__)
  const uint64_t lanes = n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1;
  using Raw = typename Vec<T>::Raw;
  if constexpr (sizeof(T) == 4)
    return (Raw)_mm512_maskz_loadu_epi32(static_cast<__mmask16>(lanes), p);
  else if constexpr (sizeof(T) == 8)
    return (Raw)_mm512_maskz_loadu_epi64(static_cast<__mmask8>(lanes), p);
  else
    return (Raw)_mm512_maskz_loadu_epi8(lanes, p);
#else
#if defined(__AVX2__)
  if constexpr (sizeof(T) == 4) {
    const __m256i lanes = _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    return (typename Vec<T>::Raw)_mm256_maskload_epi32(reinterpret_cast<const int*>(p), lanes);
  }
  if constexpr (sizeof(T) == 8) {
    const __m256i lanes = _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
    return (typename Vec<T>::Raw)_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), lanes);
  }
#endif
  T lane[Vec<T>::kLanes] = {};
  for (int i = 0; i < n; i++) lane[i] = p[i];
  return load(lane);
#endif
}
template <class T>
ANNEAL_INLINE void storePartial(T* p, Vec<T> v, int n) {
#if defined(__AVX512F__)
  const uint64_t lanes = n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1;
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_epi32(p, static_cast<__mmask16>(lanes), (__m512i)v.raw);
  else if constexpr (sizeof(T) == 8)
    _mm512_mask_storeu_epi64(p, static_cast<__mmask8>(lanes), (__m512i)v.raw);
  else
    _mm512_mask_storeu_epi8(p, lanes, (__m512i)v.raw);
#else
#if defined(__AVX2__)
  if constexpr (sizeof(T) >= 4) {  // in halves: masked stores take tens of cycles on AMD's processors
    char* to = reinterpret_cast<char*>(p);
    const int bytes = n * static_cast<int>(sizeof(T));
    if (bytes >= 32) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)v.raw);
      return;
    }
    __m128i part = _mm256_castsi256_si128((__m256i)v.raw);
    if (bytes & 16) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), part);
      part = _mm256_extracti128_si256((__m256i)v.raw, 1);
      to += 16;
    }
    if (bytes & 8) {
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to), part);
      part = _mm_unpackhi_epi64(part, part);
      to += 8;
    }
    if (bytes & 4) _mm_storeu_si32(to, part);
    return;
  }
#endif
  T lane[Vec<T>::kLanes];
  store(lane, v);
  for (int i = 0; i < n; i++) p[i] = lane[i];
#endif
}

// n of a vector's lanes, or all of them.
template <class T>
ANNEAL_INLINE Vec<T> loadLanes(const T* p, int n) {
  return n == Vec<T>::kLanes ? load(p) : loadPartial(p, n);
}
template <class T>
ANNEAL_INLINE void storeLanes(T* p, Vec<T> v, int n) {
  if (n == Vec<T>::kLanes)
    store(p, v);
  else
    storePartial(p, v, n);
}

// ---- masks ----------------------------------------------------------------------------------------------------------
template <class T>
ANNEAL_INLINE Vec<T> select(Mask<sizeof(T)> m, Vec<T> yes, Vec<T> no) {
  return m.raw ? yes.raw : no.raw;
}
template <class T>
ANNEAL_INLINE T select(bool m, T yes, T no) {
  return m ? yes : no;
}

template <int Bytes>
ANNEAL_INLINE bool any(Mask<Bytes> m) {
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask((__m512i)m.raw, (__m512i)m.raw) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_epi8((__m256i)m.raw) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)m.raw) != 0;
#else
  typedef uint64_t Pair __attribute__((vector_size(16)));
  const Pair pair = (Pair)m.raw;
  return (pair[0] | pair[1]) != 0;
#endif
}
template <int Bytes>
ANNEAL_INLINE bool all(Mask<Bytes> m) {
  return !any(!m);
}
// The first lane that is set, of a mask with any.
template <int Bytes>
ANNEAL_INLINE int firstLane(Mask<Bytes> m) {
#if defined(__AVX512F__)
  if constexpr (Bytes == 4) return __builtin_ctz(_mm512_movepi32_mask((__m512i)m.raw));
  if constexpr (Bytes == 8) return __builtin_ctz(_mm512_movepi64_mask((__m512i)m.raw));
  return __builtin_ctzll(_mm512_movepi8_mask((__m512i)m.raw));
#elif defined(__AVX2__)
  return __builtin_ctz(static_cast<unsigned>(_mm256_movemask_epi8((__m256i)m.raw))) / Bytes;
#elif defined(__SSE2__)
  return __builtin_ctz(static_cast<unsigned>(_mm_movemask_epi8((__m128i)m.raw))) / Bytes;
#else
  int lane = 0;
  while (!m.raw[lane]) ++lane;
  return lane;
#endif
}
ANNEAL_INLINE bool any(bool m) { return m; }
ANNEAL_INLINE bool all(bool m) { return m; }

// Bools in memory, one byte a lane: kVectorBytes / Bytes of them. Any byte but 0 loads as true; true is stored as 1.
template <int Bytes>
ANNEAL_INLINE Mask<Bytes> loadMask(const uint8_t* p) {
  using Raw = typename Mask<Bytes>::Raw;
  if constexpr (Bytes == 1) {
    return {load(p).raw != Vec<uint8_t>::Raw{}};
  } else {
    typename BoolTypes<Bytes>::Raw bools;
    __builtin_memcpy(&bools, p, sizeof bools);
#if defined(__AVX512F__)
    if constexpr (Bytes == 4)
      return {(Raw)_mm512_cvtepu8_epi32((__m128i)bools) != Raw{}};
    else
      return {(Raw)_mm512_cvtepu8_epi64(_mm_cvtsi64_si128((int64_t)bools)) != Raw{}};
#elif defined(__AVX2__)
    if constexpr (Bytes == 4)
      return {(Raw)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)bools)) != Raw{}};
    else
      return {(Raw)_mm256_cvtepu8_epi64(_mm_cvtsi32_si128((int32_t)bools)) != Raw{}};
#elif defined(__SSE2__)
    const __m128i zero = _mm_setzero_si128();
    __m128i v;
    if constexpr (Bytes == 4)
      v = _mm_cvtsi32_si128((int32_t)bools);
    else
      v = _mm_cvtsi32_si128((int16_t)bools);
    v = _mm_unpacklo_epi8(v, zero);
    v = _mm_unpacklo_epi16(v, zero);
    if constexpr (Bytes == 8) v = _mm_unpacklo_epi32(v, v);
    return {(Raw)_mm_xor_si128(_mm_cmpeq_epi32(v, zero), _mm_set1_epi32(-1))};
#else
    return {__builtin_convertvector(bools, Raw) != Raw{}};
#endif
  }
}
template <int Bytes>
ANNEAL_INLINE void storeMask(uint8_t* p, Mask<Bytes> m) {
  if constexpr (Bytes == 1) {
    store(p, Vec<uint8_t>(uint8_t{1}) & Vec<uint8_t>((Vec<uint8_t>::Raw)m.raw));
  } else {
#if defined(__SSE2__) && !defined(__AVX512F__)
#if defined(__AVX2__)
    const __m128i low = _mm256_castsi256_si128((__m256i)m.raw), high = _mm256_extracti128_si256((__m256i)m.raw, 1);
#else
    const __m128i low = (__m128i)m.raw, high = low;
#endif
    __m128i v = _mm_packs_epi32(low, high);
    if constexpr (Bytes == 8) v = _mm_packs_epi32(v, v);
    v = _mm_and_si128(_mm_packs_epi16(v, v), _mm_set1_epi8(1));
    __builtin_memcpy(p, &v, kVectorBytes / Bytes);
#else
    const auto bools = __builtin_convertvector(m.raw & 1, typename BoolTypes<Bytes>::Raw);
    __builtin_memcpy(p, &bools, sizeof bools);
#endif
  }
}

// ---- bits -----------------------------------------------------------------------------------------------------------
template <class To, class From>
ANNEAL_INLINE Vec<To> bitCast(Vec<From> v) {
  return (typename Vec<To>::Raw)v.raw;
}

// Between lanes of one width: float32 <-> int32, float64 <-> int64. To integers it truncates, and needs to be in range.
template <class To, class From>
ANNEAL_INLINE Vec<To> convert(Vec<From> v) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_convertvector(v.raw, typename Vec<To>::Raw);
}

// ---- arithmetic -----------------------------------------------------------------------------------------------------
// a * b + c, fused where the level has the instruction: asked for by name, since reductions of arguments are wrong without
// it, and whether a compiler joins the two depends on how it optimizes.
template <class T>
ANNEAL_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return _mm512_fmadd_ps(a.raw, b.raw, c.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return _mm512_fmadd_pd(a.raw, b.raw, c.raw);
#elif defined(__FMA__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return _mm256_fmadd_ps(a.raw, b.raw, c.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return _mm256_fmadd_pd(a.raw, b.raw, c.raw);
#elif defined(__aarch64__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return vfmaq_f32(c.raw, a.raw, b.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return vfmaq_f64(c.raw, a.raw, b.raw);
#endif
  return a.raw * b.raw + c.raw;
}
#if defined(__FMA__) || defined(__aarch64__)
ANNEAL_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
ANNEAL_INLINE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
#else
ANNEAL_INLINE float fma(float a, float b, float c) { return a * b + c; }
ANNEAL_INLINE double fma(double a, double b, double c) { return a * b + c; }
#endif

// a < b ? a : b and a > b ? a : b: the second operand where either is NaN, or where both are zeros.
template <class T>
ANNEAL_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return _mm512_min_ps(a.raw, b.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return _mm512_min_pd(a.raw, b.raw);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return _mm256_min_ps(a.raw, b.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return _mm256_min_pd(a.raw, b.raw);
#elif defined(__SSE2__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return _mm_min_ps(a.raw, b.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return _mm_min_pd(a.raw, b.raw);
#endif
  return a.raw < b.raw ? a.raw : b.raw;
}
template <class T>
ANNEAL_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return _mm512_max_ps(a.raw, b.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return _mm512_max_pd(a.raw, b.raw);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return _mm256_max_ps(a.raw, b.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return _mm256_max_pd(a.raw, b.raw);
#elif defined(__SSE2__)
  if constexpr (sizeof(T) == 4 && kIsFloat<T>) return _mm_max_ps(a.raw, b.raw);
  if constexpr (sizeof(T) == 8 && kIsFloat<T>) return _mm_max_pd(a.raw, b.raw);
#endif
  return a.raw > b.raw ? a.raw : b.raw;
}
template <class T>
ANNEAL_INLINE T min(T a, T b) {
  return a < b ? a : b;
}
template <class T>
ANNEAL_INLINE T max(T a, T b) {
  return a > b ? a : b;
}

ANNEAL_INLINE Vec<float> abs(Vec<float> v) { return bitCast<float>(bitCast<int32_t>(v) & Vec<int32_t>(0x7fffffff)); }
ANNEAL_INLINE Vec<double> abs(Vec<double> v) {
  return bitCast<double>(bitCast<int64_t>(v) & Vec<int64_t>(0x7fffffffffffffff));
}
template <class T>
ANNEAL_INLINE Vec<T> abs(Vec<T> v) {  // integers; the lowest value stays itself
  return select(v < Vec<T>(T(0)), -v, v);
}
ANNEAL_INLINE float abs(float v) { return __builtin_fabsf(v); }
ANNEAL_INLINE double abs(double v) { return __builtin_fabs(v); }

// The magnitude of a with the sign of b.
ANNEAL_INLINE Vec<float> copySign(Vec<float> a, Vec<float> b) {
  const Vec<int32_t> sign(INT32_MIN);
  return bitCast<float>(bitCast<int32_t>(abs(a)) | (bitCast<int32_t>(b) & sign));
}
ANNEAL_INLINE Vec<double> copySign(Vec<double> a, Vec<double> b) {
  const Vec<int64_t> sign(INT64_MIN);
  return bitCast<double>(bitCast<int64_t>(abs(a)) | (bitCast<int64_t>(b) & sign));
}
ANNEAL_INLINE float copySign(float a, float b) { return __builtin_copysignf(a, b); }
ANNEAL_INLINE double copySign(double a, double b) { return __builtin_copysign(a, b); }

ANNEAL_INLINE Vec<float> sqrt(Vec<float> v) {
#if defined(__AVX512F__)
  return _mm512_sqrt_ps(v.raw);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(v.raw);
#elif defined(__SSE2__)
  return _mm_sqrt_ps(v.raw);
#else
  return vsqrtq_f32(v.raw);
#endif
}
ANNEAL_INLINE Vec<double> sqrt(Vec<double> v) {
#if defined(__AVX512F__)
  return _mm512_sqrt_pd(v.raw);
#elif defined(__AVX2__)
  return _mm256_sqrt_pd(v.raw);
#elif defined(__SSE2__)
  return _mm_sqrt_pd(v.raw);
#else
  return vsqrtq_f64(v.raw);
#endif
}
ANNEAL_INLINE float sqrt(float v) { return __builtin_sqrtf(v); }
ANNEAL_INLINE double sqrt(double v) { return __builtin_sqrt(v); }

// To the nearest integer, halves to even; keeps the sign of zero. Adding 2^23 (2^52) drops the fraction.
template <class T>
ANNEAL_INLINE Vec<T> round(Vec<T> v) {
  const Vec<T> big(sizeof(T) == 4 ? static_cast<T>(8388608.0) : static_cast<T>(4503599627370496.0));
  const Vec<T> magnitude = abs(v);
  return select(magnitude < big, copySign((magnitude + big) - big, v), v);
}
template <class T>
ANNEAL_INLINE Vec<T> floor(Vec<T> v) {
  const Vec<T> r = round(v);
  return select(r > v, r - Vec<T>(1), r);
}

// ---- across lanes, halving: (l0 op l4) op (l2 op l6) ... the same order whatever the compiler does ------------------
template <class T, class Op>
ANNEAL_INLINE T reduceLanes(Vec<T> v, Op op) {
  T lane[Vec<T>::kLanes];
  store(lane, v);
  for (int width = Vec<T>::kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) lane[i] = op(lane[i], lane[i + width]);
  }
  return lane[0];
}
template <class T>
ANNEAL_INLINE T sumLanes(Vec<T> v) {
  return reduceLanes(v, [](T a, T b) { return static_cast<T>(a + b); });
}
template <class T>
ANNEAL_INLINE T minLanes(Vec<T> v) {
  return reduceLanes(v, [](T a, T b) { return a < b ? a : b; });
}
template <class T>
ANNEAL_INLINE T maxLanes(Vec<T> v) {
  return reduceLanes(v, [](T a, T b) { return a > b ? a : b; });
}

// ---- float32 lanes as two halves of float64 lanes, and back ---------------------------------------------------------
struct DoublePair {
  Vec<double> low, high;
};
ANNEAL_INLINE DoublePair widen(Vec<float> v) {
#if defined(__AVX512F__)
  return {_mm512_cvtps_pd(_mm512_castps512_ps256(v.raw)),
          _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v.raw), 1)))};
#elif defined(__AVX2__)
  return {_mm256_cvtps_pd(_mm256_castps256_ps128(v.raw)), _mm256_cvtps_pd(_mm256_extractf128_ps(v.raw, 1))};
#elif defined(__SSE2__)
  return {_mm_cvtps_pd(v.raw), _mm_cvtps_pd(_mm_movehl_ps(v.raw, v.raw))};
#else
  return {vcvt_f64_f32(vget_low_f32(v.raw)), vcvt_high_f64_f32(v.raw)};
#endif
}
ANNEAL_INLINE Vec<float> narrow(DoublePair v) {
#if defined(__AVX512F__)
  return _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(_mm512_cvtpd_ps(v.low.raw))),
                                             _mm256_castps_pd(_mm512_cvtpd_ps(v.high.raw)), 1));
#elif defined(__AVX2__)
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(v.low.raw)), _mm256_cvtpd_ps(v.high.raw), 1);
#elif defined(__SSE2__)
  return _mm_movelh_ps(_mm_cvtpd_ps(v.low.raw), _mm_cvtpd_ps(v.high.raw));
#else
  return vcvt_high_f32_f64(vcvt_f32_f64(v.low.raw), v.high.raw);
#endif
}

// What is loaded through p from here on is not loaded before what was until here: compilers shuffle loads, and the processor
// then sees no stream to fetch ahead.
template <class T>
ANNEAL_INLINE void loadsInOrder(const T*& p) {
  __asm__ volatile("" : "+r"(p));
}

}  // namespace anneal::ANNEAL_LEVEL
