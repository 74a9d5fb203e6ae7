// Collectives of processes, whatever the instruction set.
#include "comm/kernel.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {

void collective(const CollectiveArgs& args) { comm::runCollective(args); }

}  // namespace anneal::ANNEAL_LEVEL
