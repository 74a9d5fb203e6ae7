// Reductions along the middle of dense [outer, extent, inner] tensors: sums, variance, extremes and their positions.
#include "cpu/reduce.h"

#include "cpu/blocks.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

template <template <class> class Op, class T>
void foldValues(const ReduceArgs& args) {
  T* const dst[1] = {static_cast<T*>(args.dst)};
  fold<Op<T>, Values<T>, T>(static_cast<const T*>(args.src), args.outer, args.extent, args.inner, nullptr, dst);
}

template <class T>
void mean(const ReduceArgs& args) {
  foldValues<SumOf, T>(args);
  T* dst = static_cast<T*>(args.dst);
  const T n = static_cast<T>(args.extent);
  forRange(args.outer * args.inner, kBlock, [&](int64_t begin, int64_t end) {
    forLanes<T>(end - begin, [&](int64_t i, int lanes) {
      storeLanes(dst + begin + i, loadLanes(dst + begin + i, lanes) / Vec<T>(n), lanes);
    });
  });
}

// The mean of n elements whose sum is larger than T holds, though their mean is not. Infinite if an element is.
template <class T>
T meanOfLarge(const T* x, int64_t n, int64_t stride) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += static_cast<double>(x[i * stride]) / static_cast<double>(n);
  return static_cast<T>(total);
}

template <class T>
ANNEAL_INLINE void correctMean(T& mean, const T* x, int64_t n, int64_t stride) {
  if (__builtin_isinf(mean)) mean = meanOfLarge(x, n, stride);
}

// Two passes: the mean, then deviations from it. Their sum would be zero but for the rounding of the mean; it corrects
// the sum of squares (Chan, Golub, LeVeque: "Algorithms for computing the sample variance", 1983, eq. 1.7).
template <class T>
struct Spread {
  T n, divisor;
  bool root;

  Spread(int64_t extent, double correction, bool standard)
      : n(static_cast<T>(extent)), divisor(static_cast<T>(static_cast<double>(extent) - correction)), root(standard) {
    if (!(divisor > 0)) divisor = 0;
  }

  ANNEAL_INLINE Vec<T> of(Vec<T> deviations, Vec<T> squares) const {
    const Vec<T> sum = squares - deviations * deviations / Vec<T>(n);
    const Vec<T> finite = max(Vec<T>(T{0}), sum) / Vec<T>(divisor);  // in this order NaN stays NaN
    // Squares that overflow are a variance that does, not infinity less infinity.
    const Vec<T> infinity(static_cast<T>(__builtin_inf()));
    const Vec<T> variance = select(squares == infinity, infinity, finite);
    return root ? sqrt(variance) : variance;
  }

  // Again in float64, where float32 has overflowed or fallen below its normal numbers: the root may still be one of them.
  ANNEAL_INLINE void correct(T& result, const T* x, int64_t extent, int64_t stride) const {
    if constexpr (__is_same(T, float)) {
      const float least = root ? 1.1e-19f : __FLT_MIN__;  // about the root of the other
      if (result < least || __builtin_isinf(result)) result = inDouble(x, extent, stride);
    }
  }

  T inDouble(const T* x, int64_t extent, int64_t stride) const {
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < extent; ++i) mean += static_cast<double>(x[i * stride]);
    mean /= static_cast<double>(extent);
    for (int64_t i = 0; i < extent; ++i) {
      const double deviation = static_cast<double>(x[i * stride]) - mean;
      squares += deviation * deviation;
    }
    const double variance = squares / static_cast<double>(divisor);
    return static_cast<T>(root ? __builtin_sqrt(variance) : variance);
  }

  // Of up to a vector's lanes of rows: one lane per row.
  ANNEAL_INLINE Vec<T> ofRows(const T* src, int64_t extent, int64_t first, int rows) const {
    Vec<T> sum, moments[2];
    T center[Vec<T>::kLanes];
    foldRowGroup<SumOf<T>, Values<T>, T>(src, extent, first, rows, nullptr, &sum);
    storeLanes(center, sum / Vec<T>(n), Vec<T>::kLanes);
    for (int r = 0; r < rows; ++r) correctMean(center[r], src + (first + r) * extent, extent, 1);
    foldRowGroup<SumOf<T>, Moments<T>, T>(src, extent, first, rows, center, moments);
    storeLanes(center, of(moments[0], moments[1]), Vec<T>::kLanes);
    for (int r = 0; r < rows; ++r) correct(center[r], src + (first + r) * extent, extent, 1);
    return loadLanes(center, Vec<T>::kLanes);
  }

  void store(const T* deviations, const T* squares, int64_t count, T* out) const {
    forLanes<T>(count, [&](int64_t i, int lanes) {
      storeLanes(out + i, of(loadLanes(deviations + i, lanes), loadLanes(squares + i, lanes)), lanes);
    });
  }
};

template <class T>
void variance(const ReduceArgs& args) {
  const T* src = static_cast<const T*>(args.src);
  T* dst = static_cast<T*>(args.dst);
  const int64_t outer = args.outer, extent = args.extent, inner = args.inner, size = outer * inner;
  const Spread<T> spread(extent, args.correction, args.op == ReduceOp::Std);
  if (chunkRows(extent, inner) < extent) {
    mean<T>(args);
    for (int64_t i = 0; i < size; ++i) correctMean(dst[i], src + i / inner * extent * inner + i % inner, extent, inner);
    T* sums = scratch<T>(2, 2 * size);
    T* const out[2] = {sums, sums + size};
    fold<SumOf<T>, Moments<T>, T>(src, outer, extent, inner, dst, out);
    spread.store(sums, sums + size, size, dst);
    for (int64_t i = 0; i < size; ++i) {
      spread.correct(dst[i], src + i / inner * extent * inner + i % inner, extent, inner);
    }
    return;
  }
  if (inner == 1) {
    return forRowGroups<T>(outer, extent, [&](int64_t first, int rows) {
      storeLanes(dst + first, spread.ofRows(src, extent, first, rows), rows);
    });
  }
  forBlocks(outer, extent, inner, larger(extent, 1), [&](const Block& block) {
    T center[kStrip], deviations[kStrip], squares[kStrip];
    const T* from = src + block.outer * extent * inner + block.column;
    T* const means[1] = {center};
    T* const moments[2] = {deviations, squares};
    foldBlock<SumOf<T>, Values<T>, T>(from, block, inner, nullptr, means);
    for (int64_t i = 0; i < block.columns; ++i) {
      center[i] /= spread.n;
      correctMean(center[i], from + i, extent, inner);
    }
    foldBlock<SumOf<T>, Moments<T>, T>(from, block, inner, center, moments);
    T* const to = dst + block.outer * inner + block.column;
    spread.store(deviations, squares, block.columns, to);
    for (int64_t i = 0; i < block.columns; ++i) spread.correct(to[i], from + i, extent, inner);
  });
}

// ---- positions of extremes -----------------------------------------------------------------------------------------
// The first of n >= 1 elements that equals `best`, or is NaN where best is; one of them does.
template <class T>
int64_t find(const T* p, int64_t n, T best) {
  constexpr int kLanes = Vec<T>::kLanes;
  const Vec<T> wanted(best);
  const bool nan = best != best;
  for (int64_t i = 0;; i += kLanes) {
    const Vec<T> x = loadLanes(p + i, static_cast<int>(smaller(kLanes, n - i)));
    const auto found = nan ? x != x : x == wanted;
    if (any(found)) return i + firstLane(found);
  }
}

// Rows: their extreme first, then the first chunk and the first element that has it.
template <class Op, class T>
void argRows(const ReduceArgs& args) {
  const T* src = static_cast<const T*>(args.src);
  int64_t* dst = static_cast<int64_t*>(args.dst);
  const int64_t extent = args.extent, rows = chunkRows(extent, 1), chunks = parts(extent, rows);
  if (chunks == 1) {
    return forRowGroups<T>(args.outer, extent, [&](int64_t first, int n) {
      Vec<T> out;
      T best[Vec<T>::kLanes];
      foldRowGroup<Op, Values<T>, T>(src, extent, first, n, nullptr, &out);
      store(best, out);
      for (int r = 0; r < n; ++r) dst[first + r] = find(src + (first + r) * extent, extent, best[r]);
    });
  }
  T* partial = scratch<T>(2, args.outer * chunks);
  forBlocks(args.outer, extent, 1, rows, [&](const Block& block) {
    T* const out[1] = {partial + block.outer * chunks + block.chunk};
    foldBlock<Op, Values<T>, T>(src + block.outer * extent + block.row, block, 1, nullptr, out);
  });
  forRange(args.outer, 1, [&](int64_t o, int64_t) {
    const T* values = partial + o * chunks;
    T best = values[0];
    for (int64_t c = 1; c < chunks; ++c) best = Op::apply(best, values[c]);
    const int64_t row = find(values, chunks, best) * rows;
    dst[o] = row + find(src + o * extent + row, smaller(rows, extent - row), best);
  });
}

// Columns, a vector of them at a time: the best so far and where it was.
template <class Op, class T>
void argColumns(const ReduceArgs& args) {
  const T* src = static_cast<const T*>(args.src);
  int64_t* dst = static_cast<int64_t*>(args.dst);
  const int64_t extent = args.extent, inner = args.inner;
  constexpr int kLanes = Vec<T>::kLanes;
  using Row = typename LaneTypes<T>::Int;
  // Narrow positions restart where they would not fit their lanes.
  constexpr int64_t kRows = sizeof(T) == 1 ? 127 : int64_t{1} << 30;
  forBlocks(args.outer, extent, inner, extent, [&](const Block& block) {
    for (int64_t c = 0; c < block.columns; c += kLanes) {
      const int n = static_cast<int>(smaller(kLanes, block.columns - c));
      const T* from = src + block.outer * extent * inner + block.column + c;
      int64_t* to = dst + block.outer * inner + block.column + c;
      Vec<T> best = loadLanes(from, n);
      for (int i = 0; i < n; ++i) to[i] = 0;
      for (int64_t first = 0; first < extent; first += kRows) {
        Vec<Row> where(static_cast<Row>(-1));
        for (int64_t row = 0; row < smaller(kRows, extent - first); ++row) {
          const Vec<T> x = loadLanes(from + (first + row) * inner, n);
          const auto better = Op::better(x, best);
          best = select(better, x, best);
          where = select(better, Vec<Row>(static_cast<Row>(row)), where);
        }
        for (int i = 0; i < n; ++i) {
          if (where[i] >= 0) to[i] = first + where[i];
        }
      }
    }
  });
}

template <template <class> class Op, class T>
void arg(const ReduceArgs& args) {
  if (args.inner == 1)
    argRows<Op<T>, T>(args);
  else
    argColumns<Op<T>, T>(args);
}

// The dtypes of each kind of reduction: f(Type<T>{}).
template <class F>
void withReal(DType dtype, F&& f) {
  withFloat("reduce", dtype, f);
}
template <class F>
void withSum(DType dtype, F&& f) {
  if (dtype == DType::Int64)
    f(Type<uint64_t>{});  // sums wrap
  else
    withReal(dtype, f);
}
template <class F>
void withOrdered(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Bool:
    case DType::UInt8: return f(Type<uint8_t>{});
    case DType::Int32: return f(Type<int32_t>{});
    case DType::Int64: return f(Type<int64_t>{});
    default: return withReal(dtype, f);
  }
}

// ---- rows at hand ---------------------------------------------------------------------------------------------------
static_assert(kFusedRow < 2 * kBlock);  // a row is one chunk

// of(first, rows) gives one lane per row.
template <class T, class Of>
ANNEAL_INLINE void storeRows(int64_t rows, void* dst, const Of& of) {
  for (int64_t first = 0; first < rows; first += Vec<T>::kLanes) {
    const int n = static_cast<int>(smaller(Vec<T>::kLanes, rows - first));
    storeLanes(static_cast<T*>(dst) + first, of(first, n), n);
  }
}

template <class Op, class T, bool mean>
void foldDenseRows(const void* src, int64_t rows, int64_t extent, double, void* dst) {
  storeRows<T>(rows, dst, [&](int64_t first, int n) {
    Vec<T> out;
    foldRowGroup<Op, Values<T>, T>(static_cast<const T*>(src), extent, first, n, nullptr, &out);
    return mean ? out / Vec<T>(static_cast<T>(extent)) : out;
  });
}

template <class T, bool root>
void spreadAtHand(const void* src, int64_t rows, int64_t extent, double correction, void* dst) {
  const Spread<T> spread(extent, correction, root);
  storeRows<T>(rows, dst,
               [&](int64_t first, int n) { return spread.ofRows(static_cast<const T*>(src), extent, first, n); });
}

}  // namespace

void reduce(const ReduceArgs& args) {
  if (args.outer == 0 || args.inner == 0) return;
  const auto sum = [&](auto t) { foldValues<SumOf, typename decltype(t)::type>(args); };
  const auto product = [&](auto t) { foldValues<ProductOf, typename decltype(t)::type>(args); };
  const auto max = [&](auto t) { foldValues<MaxOf, typename decltype(t)::type>(args); };
  const auto min = [&](auto t) { foldValues<MinOf, typename decltype(t)::type>(args); };
  const auto argMax = [&](auto t) { arg<MaxOf, typename decltype(t)::type>(args); };
  const auto argMin = [&](auto t) { arg<MinOf, typename decltype(t)::type>(args); };
  switch (args.op) {
    case ReduceOp::Sum: return withSum(args.dtype, sum);
    case ReduceOp::Prod: return withSum(args.dtype, product);
    case ReduceOp::Max: return withOrdered(args.dtype, max);
    case ReduceOp::Min: return withOrdered(args.dtype, min);
    case ReduceOp::ArgMax: return withOrdered(args.dtype, argMax);
    case ReduceOp::ArgMin: return withOrdered(args.dtype, argMin);
    case ReduceOp::Mean: return withReal(args.dtype, [&](auto t) { mean<typename decltype(t)::type>(args); });
    case ReduceOp::Variance:
    case ReduceOp::Std: return withReal(args.dtype, [&](auto t) { variance<typename decltype(t)::type>(args); });
  }
}

FoldRows foldRowsFor(ReduceOp op, DType dtype) {
  FoldRows result = nullptr;
  const auto sum = [&](auto t) {
    result = foldDenseRows<SumOf<typename decltype(t)::type>, typename decltype(t)::type, false>;
  };
  const auto mean = [&](auto t) {
    result = foldDenseRows<SumOf<typename decltype(t)::type>, typename decltype(t)::type, true>;
  };
  const auto max = [&](auto t) {
    result = foldDenseRows<MaxOf<typename decltype(t)::type>, typename decltype(t)::type, false>;
  };
  const auto min = [&](auto t) {
    result = foldDenseRows<MinOf<typename decltype(t)::type>, typename decltype(t)::type, false>;
  };
  switch (op) {
    case ReduceOp::Sum: withSum(dtype, sum); break;
    case ReduceOp::Mean: withReal(dtype, mean); break;
    case ReduceOp::Max: withOrdered(dtype, max); break;
    case ReduceOp::Min: withOrdered(dtype, min); break;
    case ReduceOp::Variance:
      withReal(dtype, [&](auto t) { result = spreadAtHand<typename decltype(t)::type, false>; });
      break;
    case ReduceOp::Std:
      withReal(dtype, [&](auto t) { result = spreadAtHand<typename decltype(t)::type, true>; });
      break;
    default: fail(ErrorKind::Argument, "[fused] reduction %d is not fused", static_cast<int>(op));
  }
  return result;
}

}  // namespace anneal::ANNEAL_LEVEL
