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

// How vectors of a row of the source are dealt out to the slots of a row of a frame, one, two or four: what all rows have in common. The
// last vector of a slot ends where the slot does.
template <class T>
class Deal {
 public:
  static bool serves(const FrameAxis& x) {
    return x.step == 1 || (x.dilation == 1 && x.slots == x.step && (x.step == 2 || x.step == 4));
  }

  // Of the vectors of a slot from `first` on, as many as there is room for.
  Deal(const FrameAxis& x, int64_t first)
      : slots_(x.slots), pitch_(x.pitch), lanes_(static_cast<int>(least(W<T>, x.pitch))) {
    for (int64_t j = first * W<T>; j < x.pitch && (count_ + 1) * x.slots <= kMost; j += W<T>, ++count_) {
      const int64_t at = least(j, x.pitch - lanes_);
      to_[count_] = at;
      for (int64_t s = 0; s < x.slots; ++s) {
        const int64_t from = x.slots * at - x.low + s * W<T>;
        const int64_t begin = least(W<T>, most(0, -from)), end = most(begin, least(W<T>, x.in - from));
        from_[count_ * x.slots + s] = from;
        range_[count_ * x.slots + s] = LaneRange<T>(static_cast<int>(begin), static_cast<int>(end));
      }
    }
  }

  int64_t count() const { return count_; }

  void row(const T* src, T* dst) const {
    if (slots_ == 1) return rowOf<1>(src, dst);
    return slots_ == 2 ? rowOf<2>(src, dst) : rowOf<4>(src, dst);
  }

 private:
  static constexpr int kMost = 64;  // vectors of the source

  template <int S>
  ANNEAL_INLINE void rowOf(const T* src, T* dst) const {
    using Lanes = Indices<W<T>>;
    for (int64_t i = 0; i < count_; ++i) {
      V<T> v[S];
#pragma GCC unroll 4
      for (int s = 0; s < S; ++s) v[s] = range_[i * S + s].load(src + from_[i * S + s]).raw;
      if constexpr (S > 1) Lanes::unzip(v[0], v[1]);
      if constexpr (S == 4) {
        Lanes::unzip(v[2], v[3]);
        Lanes::unzip(v[0], v[2]);
        Lanes::unzip(v[1], v[3]);
      }
#pragma GCC unroll 4
      for (int s = 0; s < S; ++s) storeLanes(dst + s * pitch_ + to_[i], Vec<T>(v[s]), lanes_);
    }
  }

  const int64_t slots_, pitch_;
  const int lanes_;
  int64_t count_ = 0;
  int64_t from_[kMost], to_[kMost];
  LaneRange<T> range_[kMost];
};

// A row of a frame from a row of the source, whatever its slots.
template <class T>
void fillRow(const FrameAxis& x, const T* src, T* dst) {
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
    const FrameAxis& x = axis[2];
    if (!Deal<T>::serves(x)) {
      return fillRows<T>(src, dst, [&](const T* from, T* to) { fillRow(x, from, to); });
    }
    for (int64_t first = 0; first * W<T> < x.pitch;) {
      const Deal<T> deal(x, first);
      fillRows<T>(src, dst, [&](const T* from, T* to) { deal.row(from, to); });
      first += deal.count();
    }
  }

 private:
  // fillRow(row of the source, row of the frame) for all rows that have a source; the others are zeros.
  template <class T, class Row>
  void fillRows(const T* src, T* dst, Row&& fillRow) const {
    const int64_t rowSize = row(), sliceSize = slice();
    const auto clear = [](T* at, int64_t count) { __builtin_memset(at, 0, static_cast<size_t>(count) * sizeof(T)); };
    forPlaces(axis[0], [&](int64_t z, int64_t fromZ) {
      T* const to = dst + z * sliceSize;
      if (fromZ < 0) return clear(to, sliceSize);
      forPlaces(axis[1], [&](int64_t y, int64_t fromY) {
        if (fromY < 0) return clear(to + y * rowSize, rowSize);
        fillRow(src + (fromZ * axis[1].in + fromY) * axis[2].in, to + y * rowSize);
      });
    });
  }
};

}  // namespace anneal::ANNEAL_LEVEL::convolution
