#include "cpu/dispatch.h"

#include <cstdlib>

#include "core/allocator.h"
#include "core/device.h"
#include "core/error.h"

namespace anneal {

// The build defines ANNEAL_HAS_<LEVEL> for each level that it compiled.
#if !defined(ANNEAL_HAS_SSE2) && !defined(ANNEAL_HAS_AVX2) && !defined(ANNEAL_HAS_AVX512) && !defined(ANNEAL_HAS_NEON)
#error "The build has no instruction-set level for this processor; native/sources.json lists them."
#endif

namespace sse2 {
extern const Backend backend;
}
namespace avx2 {
extern const Backend backend;
}
namespace avx512 {
extern const Backend backend;
}
namespace neon {
extern const Backend backend;
}

namespace {

std::vector<CpuLevel> detect() {
  std::vector<CpuLevel> levels;
#ifdef ANNEAL_HAS_SSE2
  levels.push_back({"sse2", &sse2::backend});
#endif
#ifdef ANNEAL_HAS_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    levels.push_back({"avx2", &avx2::backend});
  }
#endif
#ifdef ANNEAL_HAS_AVX512
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") &&
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    levels.push_back({"avx512", &avx512::backend});
  }
#endif
#ifdef ANNEAL_HAS_NEON
  levels.push_back({"neon", &neon::backend});
#endif
  return levels;
}

const CpuLevel& choose() {
  const std::vector<CpuLevel>& levels = cpuLevels();
  if (levels.empty()) {
    fail(ErrorKind::Device, "this processor runs none of the instruction-set levels that this build was made for");
  }
  const char* wanted = std::getenv("ANNEAL_ISA");
  if (!wanted || !*wanted) return levels.back();
  std::string known;
  for (const CpuLevel& level : levels) {
    if (std::string(wanted) == level.name) return level;
    known += (known.empty() ? "" : ", ") + std::string(level.name);
  }
  fail(ErrorKind::Argument, "ANNEAL_ISA is '%s', but this build has for this processor: %s", wanted, known.c_str());
}

}  // namespace

const std::vector<CpuLevel>& cpuLevels() {
  static const std::vector<CpuLevel>* levels = new std::vector<CpuLevel>(detect());
  return *levels;
}

const CpuLevel& cpuLevel() {
  static const CpuLevel& level = choose();
  return level;
}

std::vector<const Backend*> cpuBackends() {
  std::vector<const Backend*> backends;
  for (const CpuLevel& level : cpuLevels()) backends.push_back(level.backend);
  return backends;
}

namespace {
[[maybe_unused]] const bool registered = [] {
  registerDevice(
      Device::CPU, "cpu", [] { return cpuLevel().backend; }, cpuMemory());
  return true;
}();
}  // namespace

}  // namespace anneal
