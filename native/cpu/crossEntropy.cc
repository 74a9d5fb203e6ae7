// Losses over classes, from logits or log-probabilities [rows, classes], and their gradients; tasks divide the rows.
//
// Every target is a row t of class weights: the loss is -sum(t * logp), its gradient by the logits p * sum(t) - t.
//   class y        t[c] = weight[c] * ((1 - labelSmoothing) * (c == y) + labelSmoothing / classes)
//   probabilities  t[c] = weight[c] * ((1 - labelSmoothing) * target[c] + labelSmoothing / classes)
// The mean divides by the sum of the weights of the classes y, or by the number of rows for probabilities.
#include "cpu/row.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

template <class T>
struct Problem {
  const CrossEntropyArgs& args;
  const T* in;
  const T* target;
  const T* weight;
  T share, spread;  // 1 - labelSmoothing, labelSmoothing / classes
  bool everywhere;  // t has values beside that of class y

  explicit Problem(const CrossEntropyArgs& a)
      : args(a),
        in(static_cast<const T*>(a.in)),
        target(static_cast<const T*>(a.target)),
        weight(static_cast<const T*>(a.weight)),
        share(static_cast<T>(1 - a.labelSmoothing)),
        spread(static_cast<T>(a.labelSmoothing / static_cast<double>(a.classes))),
        everywhere(a.target != nullptr || a.labelSmoothing != 0) {}

  bool ignored(int64_t r) const { return target == nullptr && args.index[r] == args.ignoreIndex; }
  T weightOf(int64_t r) const { return weight ? weight[args.index[r]] : T(1); }
  T peak(int64_t r) const { return share * weightOf(r); }  // t[y] without what is spread everywhere

  // t of a row at [i, i + lanes), without the peak of class y
  ANNEAL_INLINE Vec<T> spreadOver(int64_t r, int64_t i, int lanes) const {
    Vec<T> t(spread);
    if (target) t = fma(loadLanes(target + r * args.classes + i, lanes), Vec<T>(share), t);
    return weight ? t * loadLanes(weight + i, lanes) : t;
  }
};

void checkTargets(const CrossEntropyArgs& args) {
  for (int64_t r = 0; args.index && r < args.rows; ++r) {
    const int64_t y = args.index[r];
    if (static_cast<uint64_t>(y) < static_cast<uint64_t>(args.classes) || y == args.ignoreIndex) continue;
    fail(ErrorKind::Index, "[%s] target %lld is outside [0, %lld) at row %lld", args.logits ? "crossEntropy" : "nll",
         static_cast<long long>(y), static_cast<long long>(args.classes), static_cast<long long>(r));
  }
}

// What the mean divides by. `weights` has room for one value per row.
template <class T>
T meanDivisor(const Problem<T>& problem, T* weights) {
  const int64_t rows = problem.args.rows;
  if (problem.target) return static_cast<T>(rows);
  for (int64_t r = 0; r < rows; ++r) weights[r] = problem.ignored(r) ? T(0) : problem.weightOf(r);
  return sumRow<T>(rows, [&](int64_t i, int lanes) { return loadLanes(weights + i, lanes); });
}

// The sums that the losses of a group of rows of logits are made of, one lane per row.
template <class T>
struct RowSums {
  Vec<T> exp;      // sum(exp(x - max))
  Vec<T> t;        // sum(t)
  Vec<T> product;  // sum(t * (x - max))
};

// exps: where exp(x - max) goes, or null.
template <class T>
ANNEAL_INLINE RowSums<T> sumsOf(const Problem<T>& problem, int64_t first, int rows, T* exps) {
  const int64_t n = problem.args.classes;
  const T* x = problem.in + first * n;
  RowSums<T> sums{Vec<T>(T{0}), Vec<T>(T{0}), Vec<T>(T{0})};
  const PerRow<T> max(rowMaxima(x, n, rows));
  const auto expAt = [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    const Vec<T> e = expNotPositive(loadLanes(x + r * n + i, lanes) - max[r]);
    if (exps) storeLanes(exps + r * n + i, e, lanes);
    return e;
  };
  if (!problem.everywhere) {
    sums.exp = rowSums<T>(rows, n, expAt);
  } else {
    Vec<T> out[3];
    foldRows<SumOf<T>, T, 3>(
        rows, n,
        [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
          const Vec<T> t = problem.spreadOver(first + r, i, lanes);
          return Terms<T, 3>{{expAt(r, i, lanes), t, t * (loadLanes(x + r * n + i, lanes) - max[r])}};
        },
        out);
    sums = {out[0], out[1], out[2]};
  }
  if (!problem.target) {
    PerRow<T> t(sums.t), product(sums.product);
    for (int r = 0; r < rows; ++r) {
      if (problem.ignored(first + r)) continue;
      const T peak = problem.peak(first + r);
      t.value[r] += peak;
      product.value[r] += peak * (x[r * n + problem.args.index[first + r]] - max.value[r]);
    }
    sums.t = load(t.value), sums.product = load(product.value);
  }
  return sums;
}

// loss[r] = -sum(t * logp); by logits logp = (x - max) - log(sum(exp(x - max)))
template <class T>
void rowLosses(const Problem<T>& problem, int64_t first, int rows, T* loss) {
  const int64_t n = problem.args.classes;
  if (problem.args.logits) {
    const RowSums<T> sums = sumsOf<T>(problem, first, rows, nullptr);
    storeLanes(loss, log(sums.exp) * sums.t - sums.product, rows);
  } else {
    const T* logp = problem.in + first * n;
    PerRow<T> product(Vec<T>(T{0}));
    if (problem.everywhere) {
      store(product.value, rowSums<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
              return problem.spreadOver(first + r, i, lanes) * loadLanes(logp + r * n + i, lanes);
            }));
    }
    for (int r = 0; r < rows; ++r) {
      if (!problem.target && !problem.ignored(first + r)) {
        product.value[r] += problem.peak(first + r) * logp[r * n + problem.args.index[first + r]];
      }
      loss[r] = -product.value[r];
    }
  }
  for (int r = 0; r < rows; ++r) {
    if (problem.ignored(first + r)) loss[r] = 0;
  }
}

template <class T>
void forward(const CrossEntropyArgs& args) {
  const Problem<T> problem(args);
  const int64_t rows = args.rows;
  T* out = static_cast<T*>(args.out);
  T* losses = args.reduction == Reduction::None ? out : scratch<T>(0, 2 * rows);
  forRowGroups<T>(rows, args.classes,
                  [&](int64_t first, int count) { rowLosses(problem, first, count, losses + first); });
  if (args.reduction == Reduction::None) return;
  const T sum = sumRow<T>(rows, [&](int64_t i, int lanes) { return loadLanes(losses + i, lanes); });
  *out = args.reduction == Reduction::Mean ? sum / meanDivisor(problem, losses + rows) : sum;
}

// dx = g * (p * sum(t) - t) by logits, -g * t by log-probabilities; g has one lane per row
template <class T>
void rowGradients(const Problem<T>& problem, int64_t first, int rows, Vec<T> g, T* dx) {
  const CrossEntropyArgs& args = problem.args;
  const int64_t n = args.classes;
  const PerRow<T> minusG(-g);
  if (args.logits) {
    const RowSums<T> sums = sumsOf(problem, first, rows, dx);
    const PerRow<T> scale(g * sums.t / sums.exp);
    forElements<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
      const Vec<T> d = loadLanes(dx + r * n + i, lanes) * scale[r];
      storeLanes(dx + r * n + i, problem.everywhere ? fma(minusG[r], problem.spreadOver(first + r, i, lanes), d) : d,
                 lanes);
    });
  } else if (problem.everywhere) {
    forElements<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
      storeLanes(dx + r * n + i, minusG[r] * problem.spreadOver(first + r, i, lanes), lanes);
    });
  } else {
    __builtin_memset(dx, 0, static_cast<size_t>(rows * n) * sizeof(T));
  }
  for (int r = 0; r < rows && !problem.target; ++r) {
    if (problem.ignored(first + r))
      __builtin_memset(dx + r * n, 0, static_cast<size_t>(n) * sizeof(T));
    else
      dx[r * n + args.index[first + r]] += minusG.value[r] * problem.peak(first + r);
  }
}

template <class T>
void backward(const CrossEntropyArgs& args) {
  const Problem<T> problem(args);
  const T* dout = static_cast<const T*>(args.dout);
  T* dx = static_cast<T*>(args.out);
  const bool each = args.reduction == Reduction::None;
  T g = 0;
  if (args.reduction == Reduction::Sum) g = *dout;
  if (args.reduction == Reduction::Mean) g = *dout / meanDivisor(problem, scratch<T>(0, args.rows));
  forRowGroups<T>(args.rows, args.classes, [&](int64_t first, int rows) {
    rowGradients(problem, first, rows, each ? loadLanes(dout + first, rows) : Vec<T>(g), dx + first * args.classes);
  });
}

}  // namespace

void crossEntropy(const CrossEntropyArgs& args) {
  checkTargets(args);
  withFloat("crossEntropy", args.dtype, [&](auto t) {
    using T = typename decltype(t)::type;
    if (args.backward)
      backward<T>(args);
    else
      forward<T>(args);
  });
}

}  // namespace anneal::ANNEAL_LEVEL
