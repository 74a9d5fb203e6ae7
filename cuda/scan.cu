// Cumulative sums along the middle of dense [outer, extent, inner] tensors. A thread sums a piece of a column; before that, the totals
// of all pieces are summed up in the same way.
//
// Floats are summed in float64, as on the CPU; integers modulo their size, where unsigned sums are defined.
#include "device/dtypes.h"
#include "device/lane.h"
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

}  // namespace

void scan(CudaQueue& queue, const ScanArgs& args) {
  if (args.outer * args.extent * args.inner == 0) return;
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

}  // namespace anneal::device
