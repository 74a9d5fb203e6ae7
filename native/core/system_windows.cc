// What Windows grants this process: its affinity mask, and the processor rate and memory of the job that it runs in.
#ifdef _WIN32
#define NOMINMAX
#define PSAPI_VERSION 2
#include <windows.h>
// After windows.h.
#include <psapi.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/system.h"

namespace anneal {

namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

int64_t toBytes(uint64_t bytes) { return static_cast<int64_t>(std::min<uint64_t>(bytes, kUnlimited)); }

template <class Information>
bool askJob(JOBOBJECTINFOCLASS kind, Information& information) {
  return QueryInformationJobObject(nullptr, kind, &information, sizeof information, nullptr) != 0;
}

}  // namespace

// The mask knows the processors of one group, of at most 64; a process without a mask of its own may use all groups.
int affinityProcessors() {
  const auto all = static_cast<int>(GetActiveProcessorCount(ALL_PROCESSOR_GROUPS));
  DWORD_PTR process = 0, system = 0;
  if (!GetProcessAffinityMask(GetCurrentProcess(), &process, &system) || process == 0 || process == system) {
    return std::max(1, all);
  }
  return std::popcount(static_cast<uint64_t>(process));
}

int quotaProcessors() {
  JOBOBJECT_CPU_RATE_CONTROL_INFORMATION rate{};
  constexpr DWORD kHardCap = JOB_OBJECT_CPU_RATE_CONTROL_ENABLE | JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP;
  if (!askJob(JobObjectCpuRateControlInformation, rate) || (rate.ControlFlags & kHardCap) != kHardCap) {
    return std::numeric_limits<int>::max();
  }
  const double share = rate.CpuRate / 1e4;  // of all processors
  return std::max(1, static_cast<int>(std::ceil(share * GetActiveProcessorCount(ALL_PROCESSOR_GROUPS))));
}

int64_t memoryLimit() {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
  if (!askJob(JobObjectExtendedLimitInformation, limits)) return kUnlimited;
  const DWORD flags = limits.BasicLimitInformation.LimitFlags;
  int64_t result = kUnlimited;
  if (flags & JOB_OBJECT_LIMIT_JOB_MEMORY) result = std::min(result, toBytes(limits.JobMemoryLimit));
  if (flags & JOB_OBJECT_LIMIT_PROCESS_MEMORY) result = std::min(result, toBytes(limits.ProcessMemoryLimit));
  return result;
}

// What can be committed counts too: memory beyond it is refused even where some is free.
int64_t availableMemory() {
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  if (!GlobalMemoryStatusEx(&status)) return kUnlimited;
  const int64_t available = toBytes(std::min(status.ullAvailPhys, status.ullAvailPageFile));
  const int64_t limit = memoryLimit();
  return limit == kUnlimited ? available : std::min(available, std::max<int64_t>(0, limit - residentMemory()));
}

int64_t residentMemory() {
  PROCESS_MEMORY_COUNTERS counters{};
  counters.cb = sizeof counters;
  return GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters) ? toBytes(counters.WorkingSetSize) : 0;
}

void preferShortSlices() {}

}  // namespace anneal
#endif
