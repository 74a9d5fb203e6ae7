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

  template <class Row>
  void forRows(Row&& row) const {
    constexpr int64_t kGrain = 1 << 13;  // elements of a task
    forRange(args.rows, args.classes < kGrain ? kGrain / (args.classes + 1) + 1 : 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) row(r);
    });
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

// What the mean divides by. `weights` has room for one value a row.
template <class T>
T meanDivisor(const Problem<T>& problem, T* weights) {
  const int64_t rows = problem.args.rows;
  if (problem.target) return static_cast<T>(rows);
  for (int64_t r = 0; r < rows; ++r) weights[r] = problem.ignored(r) ? T(0) : problem.weightOf(r);
  return sumRow<T>(rows, [&](int64_t i, int lanes) { return loadLanes(weights + i, lanes); });
}

// The sums of a row of logits that its loss is made of.
template <class T>
struct RowSums {
  T max;
  T exp;      // sum(exp(x - max))
  T t;        // sum(t)
  T product;  // sum(t * (x - max)): forward only
};

// exps: where exp(x - max) goes, or null.
template <class T>
RowSums<T> sumsOf(const Problem<T>& problem, int64_t r, T* exps) {
  const int64_t n = problem.args.classes;
  const T* x = problem.in + r * n;
  RowSums<T> sums{rowMax(x, n), 0, 0, 0};
  const Vec<T> max(sums.max);
  const auto expAt = [&](int64_t i, int lanes) {
    const Vec<T> e = exp(loadLanes(x + i, lanes) - max);
    if (exps) storeLanes(exps + i, e, lanes);
    return e;
  };
  if (!problem.everywhere) {
    sums.exp = sumRow<T>(n, expAt);
  } else {
    T out[3];
    foldRow<SumOf<T>, T, 3>(
        n,
        [&](int64_t i, int lanes) {
          const Vec<T> t = problem.spreadOver(r, i, lanes);
          return Terms<T, 3>{{expAt(i, lanes), t, t * (loadLanes(x + i, lanes) - max)}};
        },
        out);
    sums.exp = out[0], sums.t = out[1], sums.product = out[2];
  }
  if (!problem.target) {
    sums.t += problem.peak(r);
    sums.product += problem.peak(r) * (x[problem.args.index[r]] - sums.max);
  }
  return sums;
}

// -sum(t * logp), logp = (x - max) - log(sum(exp(x - max)))
template <class T>
T rowLoss(const Problem<T>& problem, int64_t r) {
  if (problem.ignored(r)) return 0;
  if (problem.args.logits) {
    const RowSums<T> sums = sumsOf<T>(problem, r, nullptr);
    return log(sums.exp) * sums.t - sums.product;
  }
  const int64_t n = problem.args.classes;
  const T* logp = problem.in + r * n;
  T product = 0;
  if (problem.everywhere) {
    product = sumRow<T>(
        n, [&](int64_t i, int lanes) { return problem.spreadOver(r, i, lanes) * loadLanes(logp + i, lanes); });
  }
  if (!problem.target) product += problem.peak(r) * logp[problem.args.index[r]];
  return -product;
}

template <class T>
void forward(const CrossEntropyArgs& args) {
  const Problem<T> problem(args);
  const int64_t rows = args.rows;
  T* out = static_cast<T*>(args.out);
  T* losses = args.reduction == Reduction::None ? out : scratch<T>(0, 2 * rows);
  problem.forRows([&](int64_t r) { losses[r] = rowLoss(problem, r); });
  if (args.reduction == Reduction::None) return;
  const T sum = sumRow<T>(rows, [&](int64_t i, int lanes) { return loadLanes(losses + i, lanes); });
  *out = args.reduction == Reduction::Mean ? sum / meanDivisor(problem, losses + rows) : sum;
}

// dx = g * (p * sum(t) - t) by logits, -g * t by log-probabilities
template <class T>
void rowGradient(const Problem<T>& problem, int64_t r, T g, T* dx) {
  const CrossEntropyArgs& args = problem.args;
  const int64_t n = args.classes;
  if (problem.ignored(r)) {
    __builtin_memset(dx, 0, static_cast<size_t>(n) * sizeof(T));
    return;
  }
  const Vec<T> minusG(-g);
  if (args.logits) {
    const RowSums<T> sums = sumsOf(problem, r, dx);
    const Vec<T> scale(g * sums.t / sums.exp);
    forLanes<T>(n, [&](int64_t i, int lanes) {
      const Vec<T> d = loadLanes(dx + i, lanes) * scale;
      storeLanes(dx + i, problem.everywhere ? fma(minusG, problem.spreadOver(r, i, lanes), d) : d, lanes);
    });
  } else if (problem.everywhere) {
    forLanes<T>(n, [&](int64_t i, int lanes) { storeLanes(dx + i, minusG * problem.spreadOver(r, i, lanes), lanes); });
  } else {
    __builtin_memset(dx, 0, static_cast<size_t>(n) * sizeof(T));
  }
  if (!problem.target) dx[args.index[r]] -= g * problem.peak(r);
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
  problem.forRows([&](int64_t r) { rowGradient(problem, r, each ? dout[r] : g, dx + r * args.classes); });
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
