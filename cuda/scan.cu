// Scans along the middle of dense [outer, extent, inner] tensors. Of sums, a thread takes a piece of a column; before that, the totals
// of all pieces are summed up in the same way. Of the others, a thread takes a whole column.
//
// Floats are computed in float64, as on the CPU; integers modulo their size, where unsigned sums are defined.
#include "device/dtypes.h"
#include "device/lane.h"
#include "device/math.h"
#include "kernels.h"

namespace anneal::device {

namespace {

constexpr unsigned kThreads = 256;
constexpr int64_t kPiece = 64;

template <class T>
struct SumType {
  using type = uint64_t;
};
template <>
struct SumType<float> {
  using type = double;
};
template <>
struct SumType<double> {
  using type = double;
};

struct Params {
  const void* in;
  void* out;
  void* before;  // [outer, pieces, inner] the sum of all pieces before; null where there is one piece
  int64_t outer, extent, inner, pieces;
  bool reverse, exclusive;
};

// The piece of thread i: its first element, and how many.
struct Part {
  int64_t first, step, count, total;
  ANNEAL_INLINE Part(const Params& p, int64_t i) {
    const int64_t column = i % p.inner, piece = i / p.inner % p.pieces, o = i / p.inner / p.pieces;
    const int64_t begin = piece * kPiece, row = p.reverse ? p.extent - 1 - begin : begin;
    first = (o * p.extent + row) * p.inner + column;
    step = p.reverse ? -p.inner : p.inner;
    count = p.extent - begin < kPiece ? p.extent - begin : kPiece;
    total = i;
  }
};

template <class T, class Sum>
ANNEAL_KERNEL(kThreads)
totals(const Params p) {
  const int64_t i = int64_t{blockIndex()} * kThreads + threadIndex();
  if (i >= p.outer * p.pieces * p.inner) return;
  const Part part(p, i);
  Sum sum(0);
  for (int64_t j = 0; j < part.count; ++j)
    sum += static_cast<Sum>(static_cast<const T*>(p.in)[part.first + j * part.step]);
  static_cast<Sum*>(p.before)[part.total] = sum;
}

template <class T, class Sum>
ANNEAL_KERNEL(kThreads)
sums(const Params p) {
  const int64_t i = int64_t{blockIndex()} * kThreads + threadIndex();
  if (i >= p.outer * p.pieces * p.inner) return;
  const Part part(p, i);
  Sum sum = p.before ? static_cast<const Sum*>(p.before)[part.total] : Sum(0);
  for (int64_t j = 0; j < part.count; ++j) {
    const int64_t at = part.first + j * part.step;
    const Sum own = static_cast<Sum>(static_cast<const T*>(p.in)[at]);
    static_cast<T*>(p.out)[at] = static_cast<T>(p.exclusive ? sum : sum + own);
    sum += own;
  }
}

int64_t piecesOf(int64_t extent) { return (extent + kPiece - 1) / kPiece; }

// `spare`: room for the totals of all levels.
template <class T, class Sum>
void run(CudaQueue& queue, Params p, Sum* spare) {
  p.pieces = piecesOf(p.extent);
  const int64_t parts = p.outer * p.pieces * p.inner;
  const Grid grid{(parts + kThreads - 1) / kThreads};
  if (p.pieces > 1) {
    p.before = spare;
    launch(queue, grid, kThreads, totals<T, Sum>, p);
    run<Sum, Sum>(queue, {spare, spare, nullptr, p.outer, p.pieces, p.inner, 0, false, true}, spare + parts);
  }
  launch(queue, grid, kThreads, sums<T, Sum>, p);
}

// ---- whole columns ----------------------------------------------------------------------------------------------------
struct ColumnParams {
  const void* in;
  const void* factor;
  void* out;
  int64_t* index;
  int64_t outer, extent, inner;
  bool reverse;
};

// What each kind keeps of a column, and what it writes at element `at`, which is row `row` and the first one where `isFirst`.
template <class T>
struct Product {
  typename SumType<T>::type total = 1;
  ANNEAL_INLINE void step(const ColumnParams& p, int64_t at, int64_t, bool) {
    total *= static_cast<typename SumType<T>::type>(static_cast<const T*>(p.in)[at]);
    static_cast<T*>(p.out)[at] = static_cast<T>(total);
  }
};

template <class T, bool largest>
struct Extreme {
  T best = 0;
  int64_t where = 0;
  ANNEAL_INLINE void step(const ColumnParams& p, int64_t at, int64_t row, bool isFirst) {
    const T x = static_cast<const T*>(p.in)[at];
    if (isFirst || (largest ? x >= best : x <= best) || x != x) best = x, where = row;
    static_cast<T*>(p.out)[at] = best;
    p.index[at] = where;
  }
};
template <class T>
using Largest = Extreme<T, true>;
template <class T>
using Smallest = Extreme<T, false>;

// exp(max) sum; of two infinities of one sign the difference is 0.
template <class T>
struct LogSumExp {
  double max = 0, sum = 0;
  ANNEAL_INLINE void step(const ColumnParams& p, int64_t at, int64_t, bool isFirst) {
    const double x = static_cast<double>(static_cast<const T*>(p.in)[at]);
    if (isFirst) {
      max = x, sum = 1;
    } else if (x > max) {
      sum = sum * ::exp(max - x) + 1;
      max = x;
    } else {
      sum += ::exp(x == max ? 0.0 : x - max);
    }
    static_cast<T*>(p.out)[at] = static_cast<T>(max + ::log(sum));
  }
};

template <class T>
struct Linear {
  double value = 0;
  ANNEAL_INLINE void step(const ColumnParams& p, int64_t at, int64_t, bool isFirst) {
    const T factor = static_cast<const T*>(p.factor)[at + (p.reverse && !isFirst ? p.inner : 0)];
    const double x = static_cast<double>(static_cast<const T*>(p.in)[at]);
    value = isFirst ? x : ::fma(static_cast<double>(factor), value, x);
    static_cast<T*>(p.out)[at] = static_cast<T>(value);
  }
};

template <class T, template <class> class Kind>
ANNEAL_KERNEL(kThreads)
columns(const ColumnParams p) {
  const int64_t i = int64_t{blockIndex()} * kThreads + threadIndex();
  if (i >= p.outer * p.inner) return;
  Kind<T> kind;
  for (int64_t j = 0; j < p.extent; ++j) {
    const int64_t row = p.reverse ? p.extent - 1 - j : j;
    kind.step(p, (i / p.inner * p.extent + row) * p.inner + i % p.inner, row, j == 0);
  }
}

template <class T, template <class> class Kind>
void runColumns(CudaQueue& queue, const ScanArgs& args) {
  const ColumnParams p{resolve(args.in),  resolve(args.factor),
                       resolve(args.out), static_cast<int64_t*>(resolve(static_cast<void*>(args.index))),
                       args.outer,        args.extent,
                       args.inner,        args.reverse};
  launch(queue, Grid{(args.outer * args.inner + kThreads - 1) / kThreads}, kThreads, columns<T, Kind>, p);
}

template <template <class> class Kind>
void runExtremes(CudaQueue& queue, const ScanArgs& args) {
  if (args.dtype == DType::Bool) return runColumns<uint8_t, Kind>(queue, args);
  withNumber("scan", args.dtype, [&](auto t) { runColumns<typename decltype(t)::type, Kind>(queue, args); });
}

}  // namespace

void scan(CudaQueue& queue, const ScanArgs& args) {
  if (args.outer * args.extent * args.inner == 0) return;
  switch (args.op) {
    case ScanOp::Prod:
      return withNumber("cumprod", args.dtype,
                        [&](auto t) { runColumns<typename decltype(t)::type, Product>(queue, args); });
    case ScanOp::Max: return runExtremes<Largest>(queue, args);
    case ScanOp::Min: return runExtremes<Smallest>(queue, args);
    case ScanOp::LogSumExp:
      return withFloat("logcumsumexp", args.dtype,
                       [&](auto t) { runColumns<typename decltype(t)::type, LogSumExp>(queue, args); });
    case ScanOp::Linear:
      return withFloat("linearScan", args.dtype,
                       [&](auto t) { runColumns<typename decltype(t)::type, Linear>(queue, args); });
    default: break;
  }
  if (args.dtype == DType::Bool) failDType("cumsum", args.dtype);
  int64_t room = 1;
  for (int64_t pieces = piecesOf(args.extent); pieces > 1; pieces = piecesOf(pieces)) {
    room += args.outer * pieces * args.inner;
  }
  const Params p{
      resolve(args.in), resolve(args.out), nullptr, args.outer, args.extent, args.inner, 0, args.reverse, false};
  void* const spare = resolve(queue.scratch(static_cast<size_t>(room) * sizeof(double)));
  withNumber("cumsum", args.dtype, [&](auto t) {
    using T = typename decltype(t)::type;
    using Sum = typename SumType<T>::type;
    run<T, Sum>(queue, p, static_cast<Sum*>(spare));
  });
}

void cumsum(CudaQueue& queue, int64_t* values, int64_t size) {
  ScanArgs args{};
  args.op = ScanOp::Sum;
  args.dtype = DType::Int64;
  args.outer = args.inner = 1;
  args.extent = size;
  args.in = args.out = values;
  scan(queue, args);
}

}  // namespace anneal::device
