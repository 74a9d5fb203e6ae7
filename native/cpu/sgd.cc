// Steps of stochastic gradient descent.
#include "cpu/optimizer.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// g = grad + weightDecay * param;  buf = momentum * buf + (1 - dampening) * g, or g the first time;
// param -= lr * (nesterov ? g + momentum * buf : buf)
template <class T>
void update(const SgdArgs& args) {
  const Vec<T> decay(static_cast<T>(args.weightDecay)), momentum(static_cast<T>(args.momentum));
  const Vec<T> fresh(static_cast<T>(1 - args.dampening)), step(static_cast<T>(-args.lr));
  const bool decays = args.weightDecay != 0, moves = args.momentum != 0, maximize = args.maximize;
  const bool nesterov = args.nesterov;
  forPieces(args, [=](const OptimizerSlot& slot, int64_t begin, int64_t end) {
    const T* grad = static_cast<const T*>(slot.grad) + begin;
    const Lanes<T> param(slot.param, begin), buffer(slot.state[0], begin);
    const bool first = slot.first || (slot.steps && *slot.steps == 0);
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

}  // namespace

void sgd(const SgdArgs& args) {
  withFloat("sgd", args.dtype, [&](auto t) { update<typename decltype(t)::type>(args); });
  countStep(args);
}

}  // namespace anneal::ANNEAL_LEVEL
