// The kernels of one instruction-set level, one per family, each defined in the file of its family.
#pragma once
#include "core/kernels.h"

namespace anneal::ANNEAL_LEVEL {

#define ANNEAL_KERNEL(Name, slot) void slot(const Name##Args& args);
ANNEAL_FAMILIES(ANNEAL_KERNEL)
#undef ANNEAL_KERNEL
size_t packSize(const MatmulArgs& args);
void packOperand(const PackArgs& args);

}  // namespace anneal::ANNEAL_LEVEL
