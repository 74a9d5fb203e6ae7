// Optimizer updates of all parameters in one call: their elements are cut into tasks as if they lay end to end.
//
// Scalar factors are computed in float64 and rounded once to the parameter's type.
#include "cpu/fold.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kGrain = 1 << 14;  // elements of a task

// Calls body(slot, begin, end) for pieces of the slots.
template <class Body>
void forPieces(const OptimizerArgs& args, Body&& body) {
  int64_t total = 0;
  for (int64_t s = 0; s < args.slots; ++s) total += args.slot[s].count;
  forRange(total, kGrain, [&](int64_t begin, int64_t end) {
    int64_t start = 0;
    for (int64_t s = 0; s < args.slots && start < end; ++s) {
      const OptimizerSlot& slot = args.slot[s];
      const int64_t first = begin > start ? begin - start : 0;
      const int64_t last = end - start < slot.count ? end - start : slot.count;
      if (first < last) body(slot, first, last);
      start += slot.count;
    }
  });
}

template <class T>
struct Lanes {
  T* p;
  ANNEAL_INLINE Lanes(void* base, int64_t begin) : p(base ? static_cast<T*>(base) + begin : nullptr) {}
  ANNEAL_INLINE Vec<T> get(int64_t i, int lanes) const { return loadLanes(p + i, lanes); }
  ANNEAL_INLINE void set(int64_t i, Vec<T> v, int lanes) const { storeLanes(p + i, v, lanes); }
};

template <class T>
ANNEAL_INLINE Vec<T> gradient(const T* grad, int64_t i, int lanes, bool maximize) {
  const Vec<T> g = loadLanes(grad + i, lanes);
  return maximize ? -g : g;
}

// g = grad + weightDecay * param;  buf = momentum * buf + (1 - dampening) * g, or g the first time;
// param -= lr * (nesterov ? g + momentum * buf : buf)
template <class T>
void sgd(const OptimizerArgs& args) {
  const Vec<T> decay(static_cast<T>(args.weightDecay)), momentum(static_cast<T>(args.momentum));
  const Vec<T> fresh(static_cast<T>(1 - args.dampening)), step(static_cast<T>(-args.lr));
  const bool decays = args.weightDecay != 0, moves = args.momentum != 0, maximize = args.maximize;
  const bool nesterov = args.nesterov;
  forPieces(args, [=](const OptimizerSlot& slot, int64_t begin, int64_t end) {
    const T* grad = static_cast<const T*>(slot.grad) + begin;
    const Lanes<T> param(slot.param, begin), buffer(slot.state[0], begin);
    const bool first = slot.first;
    forLanes<T>(end - begin, [=](int64_t i, int lanes) ANNEAL_INLINED {
      const Vec<T> p = param.get(i, lanes);
      Vec<T> g = gradient(grad, i, lanes, maximize);
      if (decays) g = fma(decay, p, g);
      if (moves) {
        const Vec<T> b = first ? g : fma(fresh, g, buffer.get(i, lanes) * momentum);
        buffer.set(i, b, lanes);
        g = nesterov ? fma(momentum, b, g) : b;
      }
      param.set(i, fma(step, g, p), lanes);
    });
  });
}

// Kingma, Ba: "Adam", 2015, algorithm 1; decoupled decay: Loshchilov, Hutter: "Decoupled weight decay regularization",
// 2019; amsgrad: Reddi, Kale, Kumar: "On the convergence of Adam and beyond", 2018.
// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
// param -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps), with the maximum of all v for amsgrad
template <class T>
void adam(const OptimizerArgs& args) {
  const double weight = 1 - args.beta1;
  const bool nearG = weight >= 0.5;  // m + weight (g - m) or g - (1 - weight) (g - m): whichever is exact at its end
  const Vec<T> toG(static_cast<T>(weight)), toM(1 - static_cast<T>(weight));
  const Vec<T> keep(static_cast<T>(args.beta2)), fresh(static_cast<T>(1 - args.beta2));
  const double t = static_cast<double>(args.step);
  const Vec<T> correction(static_cast<T>(1 / __builtin_sqrt(1 - pow(args.beta2, t)))), eps(static_cast<T>(args.eps));
  const Vec<T> step(static_cast<T>(-(args.lr / (1 - pow(args.beta1, t)))));
  const bool decays = args.weightDecay != 0 && !args.decoupled, shrinks = args.weightDecay != 0 && args.decoupled;
  const Vec<T> decay(static_cast<T>(args.weightDecay)), shrink(static_cast<T>(1 - args.lr * args.weightDecay));
  const bool maximize = args.maximize, amsgrad = args.amsgrad;
  forPieces(args, [=](const OptimizerSlot& slot, int64_t begin, int64_t end) {
    const T* grad = static_cast<const T*>(slot.grad) + begin;
    const Lanes<T> param(slot.param, begin), first(slot.state[0], begin), second(slot.state[1], begin);
    const Lanes<T> largest(slot.state[2], begin);
    forLanes<T>(end - begin, [=](int64_t i, int lanes) ANNEAL_INLINED {
      Vec<T> p = param.get(i, lanes), m = first.get(i, lanes), v = second.get(i, lanes);
      Vec<T> g = gradient(grad, i, lanes, maximize);
      if (shrinks) p *= shrink;
      if (decays) g = fma(decay, p, g);
      m = nearG ? g - (g - m) * toM : fma(toG, g - m, m);
      v = fma(fresh * g, g, v * keep);
      first.set(i, m, lanes);
      second.set(i, v, lanes);
      if (amsgrad) {
        v = max(largest.get(i, lanes), v);
        largest.set(i, v, lanes);
      }
      const Vec<T> size = fma(sqrt(v), correction, eps);
      param.set(i, p + (step * m) / size, lanes);
    });
  });
}

}  // namespace

void optimizer(const OptimizerArgs& args) {
  withFloat("optimizer", args.dtype, [&](auto t) {
    using T = typename decltype(t)::type;
    if (args.op == OptimizerOp::SGD)
      sgd<T>(args);
    else
      adam<T>(args);
  });
}

}  // namespace anneal::ANNEAL_LEVEL
