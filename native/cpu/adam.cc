// Steps of Adam and AdamW.
#include "cpu/optimizer.h"
#include "formulas/power.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// The number of the step that is being taken, from 1.
int64_t stepOf(const OptimizerSlot& slot) { return *slot.steps + 1; }

// 1 / sqrt(1 - beta2^t) and -lr / (1 - beta1^t)
template <class T>
T correctionOf(const AdamArgs& args, int64_t t) {
  return static_cast<T>(1 / __builtin_sqrt(1 - wholePower(args.beta2, t)));
}
template <class T>
T stepOf(const AdamArgs& args, int64_t t) {
  return static_cast<T>(-(args.lr / (1 - wholePower(args.beta1, t))));
}

// Kingma, Ba: "Adam", 2015, algorithm 1; decoupled decay: Loshchilov, Hutter: "Decoupled weight decay regularization",
// 2019; amsgrad: Reddi, Kale, Kumar: "On the convergence of Adam and beyond", 2018.
// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
// param -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps), with the maximum of all v for amsgrad
template <class T>
void update(const AdamArgs& args) {
  const double weight = 1 - args.beta1;
  const bool nearG = weight >= 0.5;  // m + weight (g - m) or g - (1 - weight) (g - m): whichever is exact at its end
  const Vec<T> toG(static_cast<T>(weight)), toM(1 - static_cast<T>(weight));
  const Vec<T> keep(static_cast<T>(args.beta2)), fresh(static_cast<T>(1 - args.beta2));
  // Parameters have mostly taken the same number of steps.
  const int64_t common = args.slots > 0 ? stepOf(args.slot[0]) : 1;
  const T commonCorrection = correctionOf<T>(args, common), commonStep = stepOf<T>(args, common);
  const Vec<T> eps(static_cast<T>(args.eps));
  const bool decays = args.weightDecay != 0 && !args.decoupled, shrinks = args.weightDecay != 0 && args.decoupled;
  const Vec<T> decay(static_cast<T>(args.weightDecay)), shrink(static_cast<T>(1 - args.lr * args.weightDecay));
  const bool maximize = args.maximize, amsgrad = args.amsgrad;
  forPieces(args, [=, &args](const OptimizerSlot& slot, int64_t begin, int64_t end) {
    const T* grad = static_cast<const T*>(slot.grad) + begin;
    const Lanes<T> param(slot.param, begin), first(slot.state[0], begin), second(slot.state[1], begin);
    const Lanes<T> largest(slot.state[2], begin);
    const int64_t t = stepOf(slot);
    const Vec<T> correction(t == common ? commonCorrection : correctionOf<T>(args, t));
    const Vec<T> step(t == common ? commonStep : stepOf<T>(args, t));
    forLanes<T>(end - begin, [=](int64_t i, int lanes) ANNEAL_INLINED {
      Vec<T> p = param.get(i, lanes), m = first.get(i, lanes), v = second.get(i, lanes);
      Vec<T> g = gradient(grad, i, lanes, maximize);
      if (shrinks) p *= shrink;
      if (decays) g = fma(decay, p, g);
      m = nearG ? fma(m - g, toM, g) : fma(toG, g - m, m);
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

void adam(const AdamArgs& args) {
  withFloat("adam", args.dtype, [&](auto t) { update<typename decltype(t)::type>(args); });
  countStep(args);
}

}  // namespace anneal::ANNEAL_LEVEL
