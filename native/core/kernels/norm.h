// Normalisation of rows (layer norm, RMS norm), of groups of channels, of channels over a batch; and running statistics.
//
// x is dense [outer, channels, inner]. What shares a mean and a variance, and where weight and bias are:
//   Rows       [inner] of each outer; weight and bias [inner]. channels is 1
//   Groups     [channels / groups, inner] of each outer and group; weight and bias [channels]
//   Channels   [outer, inner] of each channel; weight and bias [channels]
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class NormOp : uint8_t {
  Rows,  // y = (x - mean) * rstd * weight + bias, rstd = 1 / sqrt(variance + eps)
  RowsBackward,
  Groups,
  GroupsBackward,
  Channels,
  ChannelsBackward,
  Track,  // running statistics move towards those of a batch, and the batch is counted
};

struct NormArgs {
  NormOp op;
  DType dtype;
  bool centered;  // Rows: false takes no mean off, and rstd = 1 / sqrt(mean of squares + eps)
  int64_t outer, channels, inner, groups;
  double eps;
  const void* x;
  const void* weight;  // or null
  const void* bias;    // or null
  const void* dout;    // backward
  // What the forward pass has found, for backward and Track.
  const void* meanIn;    // null where not centered
  const void* spreadIn;  // rstd; of Channels and Track the biased variance
  void* y;               // forward: y; backward: dx
  void* mean;            // forward; null where not centered
  void* spread;          // forward
  void* dweight;         // backward, or null
  void* dbias;           // backward, or null
  // Track: [channels] each, and one count, or null.
  void* runningMean;
  void* runningVariance;
  int64_t* counted;
  bool cumulative;    // the weight of this batch is 1 / (batches so far, this one included)
  double momentum;    // or this
  double correction;  // what a biased variance is multiplied by

  int64_t affine() const { return op == NormOp::Rows || op == NormOp::RowsBackward ? inner : channels; }
  int64_t statistics() const {
    switch (op) {
      case NormOp::Rows:
      case NormOp::RowsBackward: return outer;
      case NormOp::Groups:
      case NormOp::GroupsBackward: return outer * groups;
      default: return channels;
    }
  }

  template <class F>
  void pointers(F&& f) {
    const Extent whole = denseExtent(dtype, outer * channels * inner);
    const Extent each = denseExtent(dtype, statistics()), along = denseExtent(dtype, affine());
    f(x, Role::Read, whole);
    f(weight, Role::Read, along);
    f(bias, Role::Read, along);
    f(dout, Role::Read, whole);
    f(meanIn, Role::Read, each);
    f(spreadIn, Role::Read, each);
    f(y, Role::Write, whole);
    f(mean, Role::Write, each);
    f(spread, Role::Write, each);
    f(dweight, Role::Write, along);
    f(dbias, Role::Write, along);
    f(runningMean, Role::Update, each);
    f(runningVariance, Role::Update, each);
    f(counted, Role::Update, denseExtent(DType::Int64, 1));
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.dims({outer, channels, inner});
  }
  double flops() const { return 8.0 * static_cast<double>(outer * channels * inner); }
};

}  // namespace anneal
