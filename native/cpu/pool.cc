// Pooling: the largest element and the mean of windows, and their gradients.
#include "cpu/kernels.h"
#include "cpu/pool/average.h"
#include "cpu/pool/max.h"

namespace anneal::ANNEAL_LEVEL {

void pool(const PoolArgs& args) {
  const auto withNumber = [&](auto&& body) {
    withAny("maxPool", args.dtype, [&](auto t) {
      if constexpr (__is_same(typename decltype(t)::type, bool))
        failDType("maxPool", args.dtype);
      else
        body(t);
    });
  };
  switch (args.op) {
    case PoolOp::Max: return withNumber([&](auto t) { maxForward<typename decltype(t)::type>(args); });
    case PoolOp::MaxBackward:
      return withFloat("maxPool", args.dtype, [&](auto t) { maxBackward<typename decltype(t)::type>(args); });
    case PoolOp::MaxPick:
      return withFloat("maxPool", args.dtype, [&](auto t) { maxPick<typename decltype(t)::type>(args); });
    case PoolOp::Avg:
      return withFloat("avgPool", args.dtype, [&](auto t) { Average<typename decltype(t)::type>(args).forward(); });
    case PoolOp::AvgBackward:
      return withFloat("avgPool", args.dtype, [&](auto t) { Average<typename decltype(t)::type>(args).backward(); });
  }
}

}  // namespace anneal::ANNEAL_LEVEL
