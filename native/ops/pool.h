// The records of pooling operators, but for dtype and pointers. Each checks what the call has.
#pragma once
#include "ops/operator.h"

namespace anneal {

PoolArgs maxArgs(const Call& call);
PoolArgs adaptiveMaxArgs(const Call& call);
PoolArgs maxBackwardArgs(const Call& call);
PoolArgs maxPickArgs(const Call& call);
PoolArgs avgArgs(const Call& call);
PoolArgs avgBackwardArgs(const Call& call);
PoolArgs adaptiveAvgArgs(const Call& call);
PoolArgs adaptiveBackwardArgs(const Call& call);

}  // namespace anneal
