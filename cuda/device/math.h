// Elementary functions of lanes: those of formulas/elementary.h in float32, with what they ask of a device; in float64 those of the
// C library or of CUDA; integer powers.
#pragma once
#include "device/lane.h"
#if !defined(__CUDACC__)
#include <cmath>
#endif

namespace anneal::ANNEAL_LEVEL {

template <class T, class F>
ANNEAL_INLINE Lane<T> mapLanes(Lane<T> x, Lane<T> y, F f) {
  return f(x.raw, y.raw);
}

constexpr bool kScales = false;
ANNEAL_INLINE Lane<float> sinFar(Lane<float> x) { return static_cast<float>(::sin(static_cast<double>(x.raw))); }
ANNEAL_INLINE Lane<float> cosFar(Lane<float> x) { return static_cast<float>(::cos(static_cast<double>(x.raw))); }
ANNEAL_INLINE Lane<float> tanFar(Lane<float> x) { return static_cast<float>(::tan(static_cast<double>(x.raw))); }
ANNEAL_INLINE Lane<float> fmodFar(Lane<float> x, Lane<float> y) { return ::fmodf(x.raw, y.raw); }
ANNEAL_INLINE Lane<float> powSpecial(Lane<float> x, Lane<float> y) {
  return static_cast<float>(::pow(static_cast<double>(x.raw), static_cast<double>(y.raw)));
}
template <class F>
ANNEAL_INLINE Lane<float> inDouble(Lane<float> x, Lane<float> y, F f) {
  const Lane<double> result = f(Lane<double>(static_cast<double>(x.raw)), Lane<double>(static_cast<double>(y.raw)));
  return static_cast<float>(result.raw);
}

}  // namespace anneal::ANNEAL_LEVEL

#include "formulas/elementary.h"

namespace anneal::ANNEAL_LEVEL {

// ---- float64 -----------------------------------------------------------------------------------------------------------
#define ANNEAL_DOUBLE(name, f) \
  ANNEAL_INLINE Lane<double> name(Lane<double> x) { return ::f(x.raw); }
ANNEAL_DOUBLE(exp, exp)
ANNEAL_DOUBLE(expNotPositive, exp)
ANNEAL_DOUBLE(expm1, expm1)
ANNEAL_DOUBLE(log, log)
ANNEAL_DOUBLE(log1p, log1p)
ANNEAL_DOUBLE(log1pUnit, log1p)
ANNEAL_DOUBLE(tanh, tanh)
ANNEAL_DOUBLE(erf, erf)
ANNEAL_DOUBLE(sin, sin)
ANNEAL_DOUBLE(cos, cos)
ANNEAL_DOUBLE(tan, tan)
ANNEAL_DOUBLE(asin, asin)
ANNEAL_DOUBLE(acos, acos)
ANNEAL_DOUBLE(atan, atan)
ANNEAL_DOUBLE(sinh, sinh)
ANNEAL_DOUBLE(cosh, cosh)
ANNEAL_DOUBLE(asinh, asinh)
ANNEAL_DOUBLE(acosh, acosh)
ANNEAL_DOUBLE(atanh, atanh)
ANNEAL_DOUBLE(exp2, exp2)
ANNEAL_DOUBLE(log2, log2)
ANNEAL_DOUBLE(log10, log10)
ANNEAL_DOUBLE(erfc, erfc)
ANNEAL_DOUBLE(lgamma, lgamma)
#undef ANNEAL_DOUBLE
ANNEAL_INLINE Lane<double> atan2(Lane<double> y, Lane<double> x) { return ::atan2(y.raw, x.raw); }
ANNEAL_INLINE Lane<double> fmod(Lane<double> x, Lane<double> y) { return ::fmod(x.raw, y.raw); }
ANNEAL_INLINE Lane<double> sigmoid(Lane<double> x) {
  const double e = ::exp(-::fabs(x.raw));
  return (x.raw < 0 ? e : 1.0) / (1.0 + e);
}
ANNEAL_INLINE Lane<double> pow(Lane<double> x, Lane<double> y) {
  return y.raw == 2.0 ? x.raw * x.raw : ::pow(x.raw, y.raw);
}
ANNEAL_INLINE Lane<double> normalCdf(Lane<double> x, Lane<double>& gauss) {
  gauss = ::exp(x.raw * x.raw * -0.5);
  return 0.5 * ::erfc(x.raw * -0.70710678118654752440);
}

// ---- integers: as powInteger of the CPU ------------------------------------------------------------------------------------
template <class T>
  requires(!kIsFloat<T>)
ANNEAL_INLINE Lane<T> pow(Lane<T> x, Lane<T> y) {
  const T base = x.raw, exponent = y.raw;
  if (y < Lane<T>(T(0))) {
    return base == T(1) ? T(1) : base == static_cast<T>(-1) ? ((exponent & 1) ? base : T(1)) : T(0);
  }
  uint64_t result = 1, square = static_cast<uint64_t>(base);
  for (uint64_t e = static_cast<uint64_t>(exponent); e != 0; e >>= 1) {
    if (e & 1) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}

}  // namespace anneal::ANNEAL_LEVEL
