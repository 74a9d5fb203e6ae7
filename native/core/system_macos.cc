// What macOS grants this process. It has no quotas or limits of groups.
#ifdef __APPLE__
#include <mach/mach.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "core/system.h"

namespace anneal {

int affinityProcessors() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

int quotaProcessors() { return std::numeric_limits<int>::max(); }

int64_t memoryLimit() { return std::numeric_limits<int64_t>::max(); }

// Free pages, and those that the system gives away when asked: of files, and of programs that have said that they can be dropped.
int64_t availableMemory() {
  vm_statistics64_data_t pages;
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  const mach_port_t host = mach_host_self();
  const bool known =
      host_statistics64(host, HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&pages), &count) == KERN_SUCCESS;
  mach_port_deallocate(mach_task_self(), host);
  if (!known) return std::numeric_limits<int64_t>::max();
  const int64_t available = int64_t{pages.free_count} + pages.inactive_count + pages.purgeable_count;
  return available * static_cast<int64_t>(vm_kernel_page_size);
}

int64_t residentMemory() {
  mach_task_basic_info_data_t info;
  mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
  const auto status = task_info(mach_task_self(), MACH_TASK_BASIC_INFO, reinterpret_cast<task_info_t>(&info), &count);
  return status == KERN_SUCCESS ? static_cast<int64_t>(info.resident_size) : 0;
}

void preferShortSlices() {}

}  // namespace anneal
#endif
