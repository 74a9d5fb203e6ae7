// Steps of stochastic gradient descent, with the CPU's bits.
#include "device/dtypes.h"
#include "kernels.h"
#include "optimizer.h"

namespace anneal::device {

namespace {

struct Factors {
  double lr, momentum, dampening, weightDecay;
  bool nesterov, maximize;
};

// g = grad + weightDecay * param;  buf = momentum * buf + (1 - dampening) * g, or g the first time;
// param -= lr * (nesterov ? g + momentum * buf : buf)
template <class T>
ANNEAL_KERNEL(kOptimizerThreads)
update(const OptimizerParams<Factors> p) {
  using V = Lane<T>;
  const OptimizerPlace place(p);
  const OptimizerSlot& slot = p.slot[place.slot];
  const Factors& f = p.factors;
  const V decay(static_cast<T>(f.weightDecay)), momentum(static_cast<T>(f.momentum));
  const V fresh(static_cast<T>(1 - f.dampening)), step(static_cast<T>(-f.lr));
  T* const param = static_cast<T*>(slot.param);
  T* const buffer = static_cast<T*>(slot.state[0]);
  const T* const grad = static_cast<const T*>(slot.grad);
  const bool first = slot.first || (slot.steps && *slot.steps == 0);
  const int64_t end = slot.count - place.begin < kOptimizerBlock ? slot.count : place.begin + kOptimizerBlock;
  for (int64_t i = place.begin + threadIndex(); i < end; i += kOptimizerThreads) {
    const V weight(param[i]);
    V g(grad[i]);
    if (f.maximize) g = -g;
    if (f.weightDecay != 0) g = fma(decay, weight, g);
    if (f.momentum != 0) {
      const V b = first ? g : fma(fresh, g, V(buffer[i]) * momentum);
      buffer[i] = b.raw;
      g = f.nesterov ? fma(momentum, b, g) : b;
    }
    param[i] = fma(step, g, weight).raw;
  }
}

}  // namespace

void sgd(CudaQueue& queue, const SgdArgs& args) {
  const Factors factors{args.lr, args.momentum, args.dampening, args.weightDecay, args.nesterov, args.maximize};
  withFloat("sgd", args.dtype,
            [&](auto t) { launchOptimizer(queue, args, factors, update<typename decltype(t)::type>); });
}

}  // namespace anneal::device
