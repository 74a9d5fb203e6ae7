// Strided memory: an odometer over outer dimensions, and rows and blocks moved by width only (a float32 moves as 4 bytes).
#pragma once
#include "cpu/shuffle.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {

constexpr int kOperands = kFusedInputs;  // most operands that are walked through together

constexpr int elementSize(DType dtype) { return static_cast<int>(sizeOf(dtype)); }

// Counts through a shape in row-major order, and keeps the offset of each of up to kOperands strided operands.
struct Odometer {
  int rank = 0, count = 0;
  const int64_t* shape = nullptr;
  const int64_t* strides[kOperands];
  int64_t index[kRank];
  int64_t offset[kOperands];  // in elements

  // To the position-th element.
  void start(int64_t position) {
    for (int i = 0; i < count; i++) offset[i] = 0;
    for (int d = rank - 1; d >= 0; d--) {
      index[d] = position % shape[d];
      position /= shape[d];
      for (int i = 0; i < count; i++) offset[i] += index[d] * strides[i][d];
    }
  }

  void advance() {
    for (int d = rank - 1; d >= 0; d--) {
      for (int i = 0; i < count; i++) offset[i] += strides[i][d];
      if (++index[d] < shape[d]) return;
      for (int i = 0; i < count; i++) offset[i] -= strides[i][d] * shape[d];
      index[d] = 0;
    }
  }
};

namespace {

typedef uint8_t __attribute__((may_alias)) Word1;
typedef uint32_t __attribute__((may_alias)) Word4;
typedef uint64_t __attribute__((may_alias)) Word8;

template <class T>
struct WordOf;
template <>
struct WordOf<uint8_t> {
  using type = Word1;
};
template <>
struct WordOf<uint32_t> {
  using type = Word4;
};
template <>
struct WordOf<uint64_t> {
  using type = Word8;
};

// f(T{}) with an unsigned integer of the width.
template <class F>
ANNEAL_INLINE void withWord(int size, F&& f) {
  if (size == 4)
    f(uint32_t{});
  else if (size == 8)
    f(uint64_t{});
  else
    f(uint8_t{});
}

template <class T>
ANNEAL_INLINE void fillRow(T* dst, T value, int64_t n) {
  const Vec<T> v(value);
  int64_t i = 0;
  for (; i + Vec<T>::kLanes <= n; i += Vec<T>::kLanes) store(dst + i, v);
  if (i < n) storePartial(dst + i, v, static_cast<int>(n - i));
}

template <class T>
ANNEAL_INLINE void copyRow(T* dst, const T* src, int64_t n) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  if (n > 8 * kLanes) {
    __builtin_memcpy(dst, src, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(dst + i, load(src + i));
  if (i < n) storePartial(dst + i, loadPartial(src + i, static_cast<int>(n - i)), static_cast<int>(n - i));
}

// dst[i] = src[i * stride]
inline void gatherRow(void* dst, const void* src, int64_t stride, int64_t n, int size) {
  withWord(size, [&](auto word) {
    using T = decltype(word);
    using Word = typename WordOf<T>::type;
    if (stride == 1) return copyRow(static_cast<T*>(dst), static_cast<const T*>(src), n);
    const Word* from = static_cast<const Word*>(src);
    if (stride == 0) return fillRow(static_cast<T*>(dst), T{*from}, n);
    Word* to = static_cast<Word*>(dst);
    int64_t i = 0;
    for (; i + 4 <= n; i += 4, from += 4 * stride) {
      const T a = from[0], b = from[stride], c = from[2 * stride], d = from[3 * stride];
      to[i] = a, to[i + 1] = b, to[i + 2] = c, to[i + 3] = d;
    }
    for (; i < n; i++, from += stride) to[i] = *from;
  });
}

// dst[i * stride] = src[i]
inline void scatterRow(void* dst, int64_t stride, const void* src, int64_t n, int size) {
  withWord(size, [&](auto word) {
    using T = decltype(word);
    using Word = typename WordOf<T>::type;
    if (stride == 1) return copyRow(static_cast<T*>(dst), static_cast<const T*>(src), n);
    Word* to = static_cast<Word*>(dst);
    const Word* from = static_cast<const Word*>(src);
    for (int64_t i = 0; i < n; i++, to += stride) *to = from[i];
  });
}

// Rows of a strip: a cache line of the source, or half of one.
constexpr int transposeSide(int size) { return size == 1 ? 32 : 64 / size; }

// Words pass through registers as floats of their width, bytes by sixteens.
template <class T>
struct LaneOf {
  using type = float;
};
template <>
struct LaneOf<uint64_t> {
  using type = double;
};
struct ByteVector {
  typedef uint8_t Raw __attribute__((vector_size(16)));
  typedef uint8_t Unaligned __attribute__((vector_size(16), aligned(1), may_alias));
};

// dst[r * dstRow + c] = src[r + c * srcColumn] for a square of as many rows as a register has lanes.
template <class T>
ANNEAL_INLINE void transposeSquare(T* dst, int64_t dstRow, const T* src, int64_t srcColumn) {
  if constexpr (sizeof(T) == 1) {
    // Four perfect shuffles of all 256 bytes, [16, 16] seen as [2, 128].
    ByteVector::Raw v[16], w[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) v[i] = *reinterpret_cast<const ByteVector::Unaligned*>(src + i * srcColumn);
#pragma GCC unroll 4
    for (int round = 0; round < 4; ++round) {
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) {
        w[2 * i] = v[i], w[2 * i + 1] = v[i + 8];
        Indices<16>::zip(w[2 * i], w[2 * i + 1]);
      }
#pragma GCC unroll 16
      for (int i = 0; i < 16; ++i) v[i] = w[i];
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) *reinterpret_cast<ByteVector::Unaligned*>(dst + i * dstRow) = v[i];
  } else {
    using Lane = typename LaneOf<T>::type;
    constexpr int kLanes = Vec<Lane>::kLanes;
#pragma GCC unroll 4
    for (int r = 0; r < kLanes; r += kPiece<Lane>) {
      copyTransposed(reinterpret_cast<const Lane*>(src) + r, srcColumn, reinterpret_cast<Lane*>(dst + r * dstRow),
                     dstRow);
    }
  }
}

// [rows, columns] with dst[r * dstRow + c] = src[r + c * srcColumn], for up to one cache line of rows. A full line of
// each source column is read at once.
template <class T>
void transposeStrip(T* dst, int64_t dstRow, const T* src, int64_t srcColumn, int64_t rows, int64_t columns) {
  using Word = typename WordOf<T>::type;
  constexpr int kLanes = sizeof(T) == 1 ? 16 : kVectorBytes / sizeof(T);
  int64_t c = 0;
  for (; c + kLanes <= columns; c += kLanes) {
    int64_t r = 0;
    for (; r + kLanes <= rows; r += kLanes)
      transposeSquare(dst + r * dstRow + c, dstRow, src + r + c * srcColumn, srcColumn);
    for (; r < rows; r++) {
      Word* to = reinterpret_cast<Word*>(dst) + r * dstRow + c;
      const Word* from = reinterpret_cast<const Word*>(src) + r + c * srcColumn;
      for (int i = 0; i < kLanes; i++, from += srcColumn) to[i] = *from;
    }
  }
  for (; c < columns; c++) {
    Word* to = reinterpret_cast<Word*>(dst) + c;
    const Word* from = reinterpret_cast<const Word*>(src) + c * srcColumn;
    for (int64_t r = 0; r < rows; r++, to += dstRow) *to = from[r];
  }
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
