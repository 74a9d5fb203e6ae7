// The forward convolution and the gradient by its input, as windows over frames.
#pragma once
#include "cpu/conv/remainders.h"
#include "cpu/conv/sweep.h"
#include "cpu/conv/winograd.h"

namespace anneal::ANNEAL_LEVEL::convolution {

inline Axis axisOf(const ConvArgs& a, int d) {
  return {a.in[d], a.low[d], a.out[d], a.stride[d], a.kernel[d], a.dilation[d]};
}

// The frames of x. Rows of neighbouring outputs are read in place where they are neighbours in x and no border is near.
template <class T>
Images<T> framesOfInput(const ConvArgs& a, bool mayReadInPlace) {
  Images<T> images{static_cast<const T*>(a.src), a.batch, a.groups, a.inChannels / a.groups, {}, mayReadInPlace};
  for (int d = 0; d < kSpatial; ++d) images.inPlace = images.inPlace && axisOf(a, d).inside();
  images.inPlace = images.inPlace && a.stride[2] == 1;
  for (int d = 0; d < kSpatial; ++d) images.frame.axis[d] = FrameAxis(axisOf(a, d), images.inPlace);
  return images;
}

// Distances of the terms of a forward sum, in the order of the weight.
template <class T>
void forwardOffsets(const ConvArgs& a, const Images<T>& images, int64_t* to) {
  const Frame& f = images.frame;
  for (int64_t c = 0; c < images.channels; ++c) {
    for (int64_t z = 0; z < a.kernel[0]; ++z) {
      for (int64_t y = 0; y < a.kernel[1]; ++y) {
        for (int64_t x = 0; x < a.kernel[2]; ++x) {
          *to++ =
              c * images.framePlane() + f.axis[0].tap(z) * f.slice() + f.axis[1].tap(y) * f.row() + f.axis[2].tap(x);
        }
      }
    }
  }
}

// The outputs of a forward convolution as columns: what they read of x, and where they lie in y, which begins at `dst`.
template <class T>
Windows<T> forwardWindows(const ConvArgs& a, const Images<T>& images, const int64_t* offsets, T* dst) {
  const int64_t places = placesOf(a.out);
  const Frame& f = images.frame;
  Windows<T> w{.images = a.batch,
               .groups = a.groups,
               .rows = a.outChannels / a.groups,
               .depth = images.channels * placesOf(a.kernel),
               .src = nullptr,
               .srcImage = a.inChannels * images.framePlane(),
               .srcGroup = images.channels * images.framePlane(),
               .offset = offsets,
               .size = {a.out[0], a.out[1], a.out[2]},
               .step = {f.axis[0].outputStep() * f.slice(), f.axis[1].outputStep() * f.row()},
               .weight = nullptr,
               .dst = dst,
               .dstImage = a.outChannels * places,
               .dstRow = places,
               .dstStep = {a.out[1] * a.out[2], a.out[2], 1},
               .finish = nullptr};
  w.mergeRows();
  return w;
}

// Whether the windows are 3x3 of images, at a stride of 1.
inline bool isThreeByThree(const ConvArgs& a) {
  const auto are = [](const int64_t* sizes, int64_t z, int64_t y, int64_t x) {
    return sizes[0] == z && sizes[1] == y && sizes[2] == x;
  };
  return a.dtype == DType::Float32 && are(a.kernel, 1, 3, 3) && are(a.stride, 1, 1, 1) && are(a.dilation, 1, 1, 1) &&
         a.in[0] == 1 && a.out[0] == 1;
}

template <class T>
void forward(const ConvArgs& a) {
  if constexpr (sizeof(T) == 4) {
    if (isThreeByThree(a)) {
      const Images<T> images{static_cast<const T*>(a.src), a.batch, a.groups, a.inChannels / a.groups, {}, false};
      Winograd winograd(images, a.in + 1, a.low + 1, a.outChannels / a.groups, a.out + 1);
      if (winograd.pays()) return winograd.run(static_cast<const T*>(a.other), a);
    }
  }
  const int64_t rows = a.outChannels / a.groups, depth = a.inChannels / a.groups * placesOf(a.kernel);
  const Images<T> images = framesOfInput<T>(a, !isDirect(rows, depth, placesOf(a.kernel)));
  const Finish<T> finish(a);
  int64_t* const offsets = scratch<int64_t>(1, depth);
  forwardOffsets(a, images, offsets);
  Windows<T> w = forwardWindows(a, images, offsets, static_cast<T*>(a.dst));
  w.weight = static_cast<const T*>(a.other);
  w.finish = &finish;
  sweep(images, &w, 1, rows, depth);
}

// A frame of dout that is large enough for all remainders.
template <class T>
Images<T> framesOfGradient(const ConvArgs& a, bool mayReadInPlace) {
  Images<T> images{static_cast<const T*>(a.src), a.batch, a.groups, a.outChannels / a.groups, {}, mayReadInPlace};
  int64_t low[kSpatial], end[kSpatial];
  for (int d = 0; d < kSpatial; ++d) {
    low[d] = INT64_MIN;
    end[d] = INT64_MIN;
    for (int64_t r = 0; r < least(a.stride[d], a.low[d] + a.in[d]); ++r) {
      const Remainder part(a, d, r);
      if (!part.reads()) continue;
      low[d] = most(low[d], part.low);
      end[d] = most(end[d], part.end());
    }
    if (low[d] == INT64_MIN) low[d] = end[d] = 0;
    images.inPlace = images.inPlace && low[d] <= 0 && end[d] <= a.out[d];
  }
  for (int d = 0; d < kSpatial; ++d) {
    FrameAxis& axis = images.frame.axis[d];
    axis.in = a.out[d];
    axis.low = images.inPlace ? 0 : low[d];
    axis.step = axis.dilation = axis.slots = 1;
    axis.pitch = images.inPlace ? a.out[d] : most(0, end[d] + low[d]);
    axis.inPlace = images.inPlace;
  }
  return images;
}

template <class T>
struct InputGradient {
  const ConvArgs& a;
  const int64_t rows, channels;
  const Finish<T> finish;
  Images<T> images;

  explicit InputGradient(const ConvArgs& args)
      : a(args), rows(a.inChannels / a.groups), channels(a.outChannels / a.groups), finish(a) {
    const int64_t taps = placesOf(a.kernel);
    images = framesOfGradient<T>(a, !isDirect(rows, channels * taps, taps));
  }

  // body(parts) for each combination of remainders that has elements.
  template <class Body>
  void forParts(Body&& body) const {
    Remainder part[kSpatial];
    const auto along = [&](auto& self, int d) -> void {
      if (d == kSpatial) return body(part);
      for (int64_t r = 0; r < least(a.stride[d], a.low[d] + a.in[d]); ++r) {
        part[d] = Remainder(a, d, r);
        if (part[d].count > 0) self(self, d + 1);
      }
    };
    along(along, 0);
  }

  int64_t depthOf(const Remainder (&part)[kSpatial]) const {
    return channels * part[0].taps * part[1].taps * part[2].taps;
  }

  void writeOffsets(const Remainder (&part)[kSpatial], int64_t* to) const {
    const Frame& f = images.frame;
    const auto at = [&](int d, int64_t u) { return f.axis[d].low - part[d].low + u * part[d].dilation; };
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t z = 0; z < part[0].taps; ++z) {
        for (int64_t y = 0; y < part[1].taps; ++y) {
          for (int64_t x = 0; x < part[2].taps; ++x) {
            *to++ = c * images.framePlane() + at(0, z) * f.slice() + at(1, y) * f.row() + at(2, x);
          }
        }
      }
    }
  }

  Windows<T> windowsOf(const Remainder (&part)[kSpatial], const int64_t* offset, const T* weight) const {
    const Frame& f = images.frame;
    const int64_t places = placesOf(a.in);
    const T* const dst = static_cast<const T*>(a.dst);
    Windows<T> w{.images = a.batch,
                 .groups = a.groups,
                 .rows = rows,
                 .depth = depthOf(part),
                 .src = nullptr,
                 .srcImage = a.outChannels * images.framePlane(),
                 .srcGroup = channels * images.framePlane(),
                 .offset = offset,
                 .size = {part[0].count, part[1].count, part[2].count},
                 .step = {f.slice(), f.row()},
                 .weight = weight,
                 .dst = const_cast<T*>(dst) + (part[0].first * a.in[1] + part[1].first) * a.in[2] + part[2].first,
                 .dstImage = a.inChannels * places,
                 .dstRow = places,
                 .dstStep = {a.stride[0] * a.in[1] * a.in[2], a.stride[1] * a.in[2], a.stride[2]},
                 .finish = &finish};
    w.mergeRows();
    return w;
  }

  // By Winograd's algorithm, where that is faster. Returns whether it is.
  bool runWinograd() const {
    const Images<T> from{static_cast<const T*>(a.src), a.batch, a.groups, channels, {}, false};
    const Remainder part[kSpatial] = {Remainder(a, 0, 0), Remainder(a, 1, 0), Remainder(a, 2, 0)};
    const int64_t low[] = {part[1].low, part[2].low};
    Winograd winograd(from, a.out + 1, low, rows, a.in + 1);
    if (!winograd.pays()) return false;
    T* const weight = scratch<T>(1, winograd.weights() * 9);
    int64_t taps[9];
    const TurnedWeight<T> turned{tapsOf(a, part, taps), taps, weight};
    turnWeight(a, &turned, 1, true);
    winograd.run(weight, a);
    return true;
  }

  void run() const {
    if constexpr (sizeof(T) == 4) {
      if (isThreeByThree(a) && runWinograd()) return;
    }
    int64_t count = 0, depths = 0, longest = 0;
    forParts([&](const Remainder(&part)[kSpatial]) {
      ++count;
      depths += depthOf(part);
      longest = most(longest, depthOf(part));
    });
    const int64_t windowBytes = count * int64_t{sizeof(Windows<T>)},
                  turnedBytes = count * int64_t{sizeof(TurnedWeight<T>)};
    const int64_t taps = channels > 0 ? depths / channels : 0;
    const int64_t indexBytes = (depths + taps) * int64_t{sizeof(int64_t)};
    const int64_t weightSize = a.groups * rows * depths;
    char* const memory = scratch<char>(1, windowBytes + turnedBytes + indexBytes + weightSize * int64_t{sizeof(T)});
    auto* const windows = reinterpret_cast<Windows<T>*>(memory);
    auto* const turned = reinterpret_cast<TurnedWeight<T>*>(memory + windowBytes);
    auto* offset = reinterpret_cast<int64_t*>(memory + windowBytes + turnedBytes);
    int64_t* tap = offset + depths;
    auto* weight = reinterpret_cast<T*>(memory + windowBytes + turnedBytes + indexBytes);
    int64_t at = 0;
    forParts([&](const Remainder(&part)[kSpatial]) {
      const int64_t depth = depthOf(part);
      writeOffsets(part, offset);
      windows[at] = windowsOf(part, offset, weight);
      turned[at] = {tapsOf(a, part, tap), tap, weight};
      tap += turned[at++].taps;
      offset += depth;
      weight += a.groups * rows * depth;
    });
    turnWeight(a, turned, count, flopsOf(a) > gemm::kSerialFlops);
    sweep(images, windows, count, rows, longest);
  }
};

}  // namespace anneal::ANNEAL_LEVEL::convolution
