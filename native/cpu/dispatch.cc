#include "cpu/dispatch.h"

#include <cstdlib>

#include "core/error.h"

namespace anneal {

#if defined(__x86_64__)
namespace sse2 {
extern const Backend backend;
}
namespace avx2 {
extern const Backend backend;
}
namespace avx512 {
extern const Backend backend;
}
#elif defined(__aarch64__)
namespace neon {
extern const Backend backend;
}
#endif

namespace {

std::vector<CpuLevel> detect() {
  std::vector<CpuLevel> levels;
#if defined(__x86_64__)
  levels.push_back({"sse2", &sse2::backend});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    levels.push_back({"avx2", &avx2::backend});
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      levels.push_back({"avx512", &avx512::backend});
    }
  }
#elif defined(__aarch64__)
  levels.push_back({"neon", &neon::backend});
#endif
  return levels;
}

const CpuLevel& choose() {
  const std::vector<CpuLevel>& levels = cpuLevels();
  const char* wanted = std::getenv("ANNEAL_ISA");
  if (!wanted || !*wanted) return levels.back();
  std::string known;
  for (const CpuLevel& level : levels) {
    if (std::string(wanted) == level.name) return level;
    known += (known.empty() ? "" : ", ") + std::string(level.name);
  }
  fail(ErrorKind::Argument, "ANNEAL_ISA is '%s', but this processor runs: %s", wanted, known.c_str());
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

}  // namespace anneal
