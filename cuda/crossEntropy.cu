// Losses over classes, from logits or log-probabilities [rows, classes], and their gradients; a team for each row.
//
// Every target is a row t of class weights: the loss is -sum(t * logp), its gradient by the logits p * sum(t) - t.
//   class y        t[c] = weight[c] * ((1 - labelSmoothing) * (c == y) + labelSmoothing / classes)
//   probabilities  t[c] = weight[c] * ((1 - labelSmoothing) * target[c] + labelSmoothing / classes)
// The mean divides by the sum of the weights of the classes y, or by the number of rows for probabilities.
#include <type_traits>

#include "device/dtypes.h"
#include "device/fault.h"
#include "device/row.h"
#include "kernels.h"

namespace anneal::device {

namespace {

struct Params {
  bool logits;
  int64_t rows, classes, ignoreIndex;
  double share, spread;  // 1 - labelSmoothing, labelSmoothing / classes
  bool everywhere;       // t has values beside that of class y
  const void* in;
  const int64_t* index;
  const void *target, *weight;
  const void* dout;  // backward: one per row if `each`, else one
  bool each;
  const void* divisor;  // backward, of the mean: what dout is divided by; else null
  void* out;            // forward: a loss per row
  void* weights;        // forward: what the mean adds up for each row; or null
  FaultRecord* fault;
};

template <class T, class Team>
struct Problem {
  using V = Lane<T>;
  const Params& p;
  const Row<Team>& row;
  const T *x, *target, *weight;
  int64_t y;    // the class, where there is one
  bool counts;  // false: ignored, or outside of the classes

  ANNEAL_INLINE Problem(const Params& params, const Row<Team>& r)
      : p(params),
        row(r),
        x(static_cast<const T*>(p.in) + r.index * p.classes),
        target(static_cast<const T*>(p.target) + (p.target ? r.index * p.classes : 0)),
        weight(static_cast<const T*>(p.weight)),
        y(p.index ? p.index[r.index] : 0),
        counts(p.target || static_cast<uint64_t>(y) < static_cast<uint64_t>(p.classes)) {
    if (!counts && y != p.ignoreIndex) row.once([&] { report(p.fault, row.index, y); });
    if (!p.target && y == p.ignoreIndex) counts = false;
  }

  ANNEAL_INLINE V share() const { return static_cast<T>(p.share); }
  ANNEAL_INLINE V ownWeight() const { return weight ? weight[y] : T(1); }
  ANNEAL_INLINE bool hasPeak() const { return !p.target && counts; }
  ANNEAL_INLINE V peak() const { return share() * ownWeight(); }  // t[y] without what is spread everywhere
  // t[c] without the peak
  ANNEAL_INLINE V spreadAt(int64_t c) const {
    V t(static_cast<T>(p.spread));
    if (p.target) t = fma(V(target[c]), share(), t);
    return weight ? t * V(weight[c]) : t;
  }

  // What the losses of logits are made of.
  struct Sums {
    V max, exp, t, product;  // sum(exp(x - max)), sum(t), sum(t * (x - max))
  };
  ANNEAL_INLINE Sums sums() const {
    Sums s{row.max(x), V(T(0)), V(T(0)), V(T(0))};
    const V max = s.max;
    s.exp = row.template sum<T>([&](int64_t c) { return expNotPositive(V(x[c]) - max); });
    if (p.everywhere) {
      s.t = row.template sum<T>([&](int64_t c) { return spreadAt(c); });
      s.product = row.template sum<T>([&](int64_t c) { return spreadAt(c) * (V(x[c]) - max); });
    }
    if (hasPeak()) {
      s.t = s.t + peak();
      s.product = fma(peak(), V(x[y]) - max, s.product);
    }
    return s;
  }
};

// loss[r] = -sum(t * logp); by logits logp = (x - max) - log(sum(exp(x - max)))
template <class T, class Team>
ANNEAL_KERNEL(kTeamBlock)
losses(const Params p) {
  using V = Lane<T>;
  const Row<Team> row(p.rows, p.classes);
  const Problem<T, Team> problem(p, row);
  V loss(T(0));
  if (p.logits) {
    const auto s = problem.sums();
    loss = fma(log(s.exp), s.t, -s.product);
  } else {
    V product(T(0));
    if (p.everywhere) {
      product = row.template sum<T>([&](int64_t c) { return problem.spreadAt(c) * V(problem.x[c]); });
    }
    if (problem.hasPeak()) product = fma(problem.peak(), V(problem.x[problem.y]), product);
    loss = -product;
  }
  row.once([&] {
    static_cast<T*>(p.out)[row.index] = problem.counts ? loss.raw : T(0);
    if (p.weights) static_cast<T*>(p.weights)[row.index] = problem.counts ? problem.ownWeight().raw : T(0);
  });
}

// The weights of all rows, where the losses are not computed.
template <class T, class Team>
ANNEAL_KERNEL(kTeamBlock)
rowWeights(const Params p) {
  const Row<Team> row(p.rows, 1);
  const Problem<T, Team> problem(p, row);
  row.once([&] { static_cast<T*>(p.weights)[row.index] = problem.counts ? problem.ownWeight().raw : T(0); });
}

// dx = g * (p * sum(t) - t) by logits, -g * t by log-probabilities
template <class T, class Team>
ANNEAL_KERNEL(kTeamBlock)
gradients(const Params p) {
  using V = Lane<T>;
  const Row<Team> row(p.rows, p.classes);
  const Problem<T, Team> problem(p, row);
  V g(static_cast<const T*>(p.dout)[p.each ? row.index : 0]);
  if (p.divisor) g = g / V(*static_cast<const T*>(p.divisor));
  T* const dx = static_cast<T*>(p.out) + row.index * p.classes;
  V max(T(0)), scale(T(0));
  if (p.logits) {
    const auto s = problem.sums();
    max = s.max;
    scale = g * s.t / s.exp;
  }
  row.each([&](int64_t c) {
    V d = p.logits ? expNotPositive(V(problem.x[c]) - max) * scale : V(T(0));
    if (p.everywhere) d = fma(-g, problem.spreadAt(c), d);
    if (problem.hasPeak() && c == problem.y) d = fma(-g, problem.peak(), d);
    dx[c] = problem.counts ? d.raw : T(0);
  });
}

struct DivideParams {
  const void *sum, *by;  // `by` null: by `count`
  int64_t count;
  void* out;
};
template <class T>
ANNEAL_KERNEL(kWarp)
divide(const DivideParams p) {
  if (threadIndex() > 0) return;
  const T by = p.by ? *static_cast<const T*>(p.by) : static_cast<T>(p.count);
  *static_cast<T*>(p.out) = *static_cast<const T*>(p.sum) / by;
}

void sumAll(CudaQueue& queue, DType dtype, int64_t count, const void* values, void* sum) {
  ReduceArgs args{};
  args.op = ReduceOp::Sum;
  args.dtype = dtype;
  args.outer = args.inner = 1;
  args.extent = count;
  args.src = values;
  args.dst = sum;
  reduce(queue, args);
}

[[noreturn]] void explain(const FaultRecord& found, const FaultNote& note) {
  fail(ErrorKind::Index, "[%s] target %lld is outside [0, %lld) at row %lld", note.op,
       static_cast<long long>(found.index), static_cast<long long>(note.extent),
       static_cast<long long>(found.position));
}

template <class T>
void run(CudaQueue& queue, const CrossEntropyArgs& args, Params p) {
  // Losses, weights and their sums, in memory that the reductions do not take for themselves.
  T* const spare = static_cast<T*>(queue.scratch(static_cast<size_t>(2 * args.rows + 2) * sizeof(T), 1));
  T *const rowLosses = spare, *const weights = spare + args.rows, *const sums = spare + 2 * args.rows;
  const bool mean = args.reduction == Reduction::Mean, summed = args.reduction != Reduction::None;
  const bool weighs = mean && !args.target;
  const auto overRows = [&](int64_t extent, auto kernelOf) {
    if (args.rows == 0) return;
    withTeam(extent, [&](auto* team) {
      using Team = std::remove_pointer_t<decltype(team)>;
      launch(queue, Team::grid(args.rows), kTeamBlock, kernelOf(team), p);
    });
  };
  p.weights = weighs ? resolve(weights) : nullptr;
  if (args.backward) {
    T* const rows = sums + 1;
    if (weighs) {
      overRows(1, [](auto* team) { return rowWeights<T, std::remove_pointer_t<decltype(team)>>; });
      sumAll(queue, args.dtype, args.rows, weights, rows);
      p.divisor = resolve(rows);
    } else if (mean) {
      FillArgs fillArgs{};
      fillArgs.op = FillOp::Constant;
      fillArgs.dtype = args.dtype;
      fillArgs.count = 1;
      fillArgs.start = static_cast<double>(args.rows);
      fillArgs.out = rows;
      fill(queue, fillArgs);
      p.divisor = resolve(rows);
    }
    return overRows(args.classes, [](auto* team) { return gradients<T, std::remove_pointer_t<decltype(team)>>; });
  }
  if (summed) p.out = resolve(rowLosses);
  overRows(args.classes, [](auto* team) { return losses<T, std::remove_pointer_t<decltype(team)>>; });
  if (!summed) return;
  if (!mean) return sumAll(queue, args.dtype, args.rows, rowLosses, args.out);
  sumAll(queue, args.dtype, args.rows, rowLosses, sums);
  if (weighs) sumAll(queue, args.dtype, args.rows, weights, sums + 1);
  launch(queue, {1}, kWarp, divide<T>,
         DivideParams{resolve(sums), weighs ? resolve(sums + 1) : nullptr, args.rows, resolve(args.out)});
}

}  // namespace

void crossEntropy(CudaQueue& queue, const CrossEntropyArgs& args) {
  Params p{};
  p.logits = args.logits;
  p.rows = args.rows;
  p.classes = args.classes;
  p.ignoreIndex = args.ignoreIndex;
  p.share = 1 - args.labelSmoothing;
  p.spread = args.labelSmoothing / static_cast<double>(args.classes);
  p.everywhere = args.target != nullptr || args.labelSmoothing != 0;
  p.in = resolve(args.in);
  p.index = resolve(args.index);
  p.target = resolve(args.target);
  p.weight = resolve(args.weight);
  p.dout = resolve(args.dout);
  p.each = args.reduction == Reduction::None;
  p.out = resolve(args.out);
  if (args.index) {
    p.fault = queue.expectFault({explain, args.logits ? "crossEntropy" : "nll", args.classes});
  }
  withFloat("crossEntropy", args.dtype, [&](auto t) { run<typename decltype(t)::type>(queue, args, p); });
  if (args.index) queue.launched();
}

}  // namespace anneal::device
