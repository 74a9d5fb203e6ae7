// The loop over images: frames of some of them are made, and the sums of all their outputs taken.
#pragma once
#include "cpu/conv/direct.h"
#include "cpu/conv/images.h"
#include "cpu/conv/stencil.h"
#include "cpu/conv/tiles.h"

namespace anneal::ANNEAL_LEVEL::convolution {

constexpr int64_t kOwnFrames = 16;       // so many images times groups are enough for tasks that make their own frames
constexpr int64_t kDirectChannels = 24;  // results of so few channels, or sums of so few terms, are not worth packing
constexpr int64_t kDirectDepth = 32;
constexpr int64_t kDirectTaps = 25;  // nor are so many taps, which share what they read, for
constexpr int64_t kTappedChannels = 96;
constexpr int64_t kTappedDepth = 200;

// Whether sums of `depth` terms, so many taps of each channel, are taken from the frame where it lies.
inline bool isDirect(int64_t rows, int64_t depth, int64_t taps) {
  return rows <= kDirectChannels || depth <= kDirectDepth ||
         (taps >= kDirectTaps && rows <= kTappedChannels && depth <= kTappedDepth);
}

// Each task makes the frame of a group of an image and takes all sums of it, while the frame lies in cache.
template <class T>
void sweepOwnFrames(const Images<T>& images, const Windows<T>* windows, int64_t count, double work, bool parallel) {
  const int64_t pieces = images.batch * images.groups, tasks = least(pieces, gemm::worthTasks(4 * work));
  const int64_t size = images.frame.plane(), own = images.plane();
  loop(parallel, pieces, ceilDiv(pieces, tasks), [&](int64_t piece) {
    const int64_t image = piece / images.groups, group = piece % images.groups;
    T* const frames = scratch<T>(3, images.channels * size + images.slack());
    for (int64_t c = 0; c < images.channels; ++c) {
      images.frame.fill(images.data + (piece * images.channels + c) * own, frames + c * size);
    }
    for (int64_t i = 0; i < images.slack(); ++i) frames[images.channels * size + i] = T{0};
    for (int64_t i = 0; i < count; ++i) {
      Windows<T> w = windows[i];
      w.images = 1;
      w.dst += image * w.dstImage;
      const Stencil stencil = Stencil::of(w);
      stencil.taps > 0 ? multiplyStencil(stencil, w, frames, group) : multiplyDirect(w, frames, group, 0, w.columns());
    }
  });
}

// All windows over all images. They differ in their taps and in where their results lie. `depth`: terms of the longest sum.
template <class T>
void sweep(const Images<T>& images, const Windows<T>* windows, int64_t count, int64_t rows, int64_t depth) {
  double work = 0;
  for (int64_t i = 0; i < count; ++i) work += windows[i].flops();
  const bool parallel = work > gemm::kSerialFlops;
  const bool direct = !images.inPlace && isDirect(rows, depth, depth / images.channels);
  if (direct && images.batch * images.groups >= kOwnFrames) {
    return sweepOwnFrames(images, windows, count, work, parallel);
  }
  const int64_t chunk = images.chunk();
  for (int64_t first = 0; first < images.batch; first += chunk) {
    const int64_t some = least(chunk, images.batch - first);
    const T* const src = images.load(first, some, parallel);
    for (int64_t i = 0; i < count; ++i) {
      Windows<T> w = windows[i];
      w.images = some;
      w.src = src;
      w.dst += first * w.dstImage;
      direct || w.depth == 0 ? multiplyDirect(w, parallel) : multiplyPanels(w, parallel);
    }
  }
}

}  // namespace anneal::ANNEAL_LEVEL::convolution
