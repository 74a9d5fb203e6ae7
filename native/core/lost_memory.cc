#include "core/lost_memory.h"

namespace anneal {

namespace {

uintptr_t address(const void* p) { return reinterpret_cast<uintptr_t>(p); }

}  // namespace

FailureRef LostMemory::in(const void* begin, const void* end) const {
  FailureRef first;
  if (begin == end || ranges_.empty()) return first;
  auto range = ranges_.upper_bound(address(begin));
  if (range != ranges_.begin() && std::prev(range)->second.end > address(begin)) --range;
  for (; range != ranges_.end() && range->first < address(end); ++range) first = earlier(first, range->second.failure);
  return first;
}

LostMemory::Ranges::iterator LostMemory::cut(uintptr_t at) {
  const auto next = ranges_.lower_bound(at);
  if (next == ranges_.begin()) return next;
  Range& before = std::prev(next)->second;
  if (before.end <= at) return next;
  const Range rest = before;
  before.end = at;
  return ranges_.emplace_hint(next, at, rest);
}

void LostMemory::remove(const void* begin, const void* end) {
  if (begin == end || ranges_.empty()) return;
  cut(address(end));
  const auto first = cut(address(begin));
  ranges_.erase(first, ranges_.lower_bound(address(end)));
}

void LostMemory::add(const void* begin, const void* end, const FailureRef& failure) {
  if (begin == end) return;
  remove(begin, end);
  auto range = ranges_.emplace(address(begin), Range{address(end), failure}).first;
  const auto next = std::next(range);
  if (next != ranges_.end() && next->first == range->second.end && next->second.failure == failure) {
    range->second.end = next->second.end;
    ranges_.erase(next);
  }
  if (range == ranges_.begin()) return;
  const auto before = std::prev(range);
  if (before->second.end == range->first && before->second.failure == failure) {
    before->second.end = range->second.end;
    ranges_.erase(range);
  }
}

}  // namespace anneal
