// The backend table of one instruction-set level.
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {

extern const Backend backend;
const Backend backend = {
    .name = "cpu",
#define ANNEAL_KERNEL(Name, slot) .slot = slot,
    ANNEAL_FAMILIES(ANNEAL_KERNEL)
#undef ANNEAL_KERNEL
        .packSize = packSize,
    .packOperand = packOperand,
};

}  // namespace anneal::ANNEAL_LEVEL
