// Elementary functions of vectors: those of formulas/elementary.h in float32, with what they ask of a device; float64 lane by lane
// through the C library. A scalar float runs the vector code, so both give the same bits.
#pragma once
#include "cpu/simd.h"
#include "cpu/support.h"
#include "formulas/elementary.h"

#if !defined(_WIN32)
extern "C" double lgamma_r(double, int*) noexcept;
#endif

namespace anneal::ANNEAL_LEVEL {

template <class T, class F>
ANNEAL_INLINE Vec<T> mapLanes(Vec<T> x, F f) {
  T lane[Vec<T>::kLanes];
  store(lane, x);
  for (int i = 0; i < Vec<T>::kLanes; i++) lane[i] = f(lane[i]);
  return load(lane);
}
template <class T, class F>
ANNEAL_INLINE Vec<T> mapLanes(Vec<T> x, Vec<T> y, F f) {
  T a[Vec<T>::kLanes], b[Vec<T>::kLanes];
  store(a, x);
  store(b, y);
  for (int i = 0; i < Vec<T>::kLanes; i++) a[i] = f(a[i], b[i]);
  return load(a);
}

// ---- what formulas/elementary.h asks for ----------------------------------------------------------------------------
#if !defined(__FMA__) && !defined(__ARM_NEON)
// Without fma, instead of that file's.
ANNEAL_INLINE Quadrant<Vec> reduceHalfPi(Vec<float> x) {
  // In float64: pi/2 in two parts; n < 2^20 times the first (33 bits) is exact.
  const Vec<double> magic(6755399441055744.0);  // 1.5 * 2^52
  const auto reduce = [&](Vec<double> wide, Vec<double>& n) {
    n = fma(wide, Vec<double>(0.63661977236758134308), magic) - magic;
    return fma(n, Vec<double>(-6.07710050650619224932e-11), fma(n, Vec<double>(-1.57079632673412561417e+00), wide));
  };
  const DoublePair wide = widen(x);
  DoublePair n;
  const Vec<float> r = narrow({reduce(wide.low, n.low), reduce(wide.high, n.high)});
  return {convert<int32_t>(narrow(n)), r};
}
#endif

ANNEAL_INLINE Vec<float> sinFar(Vec<float> x) {
  return mapLanes(x, [](float v) { return static_cast<float>(__builtin_sin(static_cast<double>(v))); });
}
ANNEAL_INLINE Vec<float> cosFar(Vec<float> x) {
  return mapLanes(x, [](float v) { return static_cast<float>(__builtin_cos(static_cast<double>(v))); });
}
ANNEAL_INLINE Vec<float> tanFar(Vec<float> x) {
  return mapLanes(x, [](float v) { return static_cast<float>(__builtin_tan(static_cast<double>(v))); });
}
ANNEAL_INLINE Vec<float> powSpecial(Vec<float> x, Vec<float> y) {
  return mapLanes(x, y, [](float a, float b) {
    return static_cast<float>(__builtin_pow(static_cast<double>(a), static_cast<double>(b)));
  });
}
ANNEAL_INLINE Vec<float> fmodFar(Vec<float> x, Vec<float> y) {
  return mapLanes(x, y, [](float a, float b) { return __builtin_fmodf(a, b); });
}

template <class F>
ANNEAL_INLINE Vec<float> inDouble(Vec<float> x, Vec<float> y, F f) {
  const DoublePair a = widen(x), b = widen(y);
  return narrow({f(a.low, b.low), f(a.high, b.high)});
}

// ---- float64 --------------------------------------------------------------------------------------------------------
ANNEAL_INLINE double sigmoid(double x) {
  const double e = __builtin_exp(-__builtin_fabs(x));
  return (x < 0 ? e : 1.0) / (1.0 + e);
}
// lgamma writes the sign of gamma to a variable that all threads share; this does not.
ANNEAL_INLINE double logGamma(double x) {
#if defined(_WIN32)
  return __builtin_lgamma(x);
#else
  int sign;
  return lgamma_r(x, &sign);
#endif
}
#define ANNEAL_LANES(name, f)                          \
  ANNEAL_INLINE Vec<double> name(Vec<double> x) {      \
    return mapLanes(x, [](double v) { return f(v); }); \
  }
ANNEAL_LANES(exp, __builtin_exp)
ANNEAL_LANES(expNotPositive, __builtin_exp)
ANNEAL_LANES(expm1, __builtin_expm1)
ANNEAL_LANES(log, __builtin_log)
ANNEAL_LANES(log1p, __builtin_log1p)
ANNEAL_LANES(log1pUnit, __builtin_log1p)
ANNEAL_LANES(tanh, __builtin_tanh)
ANNEAL_LANES(erf, __builtin_erf)
ANNEAL_LANES(sin, __builtin_sin)
ANNEAL_LANES(cos, __builtin_cos)
ANNEAL_LANES(tan, __builtin_tan)
ANNEAL_LANES(asin, __builtin_asin)
ANNEAL_LANES(acos, __builtin_acos)
ANNEAL_LANES(atan, __builtin_atan)
ANNEAL_LANES(sinh, __builtin_sinh)
ANNEAL_LANES(cosh, __builtin_cosh)
ANNEAL_LANES(asinh, __builtin_asinh)
ANNEAL_LANES(acosh, __builtin_acosh)
ANNEAL_LANES(atanh, __builtin_atanh)
ANNEAL_LANES(exp2, __builtin_exp2)
ANNEAL_LANES(log2, __builtin_log2)
ANNEAL_LANES(log10, __builtin_log10)
ANNEAL_LANES(erfc, __builtin_erfc)
ANNEAL_LANES(lgamma, logGamma)
ANNEAL_LANES(sigmoid, sigmoid)
#undef ANNEAL_LANES
ANNEAL_INLINE Vec<double> atan2(Vec<double> y, Vec<double> x) {
  return mapLanes(y, x, [](double a, double b) { return __builtin_atan2(a, b); });
}
ANNEAL_INLINE Vec<double> fmod(Vec<double> x, Vec<double> y) {
  return mapLanes(x, y, [](double a, double b) { return __builtin_fmod(a, b); });
}
ANNEAL_INLINE Vec<double> pow(Vec<double> x, Vec<double> y) {
  const Mask<8> squares = y == Vec<double>(2.0);
  if (all(squares)) return x * x;
  return select(squares, x * x, mapLanes(x, y, [](double a, double b) { return __builtin_pow(a, b); }));
}

ANNEAL_INLINE Vec<double> normalCdf(Vec<double> x, Vec<double>& gauss) {
  gauss = exp(x * x * Vec<double>(-0.5));
  return mapLanes(x, [](double v) { return 0.5 * __builtin_erfc(v * -0.70710678118654752440); });
}

// ---- integers: wraps around; a negative exponent gives 1 / base cut to an integer (0 for base 0) --------------------
template <class T>
inline T powInteger(T base, T exponent) {
  if (exponent < 0) return base == 1 ? T(1) : base == static_cast<T>(-1) ? ((exponent & 1) ? base : T(1)) : T(0);
  uint64_t result = 1, square = static_cast<uint64_t>(base);
  for (uint64_t e = static_cast<uint64_t>(exponent); e != 0; e >>= 1) {
    if (e & 1) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}
template <class T>
  requires(!kIsFloat<T>)
ANNEAL_INLINE Vec<T> pow(Vec<T> x, Vec<T> y) {
  if (all(y == Vec<T>(T(2)))) return x * x;
  return mapLanes(x, y, [](T a, T b) { return powInteger<T>(a, b); });
}

// ---- scalars --------------------------------------------------------------------------------------------------------
#define ANNEAL_SCALAR(name, f)                                         \
  ANNEAL_INLINE float name(float x) { return name(Vec<float>(x))[0]; } \
  ANNEAL_INLINE double name(double x) { return f(x); }
ANNEAL_SCALAR(exp, __builtin_exp)
ANNEAL_SCALAR(expm1, __builtin_expm1)
ANNEAL_SCALAR(log, __builtin_log)
ANNEAL_SCALAR(log1p, __builtin_log1p)
ANNEAL_SCALAR(log1pUnit, __builtin_log1p)
ANNEAL_SCALAR(tanh, __builtin_tanh)
ANNEAL_SCALAR(erf, __builtin_erf)
ANNEAL_SCALAR(sin, __builtin_sin)
ANNEAL_SCALAR(cos, __builtin_cos)
#undef ANNEAL_SCALAR
ANNEAL_INLINE float sigmoid(float x) { return sigmoid(Vec<float>(x))[0]; }
ANNEAL_INLINE float normalCdf(float x, float& gauss) {
  Vec<float> wide;
  const Vec<float> result = normalCdf(Vec<float>(x), wide);
  gauss = wide[0];
  return result[0];
}
ANNEAL_INLINE double normalCdf(double x, double& gauss) {
  gauss = __builtin_exp(x * x * -0.5);
  return 0.5 * __builtin_erfc(x * -0.70710678118654752440);
}
ANNEAL_INLINE float pow(float x, float y) { return pow(Vec<float>(x), Vec<float>(y))[0]; }
ANNEAL_INLINE double pow(double x, double y) { return __builtin_pow(x, y); }

}  // namespace anneal::ANNEAL_LEVEL
