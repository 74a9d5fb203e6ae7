// Loads and stores of vectors, whole and partial, and stores past the caches.
#pragma once
#include "cpu/simd/vector.h"

namespace anneal::ANNEAL_LEVEL {

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

// Lanes [begin, end) of a vector (0 <= begin <= end <= kLanes). Loads read the others as zero, and touch no byte of theirs.
template <class T>
class LaneRange {
 public:
  LaneRange() = default;
#if defined(__AVX512F__)
  ANNEAL_INLINE LaneRange(int begin, int end) : lanes_(((uint64_t{1} << end) - 1) & ~((uint64_t{1} << begin) - 1)) {}
  ANNEAL_INLINE Vec<T> load(const T* p) const {
    if constexpr (sizeof(T) == 4)
      return (typename Vec<T>::Raw)_mm512_maskz_loadu_epi32(static_cast<__mmask16>(lanes_), p);
    else
      return (typename Vec<T>::Raw)_mm512_maskz_loadu_epi64(static_cast<__mmask8>(lanes_), p);
  }

 private:
  static_assert(sizeof(T) >= 4);
  uint64_t lanes_;
#else
  ANNEAL_INLINE LaneRange(int begin, int end) : begin_(begin), end_(end) {}
  ANNEAL_INLINE Vec<T> load(const T* p) const {
    if (begin_ == 0) return loadLanes(p, end_);
    T lane[Vec<T>::kLanes] = {};
    for (int i = begin_; i < end_; i++) lane[i] = p[i];
    return anneal::ANNEAL_LEVEL::load(lane);
  }

 private:
  int begin_, end_;
#endif
};

// What is loaded through p from here on is not loaded before what was until here: compilers shuffle loads, and the processor
// then sees no stream to fetch ahead.
template <class T>
ANNEAL_INLINE void loadsInOrder(const T*& p) {
  __asm__ volatile("" : "+r"(p));
}

}  // namespace anneal::ANNEAL_LEVEL
