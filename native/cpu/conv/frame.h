// The frame: a padded copy of an image in which each term of a sum is a constant distance away.
//
// A dimension is cut into as many slots as there are remainders of the taps' distances modulo the stride, and each slot holds every
// stride-th element. So what a tap reads for neighbouring outputs are neighbours, whatever stride and dilation, and no loop that
// computes tests for a border.
#pragma once
#include "cpu/gemm/product.h"
#include "cpu/shuffle.h"

namespace anneal::ANNEAL_LEVEL::convolution {

using gemm::ceilDiv, gemm::Cut, gemm::least, gemm::loop, gemm::most, gemm::roundUp, gemm::V, gemm::W;

constexpr int64_t greatestDivisor(int64_t a, int64_t b) { return b == 0 ? a : greatestDivisor(b, a % b); }

// The members of ConvArgs are for the host.
inline int64_t placesOf(const int64_t* sizes) { return sizes[0] * sizes[1] * sizes[2]; }
inline double flopsOf(const ConvArgs& a) {
  return 2.0 * static_cast<double>(a.batch * a.outChannels * placesOf(a.out)) *
         static_cast<double>(a.inChannels / a.groups * placesOf(a.kernel));
}

// One dimension of a convolution: output o reads source[o * step + t * dilation - low] for each tap t.
struct Axis {
  int64_t in, low, out, step, taps, dilation;

  // Whether no output reads outside of the source.
  bool inside() const { return low <= 0 && (out - 1) * step + (taps - 1) * dilation - low < in; }
};

// The same dimension of a frame, of slots * pitch elements, or of the source itself, read in place.
struct FrameAxis {
  int64_t in, low, step, dilation, slots, pitch;
  bool inPlace;

  FrameAxis() = default;
  FrameAxis(const Axis& a, bool reads)
      : in(a.in),
        low(a.low),
        step(a.step),
        dilation(a.dilation),
        slots(reads ? 1 : least(a.taps, a.step / greatestDivisor(a.step, a.dilation))),
        pitch(reads ? a.in : a.out + (a.taps - 1) * a.dilation / a.step),
        inPlace(reads) {}

  int64_t size() const { return slots * pitch; }
  // The element of the source that element i of a slot is a copy of.
  int64_t sourceOf(int64_t slot, int64_t i) const { return slot * dilation % step + i * step - low; }
  // The element that a tap reads for the first output, and the distance to that for the next output.
  int64_t tap(int64_t t) const { return inPlace ? t * dilation - low : t % slots * pitch + t * dilation / step; }
  int64_t outputStep() const { return inPlace ? step : 1; }
};

// count elements, read exactly and written in whole vectors.
template <class T>
ANNEAL_INLINE void copyRun(const T* from, int64_t count, T* to) {
  int64_t i = 0;
  for (; i + W<T> <= count; i += W<T>) store(to + i, load(from + i));
  if (i < count) store(to + i, loadPartial(from + i, static_cast<int>(count - i)));
}

// Elements [begin, begin + count) of a row of n elements at `src`, zeros where there are none, written in whole vectors.
template <class T>
void copyPadded(const T* src, int64_t n, int64_t begin, int64_t count, T* to) {
  const int64_t first = most(0, least(count, -begin)), last = most(first, least(count, n - begin));
  for (int64_t i = 0; i < first; ++i) to[i] = T{0};
  copyRun(src + begin + first, last - first, to + first);
  for (int64_t i = last; i < count; i += W<T>) store(to + i, Vec<T>(T{0}));
}

// A row of a frame from a row of the source, dealt out to S = 2 or 4 slots.
template <int S, class T>
void dealRow(const FrameAxis& x, const T* src, T* dst) {
  using Lanes = Indices<W<T>>;
  constexpr int64_t kVectors = 8;  // of a slot at a time
  T padded[(S * kVectors + 1) * W<T>];
  for (int64_t i = 0; i < x.pitch; i += kVectors * W<T>) {
    const int64_t count = least(kVectors * W<T>, x.pitch - i);
    copyPadded(src, x.in, S * i - x.low, S * count, padded);
    for (int64_t j = 0; j < count; j += W<T>) {
      V<T> v[S];
#pragma GCC unroll 4
      for (int s = 0; s < S; ++s) v[s] = load(padded + S * j + s * W<T>).raw;
      Lanes::unzip(v[0], v[1]);
      if constexpr (S == 4) {
        Lanes::unzip(v[2], v[3]);
        Lanes::unzip(v[0], v[2]);
        Lanes::unzip(v[1], v[3]);
      }
      const int lanes = static_cast<int>(least(W<T>, count - j));
#pragma GCC unroll 4
      for (int s = 0; s < S; ++s) storeLanes(dst + s * x.pitch + i + j, Vec<T>(v[s]), lanes);
    }
  }
}

// A row of a frame from a row of the source, at a stride of 1.
template <class T>
void fillNear(const FrameAxis& x, const T* src, T* dst) {
  const int64_t begin = least(x.pitch, most(0, x.low)), end = most(begin, least(x.pitch, x.in + x.low));
  for (int64_t i = 0; i < begin; ++i) dst[i] = T{0};
  src -= x.low;
  int64_t i = begin;
  for (; i + W<T> <= end; i += W<T>) store(dst + i, load(src + i));
  for (; i < end; ++i) dst[i] = src[i];
  for (; i < x.pitch; ++i) dst[i] = T{0};
}

// A row of a frame from a row of the source.
template <class T>
void fillRow(const FrameAxis& x, const T* src, T* dst) {
  if (x.step == 1) return fillNear(x, src, dst);
  if (x.dilation == 1 && x.slots == x.step) {
    if (x.step == 2) return dealRow<2>(x, src, dst);
    if (x.step == 4) return dealRow<4>(x, src, dst);
  }
  for (int64_t slot = 0; slot < x.slots; ++slot, dst += x.pitch) {
    const int64_t first = x.sourceOf(slot, 0);
    const int64_t begin = first >= 0 ? 0 : least(x.pitch, ceilDiv(-first, x.step));
    const int64_t end = most(begin, least(x.pitch, ceilDiv(x.in - first, x.step)));
    for (int64_t i = 0; i < begin; ++i) dst[i] = T{0};
    for (int64_t i = begin; i < end; ++i) dst[i] = src[first + i * x.step];
    for (int64_t i = end; i < x.pitch; ++i) dst[i] = T{0};
  }
}

struct Frame {
  FrameAxis axis[kSpatial];

  int64_t row() const { return axis[2].size(); }
  int64_t slice() const { return axis[1].size() * row(); }
  int64_t plane() const { return axis[0].size() * slice(); }

  // body(place in the frame, element of the source) along a dimension; elements outside of the source are -1.
  template <class Body>
  static void forPlaces(const FrameAxis& a, Body&& body) {
    for (int64_t slot = 0; slot < a.slots; ++slot) {
      for (int64_t i = 0; i < a.pitch; ++i) {
        const int64_t source = a.sourceOf(slot, i);
        body(slot * a.pitch + i, source >= 0 && source < a.in ? source : -1);
      }
    }
  }

  // One plane: a channel of an image.
  template <class T>
  void fill(const T* src, T* dst) const {
    const int64_t rowSize = row(), sliceSize = slice();
    const auto clear = [](T* at, int64_t count) { __builtin_memset(at, 0, static_cast<size_t>(count) * sizeof(T)); };
    forPlaces(axis[0], [&](int64_t z, int64_t fromZ) {
      T* const to = dst + z * sliceSize;
      if (fromZ < 0) return clear(to, sliceSize);
      forPlaces(axis[1], [&](int64_t y, int64_t fromY) {
        if (fromY < 0) return clear(to + y * rowSize, rowSize);
        fillRow(axis[2], src + (fromZ * axis[1].in + fromY) * axis[2].in, to + y * rowSize);
      });
    });
  }
};

}  // namespace anneal::ANNEAL_LEVEL::convolution
