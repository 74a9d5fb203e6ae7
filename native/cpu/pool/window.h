// What a window of pooling covers along one dimension, and vectors of every second, third, ... element.
#pragma once
#include "cpu/fold.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// The positions first, first + dilation, ... of a window that lie inside.
struct Span {
  int64_t first, count;
};

struct Axis {
  int64_t in, out, kernel, stride, dilation, low;
  bool adaptive;

  ANNEAL_INLINE Axis(const PoolArgs& args, int d)
      : in(args.in[d]),
        out(args.out[d]),
        kernel(args.kernel[d]),
        stride(args.stride[d]),
        dilation(args.adaptive[d] ? 1 : args.dilation[d]),
        low(args.adaptive[d] ? 0 : args.low[d]),
        adaptive(args.adaptive[d]) {}

  ANNEAL_INLINE Span span(int64_t o) const {
    if (adaptive) {
      const int64_t begin = o * in / out;
      return {begin, ((o + 1) * in + out - 1) / out - begin};
    }
    const int64_t start = o * stride - low;
    const int64_t skipped = start < 0 ? (dilation - 1 - start) / dilation : 0;
    const int64_t fitting = start < in ? (in - start + dilation - 1) / dilation : 0;
    const int64_t taken = kernel < fitting ? kernel : fitting;
    return {start + skipped * dilation, taken > skipped ? taken - skipped : 0};
  }

  // What window o contributes to a divisor: padding counts where it is said to, but not what lies beyond it.
  ANNEAL_INLINE int64_t divisor(int64_t o, bool countIncludePad) const {
    if (adaptive || !countIncludePad) return span(o).count;
    const int64_t start = o * stride - low, end = start + kernel;
    return (end < in + low ? end : in + low) - start;
  }

  // The windows [first, end) among which are all that cover position i; of those that are not adaptive, every one does. Without
  // dilation.
  struct Range {
    int64_t first, end;
  };
  ANNEAL_INLINE Range covering(int64_t i) const {
    if (adaptive) return {i * out / in, ((i + 1) * out + in - 1) / in};
    const int64_t first = i + low - kernel + 1, end = (i + low) / stride + 1;
    return {first > 0 ? (first + stride - 1) / stride : 0, end < out ? end : out};
  }
  ANNEAL_INLINE bool covers(int64_t o, int64_t i) const {
    if (!adaptive) return true;
    const Span s = span(o);
    return i >= s.first && i < s.first + s.count;
  }

  // The windows [first, end) that lie inside altogether.
  ANNEAL_INLINE Range inner() const {
    if (adaptive) return {0, 0};
    const int64_t last = in - 1 + low - (kernel - 1) * dilation;
    int64_t end = last < 0 ? 0 : last / stride + 1;
    if (end > out) end = out;
    const int64_t first = (low + stride - 1) / stride;
    return {first < end ? first : end, end};
  }
};

// The three dimensions of a record.
struct Axes {
  Axis z, y, x;
  int64_t inSize, outSize;  // of a plane

  explicit Axes(const PoolArgs& args)
      : z(args, 0), y(args, 1), x(args, 2), inSize(z.in * y.in * x.in), outSize(z.out * y.out * x.out) {}
};

// Elements p[0], p[step], ... of the first n lanes; nothing beyond the last of them is read. Step: `step`, where it is 1 or 2; else 0.
template <int Step, class T>
ANNEAL_INLINE Vec<T> loadEvery(const T* p, int64_t step, int n) {
  constexpr int kLanes = Vec<T>::kLanes;
  if constexpr (Step == 1) return loadLanes(p, n);
  if constexpr (Step == 2) {
    const int count = 2 * n - 1;
    Vec<T> even = loadLanes(p, count < kLanes ? count : kLanes);
    Vec<T> odd = count > kLanes ? loadLanes(p + kLanes, count - kLanes) : Vec<T>(T(0));
    Indices<kLanes>::unzip(even.raw, odd.raw);
    return even;
  }
  T lane[kLanes] = {};
  for (int i = 0; i < n; ++i) lane[i] = p[i * step];
  return load(lane);
}

// Elements p[0], p[2], ... and p[1], p[3], ... of the first n lanes.
template <class T>
struct Pair {
  Vec<T> even, odd;
};
template <class T>
ANNEAL_INLINE Pair<T> loadPair(const T* p, int n) {
  constexpr int kLanes = Vec<T>::kLanes;
  Pair<T> pair;
  pair.even = loadLanes(p, 2 * n < kLanes ? 2 * n : kLanes);
  pair.odd = 2 * n > kLanes ? loadLanes(p + kLanes, 2 * n - kLanes) : Vec<T>(T(0));
  Indices<kLanes>::unzip(pair.even.raw, pair.odd.raw);
  return pair;
}

// Calls body(Step) for the step that loadEvery is instantiated with.
template <int Step>
struct StepOf {
  static constexpr int value = Step;
};
template <class Body>
ANNEAL_INLINE void withStep(int64_t step, Body&& body) {
  switch (step) {
    case 1: return body(StepOf<1>{});
    case 2: return body(StepOf<2>{});
    default: return body(StepOf<0>{});
  }
}

constexpr int64_t kPoolGrain = 1 << 14;  // elements of work a task

// Calls body(begin, end) for runs of `count` rows that cost `work` elements each.
template <class Body>
void forPoolRows(int64_t count, int64_t work, const Body& body) {
  const int64_t grain = kPoolGrain / (work > 0 ? work : 1);
  forRange(count, grain > 1 ? grain : 1, body, 1 + (grain > 1 ? kPoolGrain : work) / 2000);
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
