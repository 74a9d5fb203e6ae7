// Convolutions on a CPU, and their gradients.
#include "cpu/conv/directions.h"
#include "cpu/conv/weight.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {

void conv(const ConvArgs& args) {
  withFloat("conv", args.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    if (args.batch == 0) {  // sums of nothing
      const int64_t size = args.outChannels * (args.inChannels / args.groups) * convolution::placesOf(args.kernel);
      __builtin_memset(args.dst, 0, static_cast<size_t>(size) * sizeof(T));
      return;
    }
    switch (args.op) {
      case ConvOp::Forward: return convolution::forward<T>(args);
      case ConvOp::BackwardInput: return convolution::InputGradient<T>(args).run();
      case ConvOp::BackwardWeight: return convolution::weightGradient<T>(args);
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL
