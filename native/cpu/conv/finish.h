// What becomes of sums on their way into the result: dst = activation(scale * sum + shift + residual, gate), with scale and shift by
// channel. Scaled and shifted is rounded once.
#pragma once
#include "cpu/gemm/epilogue.h"

namespace anneal::ANNEAL_LEVEL::convolution {

using gemm::W;

template <class T>
struct Finish {
  const T* origin;  // of the result; what lies like it is found by the distance from here
  const T* scale;
  const T* shift;
  const T* residual;
  Activation activation = Activation::None;
  const T* gate;
  TileFunction function = nullptr;
  const double* params;

  explicit Finish(const ConvArgs& args)
      : origin(static_cast<const T*>(args.dst)),
        scale(static_cast<const T*>(args.scale)),
        shift(static_cast<const T*>(args.shift)),
        residual(static_cast<const T*>(args.residual)),
        gate(static_cast<const T*>(args.gate)),
        params(args.params) {
    const AppliedActivation applied = appliedActivation("conv", args.activation, args.dtype);
    activation = applied.how;
    function = applied.function;
  }

  // Whether nothing follows the sums but a term by channel.
  bool onlyShifts() const { return !scale && !residual && activation == Activation::None; }
  // That term; minus zero adds nothing.
  T bias(int64_t channel) const { return shift ? shift[channel] : -T{0}; }

  // All but a tile function, of n neighbours of a channel that go to `at`.
  ANNEAL_INLINE Vec<T> apply(Vec<T> v, int64_t channel, const T* at, int n) const {
    if (scale)
      v = shift ? fma(v, Vec<T>(scale[channel]), Vec<T>(shift[channel])) : v * Vec<T>(scale[channel]);
    else if (shift)
      v += Vec<T>(shift[channel]);
    if (residual) v += loadLanes(residual + (at - origin), n);
    if (activation == Activation::Relu) v = ReluFormula::apply(v, nullptr);
    if (activation == Activation::ReluBackward) {
      v = ReluBackwardFormula::apply(v, loadLanes(gate + (at - origin), n), nullptr);
    }
    return v;
  }

  // The tile function, if that is the activation, on n neighbours that are otherwise done.
  ANNEAL_INLINE void activate(T* at, int64_t n) const {
    if (activation != Activation::Tile) return;
    const void* in[] = {at, gate ? gate + (at - origin) : nullptr};
    function(at, in, n, params, 0);
  }

  // n neighbouring sums of a channel, to elements that lie `step` apart.
  void store(const T* sums, int64_t n, int64_t channel, T* to, int64_t step) const {
    if (step != 1) return storeApart(sums, n, channel, to, step);
    int64_t i = 0;
    for (; i + W<T> <= n; i += W<T>) {
      anneal::ANNEAL_LEVEL::store(to + i, apply(load(sums + i), channel, to + i, W<T>));
    }
    if (i < n) {
      const int rest = static_cast<int>(n - i);
      storePartial(to + i, apply(loadPartial(sums + i, rest), channel, to + i, rest), rest);
    }
    activate(to, n);
  }

 private:
  void storeApart(const T* sums, int64_t n, int64_t channel, T* to, int64_t step) const {
    if (residual || activation != Activation::None) {
      for (int64_t i = 0; i < n; ++i) storeOne(sums[i], channel, to + i * step);
    } else if (scale) {
      const T factor = scale[channel];
      for (int64_t i = 0; i < n; ++i) to[i * step] = shift ? fma(sums[i], factor, shift[channel]) : sums[i] * factor;
    } else if (shift) {
      const T term = shift[channel];
      for (int64_t i = 0; i < n; ++i) to[i * step] = sums[i] + term;
    } else {
      for (int64_t i = 0; i < n; ++i) to[i * step] = sums[i];
    }
  }
  void storeOne(T sum, int64_t channel, T* to) const {
    storePartial(to, apply(Vec<T>(sum), channel, to, 1), 1);
    activate(to, 1);
  }
};

}  // namespace anneal::ANNEAL_LEVEL::convolution
