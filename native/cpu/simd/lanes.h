// From several lanes to one, and between lanes of two widths.
#pragma once
#include "cpu/simd/memory.h"

namespace anneal::ANNEAL_LEVEL {

// Across lanes, halving: (l0 op l4) op (l2 op l6) ... the same order whatever the compiler does.
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

// Float32 lanes as two halves of float64 lanes, and back.
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

}  // namespace anneal::ANNEAL_LEVEL
