// Reductions along the middle of dense [outer, extent, inner] tensors: sums, products, extremes and their positions, variance.
//
// What is long is cut into pieces, whose results a second launch folds. The cut depends on the shape alone.
#include <type_traits>

#include "device/dtypes.h"
#include "device/formulas.h"
#include "device/team.h"
#include "kernels.h"

namespace anneal::device {

namespace {

constexpr int64_t kPiece = 8192;   // elements of a row that a block folds
constexpr unsigned kColumns = 32;  // columns of a block, and so many rows at a time:
constexpr unsigned kLines = kTeamBlock / kColumns;
constexpr int64_t kColumnPiece = 512;  // rows of a column that a thread block folds
constexpr int64_t kMostPieces = 65535;

struct Params {
  const void* src;  // the tensor, or what the launch before has left
  void* dst;
  int64_t outer, extent, inner;
  int64_t piece, pieces;
  const double* center;  // [outer, inner] what deviations are taken from
  double divisor;
  bool root;
};

// ---- what is folded: load an element, merge two, and finish the result -------------------------------------------------------
template <class Op, class T>
struct Fold {
  using Value = T;
  using Result = T;
  static ANNEAL_INLINE T identity() { return Op::kIdentity; }
  static ANNEAL_INLINE T load(const Params& p, int64_t at, int64_t, int64_t) {
    return static_cast<const T*>(p.src)[at];
  }
  static ANNEAL_INLINE T merge(T a, T b) { return Op::apply(a, b); }
  static ANNEAL_INLINE T finish(T value, const Params&) { return value; }
};

template <class T>
struct MeanFold : Fold<SumOf<T>, T> {
  static ANNEAL_INLINE T finish(T value, const Params& p) { return value / static_cast<T>(p.divisor); }
};

// Without bytes between its members: copies would read them, though nothing writes them.
template <class T>
struct Best {
  int64_t bits;  // of the value
  int64_t place;

  Best() = default;
  ANNEAL_INLINE Best(T value, int64_t place) : bits(0), place(place) { memcpy(&bits, &value, sizeof value); }
  ANNEAL_INLINE T value() const {
    T value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
};
template <class T>
ANNEAL_INLINE Best<T> shuffleXor(Best<T> best, unsigned lanes) {
  return {ANNEAL_LEVEL::shuffleXor(best.value(), lanes), ANNEAL_LEVEL::shuffleXor(best.place, lanes)};
}

// The first of the extremes.
template <class Op, class T>
struct ArgFold {
  using Value = Best<T>;
  using Result = int64_t;
  static ANNEAL_INLINE Value identity() { return {Op::kIdentity, INT64_MAX}; }
  static ANNEAL_INLINE Value load(const Params& p, int64_t at, int64_t place, int64_t) {
    return {static_cast<const T*>(p.src)[at], place};
  }
  static ANNEAL_INLINE Value merge(Value a, Value b) {
    if (a.place == INT64_MAX || b.place == INT64_MAX) return a.place < b.place ? a : b;
    if (Op::better(b.value(), a.value())) return b;
    if (Op::better(a.value(), b.value())) return a;
    return a.place < b.place ? a : b;
  }
  static ANNEAL_INLINE int64_t finish(Value best, const Params&) { return best.place; }
};

// Variance in two passes, in float64: the mean, and the squares of deviations from it.
template <class T>
struct CenterFold : Fold<SumOf<double>, double> {
  static ANNEAL_INLINE double load(const Params& p, int64_t at, int64_t, int64_t) {
    return static_cast<double>(static_cast<const T*>(p.src)[at]);
  }
  static ANNEAL_INLINE double finish(double sum, const Params& p) { return sum / p.divisor; }
};
template <class T>
struct SpreadFold : Fold<SumOf<double>, double> {
  using Result = T;
  static ANNEAL_INLINE double load(const Params& p, int64_t at, int64_t, int64_t column) {
    const double deviation = static_cast<double>(static_cast<const T*>(p.src)[at]) - p.center[column];
    return deviation * deviation;
  }
  static ANNEAL_INLINE T finish(double squares, const Params& p) {
    const Lane<double> variance(squares / p.divisor);
    return static_cast<T>(p.root ? sqrt(variance).raw : variance.raw);
  }
};

// The results of pieces, to be folded further.
template <class F>
struct Again : F {
  static ANNEAL_INLINE typename F::Value load(const Params& p, int64_t at, int64_t, int64_t) {
    return static_cast<const typename F::Value*>(p.src)[at];
  }
};

template <class F>
struct AgainOf {
  using type = Again<F>;
};
template <class F>
struct AgainOf<Again<F>> {
  using type = Again<F>;
};

template <class F>
struct MergeOf {
  ANNEAL_INLINE typename F::Value operator()(typename F::Value a, typename F::Value b) const { return F::merge(a, b); }
};

template <class F>
ANNEAL_INLINE void put(const Params& p, int64_t at, typename F::Value value) {
  if (p.pieces > 1)
    static_cast<typename F::Value*>(p.dst)[at] = value;
  else
    static_cast<typename F::Result*>(p.dst)[at] = F::finish(value, p);
}

// ---- rows: inner is 1 --------------------------------------------------------------------------------------------------------
template <class F, class Team>
ANNEAL_KERNEL(kTeamBlock)
foldRows(const Params p) {
  const Team team;
  const int64_t given = team.row(), row = given < p.outer ? given : p.outer - 1;
  const int64_t begin = blockIndexY() * p.piece, end = begin + p.piece < p.extent ? begin + p.piece : p.extent;
  typename F::Value value = F::identity();
  for (int64_t i = begin + team.index; i < end; i += Team::kSize) {
    value = F::merge(value, F::load(p, row * p.extent + i, i, row));
  }
  value = team.fold(value, MergeOf<F>{});
  if (team.index == 0 && given < p.outer) put<F>(p, row * p.pieces + blockIndexY(), value);
}

// ---- columns -------------------------------------------------------------------------------------------------------------------
template <class F>
ANNEAL_KERNEL(kTeamBlock)
foldColumns(const Params p) {
  ANNEAL_SHARED(typename F::Value, part, kTeamBlock);
  const int64_t across = (p.inner + kColumns - 1) / kColumns;
  const int64_t o = blockIndex() / across, column = blockIndex() % across * kColumns + threadIndex() % kColumns;
  const unsigned line = threadIndex() / kColumns;
  const int64_t begin = blockIndexY() * p.piece, end = begin + p.piece < p.extent ? begin + p.piece : p.extent;
  typename F::Value value = F::identity();
  if (column < p.inner) {
    for (int64_t i = begin + line; i < end; i += kLines) {
      value = F::merge(value, F::load(p, (o * p.extent + i) * p.inner + column, i, o * p.inner + column));
    }
  }
  part[threadIndex()] = value;
  barrier();
  if (line > 0 || column >= p.inner) return;
  for (unsigned other = 1; other < kLines; ++other) {
    value = F::merge(value, part[other * kColumns + threadIndex()]);
  }
  put<F>(p, (o * p.pieces + blockIndexY()) * p.inner + column, value);
}

// ---- launches ------------------------------------------------------------------------------------------------------------------
int64_t pieceOf(const Params& p) {
  const int64_t piece = p.inner == 1 ? kPiece : kColumnPiece, least = (p.extent + kMostPieces - 1) / kMostPieces;
  return piece > least ? piece : least;
}
int64_t piecesOf(const Params& p) { return p.extent > 0 ? (p.extent + pieceOf(p) - 1) / pieceOf(p) : 1; }

// Values that the pieces of all launches give.
int64_t spareValues(Params p) {
  int64_t count = 0;
  for (int64_t pieces = piecesOf(p); pieces > 1; pieces = piecesOf(p)) {
    count += p.outer * pieces * p.inner;
    p.extent = pieces;
  }
  return count;
}

// `spare`: room for spareValues.
template <class F>
void fold(CudaQueue& queue, Params p, typename F::Value* spare) {
  void* const dst = p.dst;
  p.piece = pieceOf(p);
  p.pieces = piecesOf(p);
  if (p.pieces > 1) p.dst = spare;
  if (p.inner == 1) {
    withTeam(p.extent, [&](auto* team) {
      using Team = std::remove_pointer_t<decltype(team)>;
      Grid grid = Team::grid(p.outer);
      grid.y = static_cast<unsigned>(p.pieces);
      launch(queue, grid, kTeamBlock, foldRows<F, Team>, p);
    });
  } else {
    launch(queue, {p.outer * ((p.inner + kColumns - 1) / kColumns), p.pieces}, kTeamBlock, foldColumns<F>, p);
  }
  if (p.pieces == 1) return;
  p.src = spare;
  p.dst = dst;
  p.extent = p.pieces;
  fold<typename AgainOf<F>::type>(queue, p, spare + p.outer * p.pieces * p.inner);
}

template <class F>
void run(CudaQueue& queue, const Params& params) {
  auto* spare = static_cast<typename F::Value*>(
      resolve(queue.scratch(static_cast<size_t>(spareValues(params)) * sizeof(typename F::Value))));
  fold<F>(queue, params, spare);
}

// The mean first, into scratch memory, behind what the launches leave there.
template <class T>
void variance(CudaQueue& queue, Params p, double correction, void* dst) {
  const int64_t results = p.outer * p.inner;
  auto* center =
      static_cast<double*>(resolve(queue.scratch(static_cast<size_t>(results + spareValues(p)) * sizeof(double))));
  p.dst = center;
  fold<CenterFold<T>>(queue, p, center + results);
  p.center = center;
  p.dst = dst;
  p.divisor = static_cast<double>(p.extent) - correction;
  if (!(p.divisor > 0)) p.divisor = 0;
  fold<SpreadFold<T>>(queue, p, center + results);
}

// The dtypes that sums are made of; integers as unsigned ones, whose sums wrap.
template <class F>
void withSum(DType dtype, F&& f) {
  if (dtype == DType::Int64) return f(Type<uint64_t>{});
  withFloat("reduce", dtype, f);
}

}  // namespace

void reduce(CudaQueue& queue, const ReduceArgs& args) {
  if (args.outer == 0 || args.inner == 0) return;
  Params p{};
  p.src = resolve(args.src);
  p.dst = resolve(args.dst);
  p.outer = args.outer;
  p.extent = args.extent;
  p.inner = args.inner;
  p.divisor = static_cast<double>(args.extent);
  p.root = args.op == ReduceOp::Std;
  switch (args.op) {
    case ReduceOp::Sum:
      return withSum(args.dtype, [&](auto t) {
        using T = typename decltype(t)::type;
        run<Fold<SumOf<T>, T>>(queue, p);
      });
    case ReduceOp::Prod:
      return withSum(args.dtype, [&](auto t) {
        using T = typename decltype(t)::type;
        run<Fold<ProductOf<T>, T>>(queue, p);
      });
    case ReduceOp::Mean:
      return withFloat("reduce", args.dtype, [&](auto t) { run<MeanFold<typename decltype(t)::type>>(queue, p); });
    case ReduceOp::Max:
      return withElement("reduce", args.dtype, [&](auto t) {
        using T = typename decltype(t)::type;
        run<Fold<MaxOf<T>, T>>(queue, p);
      });
    case ReduceOp::Min:
      return withElement("reduce", args.dtype, [&](auto t) {
        using T = typename decltype(t)::type;
        run<Fold<MinOf<T>, T>>(queue, p);
      });
    case ReduceOp::ArgMax:
      return withElement("reduce", args.dtype, [&](auto t) {
        using T = typename decltype(t)::type;
        run<ArgFold<MaxOf<T>, T>>(queue, p);
      });
    case ReduceOp::ArgMin:
      return withElement("reduce", args.dtype, [&](auto t) {
        using T = typename decltype(t)::type;
        run<ArgFold<MinOf<T>, T>>(queue, p);
      });
    case ReduceOp::Variance:
    case ReduceOp::Std:
      return withFloat("reduce", args.dtype,
                       [&](auto t) { variance<typename decltype(t)::type>(queue, p, args.correction, p.dst); });
  }
}

}  // namespace anneal::device
