// The value type of formulas on a GPU: Lane<T>, one scalar, with the operators and functions that formulas ask of the CPU's vectors.
//
// Device code is compiled without contraction: a product is rounded before it is added to, unless the code says fma. A wrapper rather
// than the scalar itself, so that integers wrap around, and that functions are found here and not in the C library.
#pragma once
#include "device/launch.h"

namespace anneal::ANNEAL_LEVEL {

template <class T>
constexpr bool kIsFloat = static_cast<T>(0.5) != static_cast<T>(0);

template <class T>
struct UnsignedOf {
  using type = T;
};
template <>
struct UnsignedOf<int32_t> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<int64_t> {
  using type = uint64_t;
};

template <class T>
struct Lane {
  using Scalar = T;
  using Unsigned = typename UnsignedOf<T>::type;
  T raw;

  Lane() = default;
  ANNEAL_INLINE Lane(T value) : raw(value) {}

  // Integers wrap around.
  friend ANNEAL_INLINE Lane operator+(Lane a, Lane b) {
    return static_cast<T>(static_cast<Unsigned>(a.raw) + static_cast<Unsigned>(b.raw));
  }
  friend ANNEAL_INLINE Lane operator-(Lane a, Lane b) {
    return static_cast<T>(static_cast<Unsigned>(a.raw) - static_cast<Unsigned>(b.raw));
  }
  friend ANNEAL_INLINE Lane operator*(Lane a, Lane b) {
    return static_cast<T>(static_cast<Unsigned>(a.raw) * static_cast<Unsigned>(b.raw));
  }
  friend ANNEAL_INLINE Lane operator/(Lane a, Lane b) { return static_cast<T>(a.raw / b.raw); }
  ANNEAL_INLINE Lane operator-() const { return static_cast<T>(-static_cast<Unsigned>(raw)); }

  friend ANNEAL_INLINE bool operator==(Lane a, Lane b) { return a.raw == b.raw; }
  friend ANNEAL_INLINE bool operator!=(Lane a, Lane b) { return a.raw != b.raw; }
  friend ANNEAL_INLINE bool operator<(Lane a, Lane b) { return a.raw < b.raw; }
  friend ANNEAL_INLINE bool operator<=(Lane a, Lane b) { return a.raw <= b.raw; }
  friend ANNEAL_INLINE bool operator>(Lane a, Lane b) { return a.raw > b.raw; }
  friend ANNEAL_INLINE bool operator>=(Lane a, Lane b) { return a.raw >= b.raw; }

  // Bitwise, of integers. Right shifts of signed ones keep the sign.
  friend ANNEAL_INLINE Lane operator&(Lane a, Lane b) { return static_cast<T>(a.raw & b.raw); }
  friend ANNEAL_INLINE Lane operator|(Lane a, Lane b) { return static_cast<T>(a.raw | b.raw); }
  friend ANNEAL_INLINE Lane operator^(Lane a, Lane b) { return static_cast<T>(a.raw ^ b.raw); }
  ANNEAL_INLINE Lane operator<<(int bits) const { return static_cast<T>(static_cast<Unsigned>(raw) << bits); }
  ANNEAL_INLINE Lane operator>>(int bits) const { return static_cast<T>(raw >> bits); }
};

template <class To, class From>
ANNEAL_INLINE Lane<To> bitCast(Lane<From> v) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &v.raw, sizeof to);
  return to;
}
template <class To, class From>
ANNEAL_INLINE Lane<To> convert(Lane<From> v) {
  return static_cast<To>(v.raw);
}

template <class T>
ANNEAL_INLINE Lane<T> shuffleXor(Lane<T> v, unsigned lanes) {
  return shuffleXor(v.raw, lanes);
}

template <class T>
ANNEAL_INLINE Lane<T> select(bool mask, Lane<T> yes, Lane<T> no) {
  return mask ? yes : no;
}
ANNEAL_INLINE bool all(bool mask) { return mask; }
ANNEAL_INLINE bool any(bool mask) { return mask; }

// The second operand where either is NaN, as on the CPU.
template <class T>
ANNEAL_INLINE Lane<T> max(Lane<T> a, Lane<T> b) {
  return a > b ? a : b;
}
template <class T>
ANNEAL_INLINE Lane<T> min(Lane<T> a, Lane<T> b) {
  return a < b ? a : b;
}

ANNEAL_INLINE Lane<float> abs(Lane<float> v) { return bitCast<float>(bitCast<int32_t>(v) & Lane<int32_t>(0x7fffffff)); }
ANNEAL_INLINE Lane<double> abs(Lane<double> v) {
  return bitCast<double>(bitCast<int64_t>(v) & Lane<int64_t>(0x7fffffffffffffff));
}
template <class T>
ANNEAL_INLINE Lane<T> abs(Lane<T> v) {  // integers; the lowest value stays itself
  return v < Lane<T>(T(0)) ? -v : v;
}
ANNEAL_INLINE Lane<float> copySign(Lane<float> a, Lane<float> b) {
  return bitCast<float>(bitCast<int32_t>(abs(a)) | (bitCast<int32_t>(b) & Lane<int32_t>(INT32_MIN)));
}
ANNEAL_INLINE Lane<double> copySign(Lane<double> a, Lane<double> b) {
  return bitCast<double>(bitCast<int64_t>(abs(a)) | (bitCast<int64_t>(b) & Lane<int64_t>(INT64_MIN)));
}

// To the nearest integer, halves to even; keeps the sign of zero. Adding 2^23 (2^52) drops the fraction.
template <class T>
ANNEAL_INLINE Lane<T> round(Lane<T> v) {
  const Lane<T> big(sizeof(T) == 4 ? static_cast<T>(8388608.0) : static_cast<T>(4503599627370496.0));
  const Lane<T> magnitude = abs(v);
  return select(magnitude < big, copySign((magnitude + big) - big, v), v);
}

// ---- rounded once, whatever the compiler would make of them ----------------------------------------------------------
#if defined(__CUDACC__)
ANNEAL_INLINE Lane<float> fma(Lane<float> a, Lane<float> b, Lane<float> c) { return __fmaf_rn(a.raw, b.raw, c.raw); }
ANNEAL_INLINE Lane<double> fma(Lane<double> a, Lane<double> b, Lane<double> c) { return __fma_rn(a.raw, b.raw, c.raw); }
ANNEAL_INLINE Lane<float> sqrt(Lane<float> v) { return __fsqrt_rn(v.raw); }
ANNEAL_INLINE Lane<double> sqrt(Lane<double> v) { return __dsqrt_rn(v.raw); }
#else
ANNEAL_INLINE Lane<float> fma(Lane<float> a, Lane<float> b, Lane<float> c) {
  return __builtin_fmaf(a.raw, b.raw, c.raw);
}
ANNEAL_INLINE Lane<double> fma(Lane<double> a, Lane<double> b, Lane<double> c) {
  return __builtin_fma(a.raw, b.raw, c.raw);
}
ANNEAL_INLINE Lane<float> sqrt(Lane<float> v) { return __builtin_sqrtf(v.raw); }
ANNEAL_INLINE Lane<double> sqrt(Lane<double> v) { return __builtin_sqrt(v.raw); }
#endif

}  // namespace anneal::ANNEAL_LEVEL
