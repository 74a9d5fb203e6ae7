// Steps of Adam and AdamW, with the CPU's bits.
#include "device/dtypes.h"
#include "device/lane.h"
#include "formulas/power.h"
#include "kernels.h"
#include "optimizer.h"

namespace anneal::device {

namespace {

struct Factors {
  double lr, beta1, beta2, eps, weightDecay;
  bool decoupled, maximize, amsgrad;
};

// The formulas are explained in native/cpu/adam.cc.
template <class T>
ANNEAL_KERNEL(kOptimizerThreads)
update(const OptimizerParams<Factors> p) {
  using V = Lane<T>;
  const OptimizerPlace place(p);
  const OptimizerSlot& slot = p.slot[place.slot];
  const Factors& f = p.factors;
  const int64_t t = *slot.steps + 1;
  const V correction(static_cast<T>(1 / sqrt(Lane<double>(1 - wholePower(f.beta2, t))).raw));
  const V step(static_cast<T>(-(f.lr / (1 - wholePower(f.beta1, t)))));
  const double weight = 1 - f.beta1;
  const bool nearG = weight >= 0.5;  // m + weight (g - m) or g - (1 - weight) (g - m): whichever is exact at its end
  const V toG(static_cast<T>(weight)), toM(1 - static_cast<T>(weight));
  const V keep(static_cast<T>(f.beta2)), fresh(static_cast<T>(1 - f.beta2)), eps(static_cast<T>(f.eps));
  const bool decays = f.weightDecay != 0 && !f.decoupled, shrinks = f.weightDecay != 0 && f.decoupled;
  const V decay(static_cast<T>(f.weightDecay)), shrink(static_cast<T>(1 - f.lr * f.weightDecay));
  T* const param = static_cast<T*>(slot.param);
  T* const first = static_cast<T*>(slot.state[0]);
  T* const second = static_cast<T*>(slot.state[1]);
  T* const largest = static_cast<T*>(slot.state[2]);
  const T* const grad = static_cast<const T*>(slot.grad);
  const int64_t end = slot.count - place.begin < kOptimizerBlock ? slot.count : place.begin + kOptimizerBlock;
  for (int64_t i = place.begin + threadIndex(); i < end; i += kOptimizerThreads) {
    V x(param[i]), m(first[i]), v(second[i]), g(grad[i]);
    if (f.maximize) g = -g;
    if (shrinks) x = x * shrink;
    if (decays) g = fma(decay, x, g);
    m = nearG ? fma(m - g, toM, g) : fma(toG, g - m, m);
    v = fma(fresh * g, g, v * keep);
    first[i] = m.raw;
    second[i] = v.raw;
    if (f.amsgrad) {
      v = max(V(largest[i]), v);
      largest[i] = v.raw;
    }
    const V size = fma(sqrt(v), correction, eps);
    param[i] = (x + (step * m) / size).raw;
  }
}

}  // namespace

void adam(CudaQueue& queue, const AdamArgs& args) {
  const Factors factors{args.lr,          args.beta1,     args.beta2,    args.eps,
                        args.weightDecay, args.decoupled, args.maximize, args.amsgrad};
  withFloat("adam", args.dtype,
            [&](auto t) { launchOptimizer(queue, args, factors, update<typename decltype(t)::type>); });
}

}  // namespace anneal::device
