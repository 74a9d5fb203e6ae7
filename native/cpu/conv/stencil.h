// Sums of one channel over windows of 3x3 or 5x5 (depthwise), at strides of 1 and 2: a tile is some rows of outputs, one vector wide.
// Each vector of the frame is loaded once for all rows of the tile, and the taps of a 3x3 stay in registers.
#pragma once
#include <initializer_list>

#include "cpu/conv/windows.h"
#include "cpu/gemm/multiplyAdd.h"

namespace anneal::ANNEAL_LEVEL::convolution {

constexpr int kStencilRows = 4;  // of outputs in a tile
// Channels of the result for one of the source. More of them are left to the other kernels, whose tiles share what they load.
constexpr int64_t kStencilResults = 2;

// Vectors of a tile: with two the eight sums hide the latency of the multiply-add. On AVX2 only those of a 5x5, whose taps do not fit the
// registers anyway.
constexpr int stencilVectors(int taps) { return gemm::kManyRegisters || taps == 5 ? 2 : 1; }

// Where the terms lie in the frame, which has every second column and row side by side at a stride of 2. `slotY`, `slotX`: from the even
// rows and columns to the odd ones.
struct Stencil {
  int64_t taps = 0, stride = 1;  // along both dimensions; no taps where the windows are no stencil
  int64_t row = 0, slotY = 0, slotX = 0;

  template <class T>
  static Stencil of(const Windows<T>& w) {
    if (w.rows > kStencilResults || w.dstStep[2] != 1) return {};
    for (const int64_t taps : {3, 5}) {
      if (w.depth != taps * taps) continue;
      const Stencil near{taps, 1, w.step[1], w.step[1], 1};
      if (near.fits(w.offset)) return near;
      const Stencil apart{taps, 2, w.step[1], w.offset[taps] - w.offset[0], w.offset[1] - w.offset[0]};
      if (apart.fits(w.offset)) return apart;
    }
    return {};
  }

 private:
  bool fits(const int64_t* offset) const {
    for (int64_t k = 0; k < taps * taps; ++k) {
      const int64_t y = k / taps, x = k % taps;
      const int64_t down = y / stride * row + y % stride * slotY, right = x / stride + x % stride * slotX;
      if (offset[k] - offset[0] != down + right) return false;
    }
    return true;
  }
};

// What tiles of a channel have in common. `bias` is added to the sums.
template <class T, int Taps>
struct StencilChannel {
  Stencil at;
  Vec<T> weight[Taps * Taps];
  Vec<T> bias;
};

// A vector that several multiply-adds take, in a register: GCC would read it from memory for each of them.
template <class T>
ANNEAL_INLINE V<T> held(V<T> x) {
#if defined(__AVX512F__)
  asm("" : "+v"(x));
#endif
  return x;
}

// Rows by NV vectors of outputs: from the frame at `from` to `to`, whose rows lie `toRow` apart. Of the last vector, `lanes` are stored.
template <class T, int Taps, int Stride, int Rows, int NV>
ANNEAL_INLINE void stencilTile(const StencilChannel<T, Taps>& c, const T* from, T* to, int64_t toRow, int lanes) {
  constexpr int kLines = (Rows - 1) * Stride + Taps;
  const int64_t slotX = c.at.slotX, row = c.at.row, slotY = c.at.slotY;
  V<T> sum[Rows][NV];
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
    for (int j = 0; j < NV; ++j) sum[r][j] = V<T>{};
  }
#pragma GCC unroll 16
  for (int line = 0; line < kLines; ++line) {
    const T* const at = from + line / Stride * row + line % Stride * slotY;
#pragma GCC unroll 8
    for (int tap = 0; tap < Taps; ++tap) {
      V<T> x[NV];
#pragma GCC unroll 2
      for (int j = 0; j < NV; ++j) x[j] = held<T>(load(at + (tap / Stride + tap % Stride * slotX + j * W<T>)).raw);
#pragma GCC unroll 4
      for (int r = 0; r < Rows; ++r) {
        const int y = line - r * Stride;
        if (y < 0 || y >= Taps) continue;
        const V<T> weight = c.weight[y * Taps + tap].raw;
#pragma GCC unroll 2
        for (int j = 0; j < NV; ++j) sum[r][j] = gemm::multiplyAdd<T>(sum[r][j], x[j], weight);
      }
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
    for (int j = 0; j < NV; ++j) {
      const Vec<T> value = Vec<T>(sum[r][j]) + c.bias;
      T* const out = to + r * toRow + j * W<T>;
      j == NV - 1 ? storeLanes(out, value, lanes) : store(out, value);
    }
  }
}

// Rows of outputs, each `count` wide.
template <class T, int Taps, int Stride, int Rows>
void stencilRows(const StencilChannel<T, Taps>& c, const T* from, int64_t count, T* to, int64_t toRow) {
  constexpr int kVectors = stencilVectors(Taps);
  int64_t x = 0;
  if constexpr (kVectors == 2) {
    for (; count - x > W<T>; x += 2 * W<T>) {
      stencilTile<T, Taps, Stride, Rows, 2>(c, from + x, to + x, toRow,
                                            static_cast<int>(least(W<T>, count - x - W<T>)));
    }
  }
  for (; x < count; x += W<T>) {
    stencilTile<T, Taps, Stride, Rows, 1>(c, from + x, to + x, toRow, static_cast<int>(least(W<T>, count - x)));
  }
}

// All outputs of a group of an image whose frame begins at `src`.
template <class T, int Taps, int Stride>
void multiplyStencil(const Stencil& s, const Windows<T>& w, const T* src, int64_t group) {
  const Finish<T>& finish = *w.finish;
  const bool plain = finish.onlyShifts();
  const int64_t count = w.size[2], outRow = w.dstStep[1];
  T* const sums = plain ? nullptr : scratch<T>(2, kStencilRows * count);
  for (int64_t channel = group * w.rows; channel < (group + 1) * w.rows; ++channel) {
    StencilChannel<T, Taps> c;
    c.at = s;
    c.bias = Vec<T>(plain ? finish.bias(channel) : -T{0});
    for (int k = 0; k < Taps * Taps; ++k) c.weight[k] = Vec<T>(w.weight[channel * w.depth + k]);
    for (int64_t z = 0; z < w.size[0]; ++z) {
      const T* from = src + w.offset[0] + z * w.step[0];
      T* to = w.dst + channel * w.dstRow + z * w.dstStep[0];
      int64_t left = w.size[1];
      const auto tiles = [&](auto rows) {
        constexpr int kRows = decltype(rows)::kCount;
        for (; left >= kRows; left -= kRows, from += kRows * w.step[1], to += kRows * outRow) {
          stencilRows<T, Taps, Stride, kRows>(c, from, count, plain ? to : sums, plain ? outRow : count);
          for (int r = 0; !plain && r < kRows; ++r) {
            finish.store(sums + r * count, count, channel, to + r * outRow, 1);
          }
        }
      };
      tiles(Indices<kStencilRows>{});
      tiles(Indices<2>{});
      tiles(Indices<1>{});
    }
  }
}

template <class T>
void multiplyStencil(const Stencil& s, const Windows<T>& w, const T* src, int64_t group) {
  if (s.taps == 3) {
    s.stride == 1 ? multiplyStencil<T, 3, 1>(s, w, src, group) : multiplyStencil<T, 3, 2>(s, w, src, group);
  } else {
    s.stride == 1 ? multiplyStencil<T, 5, 1>(s, w, src, group) : multiplyStencil<T, 5, 2>(s, w, src, group);
  }
}

}  // namespace anneal::ANNEAL_LEVEL::convolution
