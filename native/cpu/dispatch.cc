#include "cpu/dispatch.h"

#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

#if defined(__x86_64__)
// The widest vectors, in bytes, of which the processor has all that a level uses, and whose registers the system saves. Not by
// __builtin_cpu_supports, which says no to everything in what some linkers link (zig's).
[[maybe_unused]] int vectorBytes() {
  constexpr unsigned kFma = 1u << 12, kXsave = 1u << 27, kAvx = 1u << 28;             // leaf 1, ecx
  constexpr unsigned kAvx2 = 1u << 5, kBmi = 1u << 3, kBmi2 = 1u << 8;                // leaf 7, ebx
  constexpr unsigned kAvx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;  // leaf 7, ebx: F, DQ, CD, BW, VL
  constexpr unsigned kSavesYmm = 0x06, kSavesZmm = 0xe6;                              // XCR0
  const auto has = [](unsigned bits, unsigned wanted) { return (bits & wanted) == wanted; };
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, kFma | kXsave | kAvx)) return 16;
  unsigned saved = 0, high = 0;
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  if (!has(saved, kSavesYmm) || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(b, kAvx2 | kBmi | kBmi2)) return 16;
  return has(saved, kSavesZmm) && has(b, kAvx512) ? 64 : 32;
}
#endif

struct CompiledLevel {
  CpuLevel level;
  bool runs;  // on this processor
};

// Lowest first.
std::vector<CompiledLevel> compiled() {
  std::vector<CompiledLevel> levels;
#ifdef ANNEAL_HAS_SSE2
  levels.push_back({{"sse2", &sse2::backend}, true});
#endif
#ifdef ANNEAL_HAS_AVX2
  levels.push_back({{"avx2", &avx2::backend}, vectorBytes() >= 32});
#endif
#ifdef ANNEAL_HAS_AVX512
  levels.push_back({{"avx512", &avx512::backend}, vectorBytes() >= 64});
#endif
#ifdef ANNEAL_HAS_NEON
  levels.push_back({{"neon", &neon::backend}, true});
#endif
  return levels;
}

std::vector<CpuLevel> detect() {
  std::vector<CpuLevel> levels;
  for (const CompiledLevel& each : compiled()) {
    if (each.runs) levels.push_back(each.level);
  }
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

std::vector<const char*> compiledLevels() {
  std::vector<const char*> names;
  for (const CompiledLevel& each : compiled()) names.push_back(each.level.name);
  return names;
}

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
