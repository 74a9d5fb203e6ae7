// The backend table of one instruction-set level.
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {

extern const Backend backend;
const Backend backend = {
    .name = "cpu",
    .pointwise = pointwise,
    .fused = fused,
    .copy = copy,
    .fill = fill,
    .random = random,
    .reduce = reduce,
    .matmul = matmul,
    .packSize = packSize,
    .packOperand = packOperand,
    .softmax = softmax,
    .crossEntropy = crossEntropy,
    .index = index,
    .optimizer = optimizer,
};

}  // namespace anneal::ANNEAL_LEVEL
