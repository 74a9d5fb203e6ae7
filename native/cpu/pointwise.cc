// out = f(in...) over broadcast shapes: walks the shape tile by tile and calls the operator's tile function (tile.h).
#include "cpu/kernels.h"
#include "cpu/operands.h"
#include "cpu/tile.h"

namespace anneal::ANNEAL_LEVEL {

TileFunction tileFunction(PointwiseOp op, DType dtype) {
  return kTileRows[static_cast<int>(op)].tiles[static_cast<int>(dtype)];
}

void pointwise(const PointwiseArgs& args) {
  const TileRow& row = kTileRows[static_cast<int>(args.op)];
  const TileFunction tile = row.tiles[static_cast<int>(args.dtype)];
  if (tile == nullptr) {
    fail(ErrorKind::DType, "[pointwise] operator %d has no kernel for dtype code %d on cpu", static_cast<int>(args.op),
         static_cast<int>(args.dtype));
  }
  const int size = elementSize(args.dtype);
  const int outSize = row.kind == Kind::Compare ? 1 : size;

  Operands operands(args.rank, args.shape);
  for (int i = 0; i < args.inputs; i++) {
    operands.add(args.in[i], args.strides[i], row.kind == Kind::Select && i == 0 ? 1 : size);
  }
  operands.cut(row.cost);
  forRange(operands.tiles, operands.tilesPerTask, [&](int64_t begin, int64_t end) {
    TileWalk walk(operands, begin);
    for (int64_t t = begin; t < end; t++) {
      const int64_t n = walk.next();
      tile(static_cast<char*>(args.out) + walk.offset() * outSize, walk.in(), n, args.params);
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL
