// The gradient by the input as convolutions of stride 1: which elements of dx and which taps each takes, and its part of the weight.
#pragma once
#include "cpu/conv/frame.h"

namespace anneal::ANNEAL_LEVEL::convolution {

// One dimension of the gradient by the input: the elements of dx that leave the same remainder when low is added and the stride divides
// them. They are a convolution of stride 1 of dout, with the taps of that remainder, from the last to the first.
struct Remainder {
  int64_t first, count;        // the elements first, first + stride, ...
  int64_t tap, tapStep, taps;  // tap, tap + tapStep, ...: the lower one comes later in the sum
  int64_t low, dilation;  // element i reads dout[i + u * dilation - low] for the u-th of the taps, from the last one on

  Remainder() = default;
  Remainder(const ConvArgs& a, int d, int64_t r) {
    const int64_t stride = a.stride[d], divisor = greatestDivisor(stride, a.dilation[d]);
    const int64_t j0 = most(0, ceilDiv(a.low[d] - r, stride));
    first = r - a.low[d] + stride * j0;
    count = first < a.in[d] ? (a.in[d] - 1 - first) / stride + 1 : 0;
    tapStep = stride / divisor;
    tap = 0;
    while (tap < tapStep && tap * a.dilation[d] % stride != r) ++tap;
    taps = tap < tapStep && tap < a.kernel[d] ? (a.kernel[d] - 1 - tap) / tapStep + 1 : 0;
    dilation = a.dilation[d] / divisor;
    low = (tap * a.dilation[d] - r) / stride + (taps - 1) * dilation - j0;
  }
  bool reads() const { return count > 0 && taps > 0; }
  int64_t end() const { return count + (taps - 1) * dilation - low; }  // of what it reads
  int64_t tapOf(int64_t u) const { return tap + (taps - 1 - u) * tapStep; }
};

// The weight of the taps of some remainders: `tap` is where each of them lies in a kernel, `to` is
// [groups * inChannels of a group, outChannels of a group * taps].
template <class T>
struct TurnedWeight {
  int64_t taps;
  const int64_t* tap;
  T* to;
};

// One block of a turned weight: rows of it, `kernel` elements apart at `from`, and channels, which are `fromChannel` apart.
// N: taps, if not 0.
template <int N, class T>
void turnBlock(const TurnedWeight<T>& turned, const T* from, int64_t kernel, int64_t fromChannel, int64_t rows,
               int64_t channels, T* to, int64_t toRow) {
  const int64_t taps = N > 0 ? N : turned.taps;
  for (int64_t r = 0; r < rows; ++r) {
    const T* at = from + r * kernel;
    T* out = to + r * toRow;
    for (int64_t c = 0; c < channels; ++c, at += fromChannel, out += taps) {
#pragma GCC unroll 9
      for (int64_t t = 0; t < taps; ++t) out[t] = at[turned.tap[t]];
    }
  }
}

// A block writes whole lines, one after the other, and reads so many streams.
constexpr int64_t kTurnedRows = 64;
constexpr int64_t kTurnedChannels = 16;

// Turns the weight for all combinations of remainders at once: it is read once.
template <class T>
void turnWeight(const ConvArgs& a, const TurnedWeight<T>* turned, int64_t count, bool parallel) {
  const int64_t rows = a.inChannels / a.groups, channels = a.outChannels / a.groups, kernel = placesOf(a.kernel);
  const T* const weight = static_cast<const T*>(a.other);
  const int64_t strips = ceilDiv(rows, kTurnedRows);
  const int64_t perTask = most(1, gemm::kPackElements / most(1, kTurnedRows * channels * kernel));
  loop(parallel, a.groups * strips, perTask, [&](int64_t i) {
    const int64_t group = i / strips, row = i % strips * kTurnedRows, height = least(kTurnedRows, rows - row);
    for (int64_t c = 0; c < channels; c += kTurnedChannels) {
      const int64_t some = least(kTurnedChannels, channels - c);
      const T* const from = weight + ((group * channels + c) * rows + row) * kernel;
      for (int64_t n = 0; n < count; ++n) {
        const TurnedWeight<T>& one = turned[n];
        const int64_t toRow = channels * one.taps;
        T* const to = one.to + (group * rows + row) * toRow + c * one.taps;
        const auto turn = one.taps == 1   ? turnBlock<1, T>
                          : one.taps == 2 ? turnBlock<2, T>
                          : one.taps == 4 ? turnBlock<4, T>
                          : one.taps == 9 ? turnBlock<9, T>
                                          : turnBlock<0, T>;
        turn(one, from, kernel, rows * kernel, height, some, to, toRow);
      }
    }
  });
}

// Where the taps of a combination of remainders lie in a kernel, in the order of the sums. Returns how many there are.
inline int64_t tapsOf(const ConvArgs& a, const Remainder (&part)[kSpatial], int64_t* to) {
  int64_t count = 0;
  for (int64_t z = 0; z < part[0].taps; ++z) {
    for (int64_t y = 0; y < part[1].taps; ++y) {
      const int64_t line = (part[0].tapOf(z) * a.kernel[1] + part[1].tapOf(y)) * a.kernel[2];
      for (int64_t x = 0; x < part[2].taps; ++x) to[count++] = line + part[2].tapOf(x);
    }
  }
  return count;
}

}  // namespace anneal::ANNEAL_LEVEL::convolution
