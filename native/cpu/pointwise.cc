// out = f(in...) over broadcast shapes: walks the shape tile by tile and calls the operator's tile function (tile.h).
#include "cpu/kernels.h"
#include "cpu/operands.h"

namespace anneal::ANNEAL_LEVEL {

void pointwise(const PointwiseArgs& args) {
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
