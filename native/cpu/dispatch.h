// Chooses the instruction-set level of the CPU kernels.
#pragma once
#include <string>
#include <vector>

#include "core/kernels.h"

namespace anneal {

struct CpuLevel {
  const char* name;  // "sse2", "avx2", "avx512", "neon"
  const Backend* backend;
};

// The names of the levels that were compiled, lowest first.
std::vector<const char*> compiledLevels();

// The levels that were compiled and that this processor can run, lowest first.
const std::vector<CpuLevel>& cpuLevels();

// The highest of them, or the one that ANNEAL_ISA names; throws ArgumentError when it names none of them, and
// DeviceError when there are none.
const CpuLevel& cpuLevel();

// Backends of all levels, for tests that compare them.
std::vector<const Backend*> cpuBackends();

}  // namespace anneal
