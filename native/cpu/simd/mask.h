// Masks: choosing by them, asking them, and bools in memory.
#pragma once
#include "cpu/simd/memory.h"

namespace anneal::ANNEAL_LEVEL {

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
// Bit i of the result says whether lane i is set.
template <int Bytes>
ANNEAL_INLINE uint64_t laneBits(Mask<Bytes> m) {
#if defined(__AVX512F__)
  if constexpr (Bytes == 4) return _mm512_movepi32_mask((__m512i)m.raw);
  if constexpr (Bytes == 8) return _mm512_movepi64_mask((__m512i)m.raw);
  return _mm512_movepi8_mask((__m512i)m.raw);
#elif defined(__AVX2__)
  if constexpr (Bytes == 4) return static_cast<unsigned>(_mm256_movemask_ps((__m256)m.raw));
  if constexpr (Bytes == 8) return static_cast<unsigned>(_mm256_movemask_pd((__m256d)m.raw));
  return static_cast<unsigned>(_mm256_movemask_epi8((__m256i)m.raw));
#elif defined(__SSE2__)
  if constexpr (Bytes == 4) return static_cast<unsigned>(_mm_movemask_ps((__m128)m.raw));
  if constexpr (Bytes == 8) return static_cast<unsigned>(_mm_movemask_pd((__m128d)m.raw));
  return static_cast<unsigned>(_mm_movemask_epi8((__m128i)m.raw));
#else
  uint64_t bits = 0;
  for (int lane = 0; lane < kVectorBytes / Bytes; ++lane) bits |= uint64_t{m.raw[lane] != 0} << lane;
  return bits;
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

}  // namespace anneal::ANNEAL_LEVEL
