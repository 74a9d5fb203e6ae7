// What Linux grants this process: its affinity mask, the quota and the limit of its cgroup, and what /proc says of memory.
#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <thread>

#include "core/system.h"

namespace anneal {

namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// The first number in a file, or `fallback` when there is none ("max" in cgroup files).
int64_t readNumber(const char* path, int64_t fallback) {
  FILE* file = std::fopen(path, "re");
  if (!file) return fallback;
  int64_t value = 0;
  const bool ok = std::fscanf(file, "%" SCNd64, &value) == 1;
  std::fclose(file);
  return ok ? value : fallback;
}

// The number behind `key` in a file of lines "key number ..."; `fallback` when there is none.
int64_t readField(const char* path, const char* key, int64_t fallback) {
  FILE* file = std::fopen(path, "re");
  if (!file) return fallback;
  char line[128];
  const size_t length = std::strlen(key);
  int64_t result = fallback;
  while (std::fgets(line, sizeof line, file)) {
    if (std::strncmp(line, key, length) != 0) continue;
    std::sscanf(line + length, "%" SCNd64, &result);
    break;
  }
  std::fclose(file);
  return result;
}

int64_t machineAvailable() {
  const int64_t kilobytes = readField("/proc/meminfo", "MemAvailable:", -1);
  return kilobytes < 0 ? kUnlimited : kilobytes * 1024;
}

int64_t cgroupAvailable() {
  const int64_t limit = memoryLimit();
  if (limit == kUnlimited) return kUnlimited;
  const int64_t used =
      readNumber("/sys/fs/cgroup/memory.current", readNumber("/sys/fs/cgroup/memory/memory.usage_in_bytes", 0));
  // Cached files count as used, and give way.
  constexpr const char* kStat = "/sys/fs/cgroup/memory.stat";
  const int64_t files = readField(kStat, "inactive_file ", 0) + readField(kStat, "active_file ", 0);
  return std::max<int64_t>(0, limit - std::max<int64_t>(0, used - files));
}

}  // namespace

int affinityProcessors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Of the cgroup's version 2, then 1.
int quotaProcessors() {
  double quota = 0, period = 0;
  if (FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {
    if (std::fscanf(file, "%lf %lf", &quota, &period) != 2) quota = 0;
    std::fclose(file);
  } else {
    quota = static_cast<double>(readNumber("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", -1));
    period = static_cast<double>(readNumber("/sys/fs/cgroup/cpu/cpu.cfs_period_us", 0));
  }
  if (quota <= 0 || period <= 0) return std::numeric_limits<int>::max();
  return std::max(1, static_cast<int>(std::ceil(quota / period)));
}

// Version 1 says "no limit" by the largest multiple of a page.
int64_t memoryLimit() {
  constexpr int64_t kLargestPage = 64 << 10;
  const int64_t limit =
      readNumber("/sys/fs/cgroup/memory.max", readNumber("/sys/fs/cgroup/memory/memory.limit_in_bytes", kUnlimited));
  return limit > kUnlimited - kLargestPage ? kUnlimited : limit;
}

int64_t availableMemory() { return std::min(machineAvailable(), cgroupAvailable()); }

void preferShortSlices() {
#ifdef SYS_sched_setattr
  constexpr uint64_t kResetOnFork = 1;  // threads and processes that this one starts are not concerned
  struct {
    uint32_t size = 48, policy = SCHED_OTHER;
    uint64_t flags = kResetOnFork;
    int32_t nice = 0;
    uint32_t priority = 0;
    uint64_t runtime = 500'000, deadline = 0, period = 0;  // runtime: of a slice, in ns
  } attributes;
  attributes.nice = getpriority(PRIO_PROCESS, 0);
  // The flag would also take a negative nice value from children.
  if (attributes.nice < 0 || sched_getscheduler(0) != SCHED_OTHER) return;
  syscall(SYS_sched_setattr, 0, &attributes, 0);  // a system that does not know it changes nothing
#endif
}

int64_t residentMemory() {
  int64_t total = 0, resident = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%" SCNd64 " %" SCNd64, &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace anneal
#endif
