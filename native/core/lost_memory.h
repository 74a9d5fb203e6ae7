// Which memory is lost: what a kernel that failed, or that was left out because of one, should have written there.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "core/error.h"

namespace anneal {

struct Failure {
  // `like`: an earlier one with the same error, if there is one: often the same mistake, upon which both the kernel of an operator
  // and that of its gradient come.
  Failure(Error error, uint64_t number, const Failure* like = nullptr)
      : error(std::move(error)),
        number(number),
        errorTold(like ? like->errorTold : std::make_shared<std::atomic<bool>>(false)) {}
  void tell() const {
    told.store(true, std::memory_order_relaxed);
    errorTold->store(true, std::memory_order_relaxed);
  }

  const Error error;
  const uint64_t number;                               // among the stream's failures, from 1
  mutable std::atomic<bool> told{false};               // to somebody who read what it took, or who synchronized
  const std::shared_ptr<std::atomic<bool>> errorTold;  // of this failure or one like it
  mutable std::atomic<uint64_t> skipped{0};            // updates in place that did not happen because of it
};
using FailureRef = std::shared_ptr<const Failure>;

// The one that happened first; either may be null.
inline const FailureRef& earlier(const FailureRef& a, const FailureRef& b) {
  return !b || (a && a->number <= b->number) ? a : b;
}

// Ranges of addresses, each with the failure that took what should be there.
class LostMemory {
 public:
  bool empty() const { return ranges_.empty(); }
  size_t size() const { return ranges_.size(); }

  // The earliest failure that took something of the range; null where all of it is there.
  FailureRef in(const void* begin, const void* end) const;
  // The whole range is lost by `failure`, whatever was lost there before.
  void add(const void* begin, const void* end, const FailureRef& failure);
  // The range has been written, or belongs to nobody.
  void remove(const void* begin, const void* end);

 private:
  struct Range {
    uintptr_t end;
    FailureRef failure;
  };
  using Ranges = std::map<uintptr_t, Range>;  // by begin; they do not overlap, and neighbours have different failures

  // Makes `at` the beginning or end of a range if it lies within one; gives the first range that begins there or later.
  Ranges::iterator cut(uintptr_t at);
  Ranges ranges_;
};

}  // namespace anneal
