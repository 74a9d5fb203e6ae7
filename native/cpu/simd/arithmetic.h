// Arithmetic of lanes that has no operator: reinterpreted bits, conversions, fma, extrema, signs, roots and rounding.
#pragma once
#include "cpu/simd/mask.h"

namespace anneal::ANNEAL_LEVEL {

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

// x 2^n, rounded once, where the level has the instruction.
#if defined(__AVX512F__)
constexpr bool kScales = true;
ANNEAL_INLINE Vec<float> scale(Vec<float> x, Vec<float> n) { return _mm512_scalef_ps(x.raw, n.raw); }
#else
constexpr bool kScales = false;
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

// To the nearest integer, halves to even; keeps the sign of zero. Without an instruction for it, adding 2^23 (2^52) drops the fraction.
template <class T>
ANNEAL_INLINE Vec<T> round(Vec<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return _mm512_roundscale_ps(v.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  if constexpr (sizeof(T) == 8) return _mm512_roundscale_pd(v.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return _mm256_round_ps(v.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  if constexpr (sizeof(T) == 8) return _mm256_round_pd(v.raw, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__aarch64__)
  if constexpr (sizeof(T) == 4) return vrndnq_f32(v.raw);
  if constexpr (sizeof(T) == 8) return vrndnq_f64(v.raw);
#endif
  const Vec<T> big(sizeof(T) == 4 ? static_cast<T>(8388608.0) : static_cast<T>(4503599627370496.0));
  const Vec<T> magnitude = abs(v);
  return select(magnitude < big, copySign((magnitude + big) - big, v), v);
}

}  // namespace anneal::ANNEAL_LEVEL
