// Normalisation: which kernel, and the running statistics.
#include "cpu/norm/parts.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// running = (1 - f) running + f value, with f the momentum, or 1 / (batches so far)
template <class T>
void track(const NormArgs& args) {
  const double batches = args.counted ? static_cast<double>(*args.counted + 1) : 1;
  const double fresh = args.cumulative ? 1 / batches : args.momentum;
  const auto move = [&](void* running, const void* values, double scale) {
    T* const to = static_cast<T*>(running);
    const T* const from = static_cast<const T*>(values);
    const Vec<T> kept(static_cast<T>(1 - fresh)), added(static_cast<T>(fresh * scale));
    forLanes<T>(args.channels, [&](int64_t i, int lanes) ANNEAL_INLINED {
      storeLanes(to + i, fma(added, loadLanes(from + i, lanes), loadLanes(to + i, lanes) * kept), lanes);
    });
  };
  move(args.runningMean, args.meanIn, 1);
  move(args.runningVariance, args.spreadIn, args.correction);
  if (args.counted) ++*args.counted;
}

// Of no elements there is no mean, and the gradients by weight and bias are sums of nothing.
template <class T>
void normNothing(const NormArgs& args) {
  const auto fill = [](void* to, int64_t count, double value) {
    for (int64_t i = 0; to && i < count; ++i) static_cast<T*>(to)[i] = static_cast<T>(value);
  };
  fill(args.mean, args.statistics(), __builtin_nan(""));
  fill(args.spread, args.statistics(), __builtin_nan(""));
  fill(args.dweight, args.affine(), 0);
  fill(args.dbias, args.affine(), 0);
}

}  // namespace

void norm(const NormArgs& args) {
  if (args.op != NormOp::Track && args.outer * args.channels * args.inner == 0) {
    return withFloat("norm", args.dtype, [&](auto t) { normNothing<typename decltype(t)::type>(args); });
  }
  switch (args.op) {
    case NormOp::Rows: return normRows(args);
    case NormOp::RowsBackward: return normRowsBackward(args);
    case NormOp::Groups: return normGroups(args);
    case NormOp::GroupsBackward: return normGroupsBackward(args);
    case NormOp::Channels: return args.inner < kPlane ? normColumns(args) : normPlanes(args);
    case NormOp::ChannelsBackward: return args.inner < kPlane ? normColumnsBackward(args) : normPlanesBackward(args);
    case NormOp::Track: return withFloat("norm", args.dtype, [&](auto t) { track<typename decltype(t)::type>(args); });
  }
}

}  // namespace anneal::ANNEAL_LEVEL
