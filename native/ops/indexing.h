// What the operators that pick and write by index share: indices as int64, and the dense [outer, extent, inner] around an axis.
#pragma once
#include "ops/operator.h"

namespace anneal {

// The axis of an operator whose first attribute it is.
int indexAxis(const Call& call);

// A scalar is a tensor of one element here, as in PyTorch.
Tensor asVector(const Tensor& t);
Dims asVector(const Dims& shape);

// Makes input i int64, or refuses it.
void toIndex(Call& call, int i);

// [outer, extent, inner] around `axis` of `shape`.
IndexArgs argsAround(const Call& call, IndexOp op, const Dims& shape, int axis);

// t, from its beginning, cut to `shape` along all dimensions but `whole` (-1: along all); recorded.
Tensor cutTo(Tensor t, const Dims& shape, int whole);

// Whether an index of the shape picks from t: of as many dimensions, and no larger except along `axis`.
bool picksFrom(const Dims& index, const Tensor& t, int axis);
[[noreturn]] void failIndex(const Call& call, const Tensor& t, int axis);

}  // namespace anneal
