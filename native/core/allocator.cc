#include "core/allocator.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "core/error.h"
#include "core/stream.h"
#include "core/system.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace anneal {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kCheckedSize = size_t{16} << 20;  // from here on the system is asked what it has left
constexpr int64_t kMaxCached = int64_t{1} << 30;

// Four classes an octave: at most a quarter of a block is wasted.
int classOf(size_t bytes) {
  const size_t size = std::max(bytes, kAlignment);
  const int octave = std::bit_width(size - 1) - 1;  // 2^octave < size <= 2^(octave + 1), for size > 1
  const size_t quarter = size_t{1} << octave >> 2;
  const int step = static_cast<int>((size - (size_t{1} << octave) + quarter - 1) / quarter);  // 1..4
  return octave * 4 + step - 1;
}

size_t sizeOfClass(int sizeClass) {
  const int octave = sizeClass / 4;
  const size_t base = size_t{1} << octave;
  const size_t size = base + (base >> 2) * (sizeClass % 4 + 1);
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

Allocator& Allocator::instance() {
  static Allocator* allocator = new Allocator;
  return *allocator;
}

void* Allocator::takeCached(int sizeClass, Use use) {
  std::deque<Block>& blocks = free_[sizeClass];
  if (blocks.empty()) return nullptr;
  void* data = nullptr;
  if (use == Use::Kernels) {  // the last one freed is the likeliest to be in the cache
    data = blocks.back().data;
    blocks.pop_back();
  } else if (blocks.front().lastUse <= Stream::instance().completed()) {
    data = blocks.front().data;
    blocks.pop_front();
  }
  return data;
}

void* Allocator::fromSystem(size_t size) {
  if (size >= kCheckedSize && static_cast<int64_t>(size) > availableMemory()) return nullptr;
  const size_t alignment = size >= 2 * kHugePage ? kHugePage : kAlignment;
  void* data = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
#ifdef __linux__
  if (data && alignment == kHugePage) madvise(data, size, MADV_HUGEPAGE);
#endif
  return data;
}

void* Allocator::allocate(size_t bytes, Use use) {
  const int sizeClass = classOf(bytes);
  const size_t size = sizeOfClass(sizeClass);
  std::unique_lock<std::mutex> lock(mutex_);
  if (limit_ > 0 && live_ + static_cast<int64_t>(size) > limit_) {
    fail(ErrorKind::OutOfMemory, "cannot allocate %zu bytes: %lld of the limit of %lld are in use", bytes,
         static_cast<long long>(live_), static_cast<long long>(limit_));
  }
  void* data = takeCached(sizeClass, use);
  if (data) {
    cached_ -= static_cast<int64_t>(size);
  } else {
    data = fromSystem(size);
    if (!data) {
      lock.unlock();
      Stream::instance().wait(Stream::instance().submitted());
      lock.lock();
      releaseCached();
      data = fromSystem(size);
    }
    if (!data) {
      fail(ErrorKind::OutOfMemory, "cannot allocate %zu bytes: %lld bytes are in use and the system has %lld left",
           bytes, static_cast<long long>(live_), static_cast<long long>(availableMemory()));
    }
  }
  live_ += static_cast<int64_t>(size);
  peak_ = std::max(peak_, live_);
  return data;
}

void Allocator::release(void* block, size_t bytes) {
  const int sizeClass = classOf(bytes);
  const auto size = static_cast<int64_t>(sizeOfClass(sizeClass));
  std::lock_guard<std::mutex> lock(mutex_);
  live_ -= size;
  cached_ += size;
  free_[sizeClass].push_back({block, Stream::instance().submitted()});
  if (cached_ > kMaxCached) releaseCached();
}

void Allocator::releaseCached() {
  const uint64_t completed = Stream::instance().completed();
  for (int sizeClass = 0; sizeClass < kClasses; ++sizeClass) {
    std::deque<Block>& blocks = free_[sizeClass];
    while (!blocks.empty() && blocks.front().lastUse <= completed) {
      std::free(blocks.front().data);
      blocks.pop_front();
      cached_ -= static_cast<int64_t>(sizeOfClass(sizeClass));
    }
  }
}

MemoryStats Allocator::stats() {
  std::lock_guard<std::mutex> lock(mutex_);
  return {live_, cached_, peak_};
}

void Allocator::resetPeak() {
  std::lock_guard<std::mutex> lock(mutex_);
  peak_ = live_;
}

void Allocator::trim() {
  Stream::instance().wait(Stream::instance().submitted());
  std::lock_guard<std::mutex> lock(mutex_);
  releaseCached();
}

void Allocator::setLimit(int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  limit_ = bytes;
}

}  // namespace anneal
