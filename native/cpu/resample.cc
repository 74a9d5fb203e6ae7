// Resampling along one dimension of dense [outer, in, inner] tensors, and its transpose: both are sums of a few weighted elements.
#include "cpu/fold.h"
#include "cpu/kernels.h"
#include "cpu/resample/taps.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kGrain = 1 << 14;  // elements of work a task

// Rows of [outer, count, inner] = sums of weighted rows of [outer, from, inner].
template <class T>
void resampleRows(const ResampleArgs& args, const Sums<T>& sums) {
  const T* src = static_cast<const T*>(args.src);
  T* dst = static_cast<T*>(args.dst);
  const int64_t inner = args.inner, from = args.backward ? args.out : args.in;
  const int64_t work = inner * (1 + sums.begin[sums.count] / sums.count), grain = work < kGrain ? kGrain / work : 1;
  forRange(
      args.outer * sums.count, grain,
      [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          const int64_t i = row % sums.count, first = sums.begin[i], last = sums.begin[i + 1];
          const T* base = src + row / sums.count * from * inner;
          T* to = dst + row * inner;
          forLanes<T>(inner, [&](int64_t at, int lanes) ANNEAL_INLINED {
            Vec<T> sum(T(0));
            for (int64_t t = first; t < last; ++t) {
              sum = fma(Vec<T>(sums.weight[t]), loadLanes(base + sums.place[t] * inner + at, lanes), sum);
            }
            storeLanes(to + at, sum, lanes);
          });
        }
      },
      1 + grain * work / 4000);
}

// A number that a loop is compiled for.
template <int Value>
struct Count {
  static constexpr int value = Value;
};

// The same of columns: inner is 1.
template <class T>
void resampleColumns(const ResampleArgs& args, const Sums<T>& sums) {
  const T* src = static_cast<const T*>(args.src);
  T* dst = static_cast<T*>(args.dst);
  const int64_t from = args.backward ? args.out : args.in;
  const int64_t work = 4 * (sums.count + sums.begin[sums.count]), grain = work < kGrain ? kGrain / work : 1;
  // As many taps everywhere, as forward: a loop that knows their number.
  const auto withTaps = [&](auto taps) {
    forRange(
        args.outer, grain,
        [&](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row) {
            const T* base = src + row * from;
            T* to = dst + row * sums.count;
            for (int64_t i = 0; i < sums.count; ++i) {
              T sum = 0;
              constexpr int kTaps = decltype(taps)::value;
              if constexpr (kTaps > 0) {
                for (int t = 0; t < kTaps; ++t) {
                  sum = fma(sums.weight[i * kTaps + t], base[sums.place[i * kTaps + t]], sum);
                }
              } else {
                for (int64_t t = sums.begin[i]; t < sums.begin[i + 1]; ++t) {
                  sum = fma(sums.weight[t], base[sums.place[t]], sum);
                }
              }
              to[i] = sum;
            }
          }
        },
        1 + grain * work / 4000);
  };
  if (args.backward || args.antialias) return withTaps(Count<0>{});
  switch (args.mode) {
    case ResampleMode::Linear: return withTaps(Count<2>{});
    case ResampleMode::Cubic: return withTaps(Count<4>{});
    default: return withTaps(Count<1>{});
  }
}

}  // namespace

void resample(const ResampleArgs& args) {
  withFloat("resample", args.dtype, [&](auto t) {
    using T = typename decltype(t)::type;
    const Sums<T> sums(args);
    if (args.inner == 1)
      resampleColumns(args, sums);
    else
      resampleRows(args, sums);
  });
}

}  // namespace anneal::ANNEAL_LEVEL
