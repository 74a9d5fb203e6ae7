// out = f(in...) over broadcast shapes: walks the shape tile by tile and calls the operator's tile function (tile.h).
#include "cpu/fused/program.h"
#include "cpu/kernels.h"
#include "cpu/operands.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// Cheap, and on more than the caches hold: written past them, as strands do.
bool streams(const PointwiseArgs& args) {
  if (args.dtype != DType::Float32 || args.inputs > 2 || tileRow(args.op).cost > 1) return false;
  if (strandFunction(args.op, kRunningNone) == nullptr) return false;
  int64_t bytes = (args.inputs + 1) * int64_t{sizeof(float)};
  for (int d = 0; d < args.rank; d++) bytes *= args.shape[d];
  return bytes > kStreamBytes;
}

// A chain of one.
void stream(const PointwiseArgs& args) {
  FusedOperand inputs[2] = {}, output{};
  FusedStep step{};
  FusedArgs chain{};
  chain.rank = args.rank;
  for (int d = 0; d < args.rank; d++) chain.shape[d] = args.shape[d];
  for (int i = 0; i < args.inputs; i++) {
    inputs[i].data = const_cast<void*>(args.in[i]);
    inputs[i].dtype = args.dtype;
    inputs[i].reg = step.in[i] = static_cast<uint16_t>(i);
    for (int d = 0; d < args.rank; d++) inputs[i].strides[d] = args.strides[i][d];
  }
  step.kind = FusedKind::Pointwise;
  step.op = args.op;
  step.dtype = args.dtype;
  for (int i = 0; i < kPointwiseParams; i++) step.params[i] = args.params[i];
  output.data = args.out;
  output.dtype = args.dtype;
  output.reg = step.out = static_cast<uint16_t>(args.inputs);
  chain.inputCount = args.inputs;
  chain.outputCount = chain.stepCount = 1;
  chain.registers = args.inputs + 1;
  chain.inputs = inputs;
  chain.outputs = &output;
  chain.steps = &step;
  fused(chain);
}

}  // namespace

void pointwise(const PointwiseArgs& args) {
  if (streams(args)) return stream(args);
  const TileFunction tile = tileFunction("pointwise", args.op, args.dtype);
  const TileRow& row = tileRow(args.op);
  const int size = elementSize(args.dtype);
  const int outSize = row.kind == Kind::Compare ? 1 : size;

  Operands operands;
  operands.start(args.rank, args.shape);
  for (int i = 0; i < args.inputs; i++) {
    operands.add(args.in[i], args.strides[i], row.kind == Kind::Select && i == 0 ? 1 : size);
  }
  operands.classify(false);
  operands.cut(row.cost, kTile);
  forRange(operands.units, operands.unitsPerTask, [&](int64_t begin, int64_t end) {
    TileWalk walk(operands, begin, end);
    while (walk.next()) {
      tile(static_cast<char*>(args.out) + walk.offset() * outSize, walk.in(), walk.elements(), args.params,
           operands.fixed);
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL
