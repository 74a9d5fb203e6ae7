#include "emulation/memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>

#include "emulation/checks.h"

namespace emulation {

namespace {

constexpr size_t kAlignment = 256, kGap = 256, kRange = size_t{1} << 36;
constexpr size_t kPages = size_t{1} << 20;  // blocks of that size go back to the system

struct Range {
  char* begin;
  std::map<size_t, size_t> free;  // sizes by offset, gaps included
  std::map<size_t, size_t> used;

  Range() {
    void* memory = mmap(nullptr, kRange, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    begin = static_cast<char*>(memory);
    free[kGap] = kRange - kGap;
  }
};

Range& range() {
  static auto* range = new Range;
  return *range;
}

}  // namespace

char* deviceMemoryBegin() { return range().begin; }
size_t deviceMemoryBytes() { return kRange; }

void* takeDeviceMemory(size_t bytes) {
  Range& all = range();
  const size_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment + kGap;
  for (auto at = all.free.begin(); at != all.free.end(); ++at) {
    if (at->second < size) continue;
    const size_t offset = at->first, rest = at->second - size;
    all.free.erase(at);
    if (rest > 0) all.free[offset + size] = rest;
    all.used[offset] = size;
    char* const block = all.begin + offset;
    if (bytes < kPages) std::memset(block, 0xff, bytes);  // what nobody wrote is NaN
    noteAllocated(block, bytes);
    return block;
  }
  return nullptr;
}

void giveDeviceMemory(void* block) {
  Range& all = range();
  const auto found = all.used.find(static_cast<size_t>(static_cast<char*>(block) - all.begin));
  if (found == all.used.end()) return;
  const size_t bytes = found->second - kGap;
  noteFreed(block, bytes);
  if (bytes >= kPages) madvise(block, bytes, MADV_DONTNEED);
  auto at = all.free.emplace(found->first, found->second).first;
  all.used.erase(found);
  const auto next = std::next(at);
  if (next != all.free.end() && at->first + at->second == next->first) {
    at->second += next->second;
    all.free.erase(next);
  }
  if (at != all.free.begin()) {
    const auto before = std::prev(at);
    if (before->first + before->second == at->first) {
      before->second += at->second;
      all.free.erase(at);
    }
  }
}

}  // namespace emulation
