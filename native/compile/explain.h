// A program in words.
#pragma once
#include <string>

#include "compile/graph.h"

namespace anneal {

// One line a kernel: operator, what it works on, bytes it moves at least, floating-point operations; then the sums.
std::string describe(const Graph& graph);

}  // namespace anneal
