// What the kernels of the family `collective` call: the communicator of this process. Without the standard library (core/kernels/record.h).
#pragma once
#include "core/kernels/collective.h"

namespace anneal::comm {

// Starts a collective, waits for it, or both. Throws Error (Distributed).
void runCollective(const CollectiveArgs& args);

}  // namespace anneal::comm
