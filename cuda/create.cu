// Constants, ranges and the identity matrix, of every dtype: as on the CPU, in float64.
#include "device/dtypes.h"
#include "device/math.h"
#include "formulas/constant.h"
#include "kernels.h"

namespace anneal::device {

namespace {

constexpr unsigned kThreads = 256;

struct Params {
  FillOp op;
  void* out;
  int64_t count, columns;
  double start, step, end;
  bool whole;  // start and step are integers: those of the range are exact, also where float64 has gaps
  int64_t from, by;
};

template <class T>
ANNEAL_INLINE T valueAt(const Params& p, int64_t i) {
  const Lane<double> start(p.start), step(p.step), end(p.end);
  switch (p.op) {
    case FillOp::Constant: return fromDouble<T>(p.start);
    case FillOp::Eye: return static_cast<T>(i % p.columns == i / p.columns);
    case FillOp::Range:
      if (p.whole) {
        return static_cast<T>(static_cast<uint64_t>(p.from) + static_cast<uint64_t>(i) * static_cast<uint64_t>(p.by));
      }
      return fromDouble<T>(fma(Lane<double>(static_cast<double>(i)), step, start).raw);
    case FillOp::Linspace: {
      const int64_t back = p.count - 1 - i;
      const Lane<double> value = i < (p.count + 1) / 2 ? fma(Lane<double>(static_cast<double>(i)), step, start)
                                                       : fma(Lane<double>(static_cast<double>(-back)), step, end);
      return fromDouble<T>(value.raw);
    }
  }
  return T(0);
}

template <class T>
ANNEAL_KERNEL(kThreads)
fillWith(const Params p) {
  const int64_t i = int64_t{blockIndex()} * kThreads + threadIndex();
  if (i < p.count) static_cast<T*>(p.out)[i] = valueAt<T>(p, i);
}

}  // namespace

void fill(CudaQueue& queue, const FillArgs& args) {
  if (args.count == 0) return;
  Params params{args.op,    resolve(args.out),
                args.count, args.columns > 0 ? args.columns : 1,
                args.start, args.step,
                args.end,   false,
                0,          0};
  if (args.dtype == DType::Bool && args.op == FillOp::Constant) params.start = args.start != 0.0 ? 1.0 : 0.0;
  constexpr double kEnd = 9223372036854775808.0;
  if (args.start >= -kEnd && args.start < kEnd && args.step >= -kEnd && args.step < kEnd) {
    params.from = static_cast<int64_t>(args.start);
    params.by = static_cast<int64_t>(args.step);
    params.whole = static_cast<double>(params.from) == args.start && static_cast<double>(params.by) == args.step;
  }
  withElement("fill", args.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    Params p = params;
    p.whole = p.whole && !kIsFloat<T>;
    launch(queue, {(args.count + kThreads - 1) / kThreads}, kThreads, fillWith<T>, p);
  });
}

}  // namespace anneal::device
