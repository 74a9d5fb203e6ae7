// The images that sums are taken of, and their frames.
#pragma once
#include "cpu/conv/frame.h"

namespace anneal::ANNEAL_LEVEL::convolution {

constexpr int64_t kChunkBytes = 2 << 20;     // of the frames that are made at a time, about
constexpr int64_t kFrameElements = 1 << 15;  // of the frames that a task makes

// The images that sums are taken of: dense [batch, groups * channels, plane].
template <class T>
struct Images {
  const T* data;
  int64_t batch, groups, channels;
  Frame frame;
  bool inPlace;

  int64_t plane() const { return frame.axis[0].in * frame.axis[1].in * frame.axis[2].in; }
  int64_t image() const { return groups * channels * plane(); }
  int64_t framePlane() const { return inPlace ? plane() : frame.plane(); }
  // Of frames that are read by whole vectors.
  int64_t slack() const { return W<T>; }

  // Images in a chunk, as the shape has it.
  int64_t chunk() const {
    const int64_t bytes = groups * channels * framePlane() * int64_t{sizeof(T)};
    return most(1, least(batch, kChunkBytes / most(1, bytes)));
  }
  // The frames of `count` images from `first` on, one plane after the other, or those images themselves.
  const T* load(int64_t first, int64_t count, bool parallel) const {
    const T* const from = data + first * image();
    if (inPlace) return from;
    const int64_t planes = count * groups * channels, size = frame.plane(), own = plane();
    T* const frames = scratch<T>(0, planes * size + slack());
    loop(parallel, planes, most(1, kFrameElements / most(1, size)),
         [&](int64_t p) { frame.fill(from + p * own, frames + p * size); });
    for (int64_t i = 0; i < slack(); ++i) frames[planes * size + i] = T{0};
    return frames;
  }
};

}  // namespace anneal::ANNEAL_LEVEL::convolution
