#include "core/allocator.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "core/context.h"
#include "core/error.h"
#include "core/lost_memory.h"
#include "core/stream.h"
#include "core/system.h"

namespace anneal {

namespace {

constexpr size_t kAlignment = 64;
constexpr int64_t kCheckedSize = int64_t{16} << 20;
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

// For every stream, to the end of what it has been given so far.
void waitForAll() {
  for (Stream* stream : Stream::all()) stream->wait(stream->submitted());
}

}  // namespace

Allocator& cpuMemory() {
  static Allocator* allocator = new Allocator({systemMemory, systemFree, availableMemory, residentMemory});
  return *allocator;
}

Allocator::Used& Allocator::usedBy(Stream& stream) {
  const auto index = static_cast<size_t>(stream.index());
  if (index >= used_.size()) used_.resize(index + 1);
  if (!used_[index]) {
    used_[index] = std::make_unique<Used>();
    used_[index]->stream = &stream;
  }
  return *used_[index];
}

void* Allocator::takeOwn(int sizeClass, Use use, Used& used) {
  std::deque<FreeBlock>& blocks = used.free[static_cast<size_t>(sizeClass)];
  if (blocks.empty()) return nullptr;
  void* data = nullptr;
  if (use == Use::Kernels) {  // the last one freed is the likeliest to be in the cache
    data = blocks.back().data;
    blocks.pop_back();
  } else if (blocks.front().lastUse <= used.stream->completed()) {
    data = blocks.front().data;
    blocks.pop_front();
  }
  return data;
}

void* Allocator::takeOthers(int sizeClass, const Used& own) {
  for (const auto& used : used_) {
    if (!used || used.get() == &own) continue;
    std::deque<FreeBlock>& blocks = used->free[static_cast<size_t>(sizeClass)];
    if (blocks.empty() || blocks.front().lastUse > used->stream->completed()) continue;
    void* data = blocks.front().data;
    blocks.pop_front();
    goes(*used, data, sizeOfClass(sizeClass));
    return data;
  }
  return nullptr;
}

// A stream that has lost what was in a block forgets it when it sweeps, unless the block is its own again by then.
void Allocator::goes(Used& used, void* block, size_t size) {
  if (used.stream->hasLost()) used.gone[static_cast<char*>(block)] = size;
}

void Allocator::comes(Used& used, void* block, size_t size) {
  if (used.gone.empty()) return;
  char* const data = static_cast<char*>(block);
  auto gone = used.gone.lower_bound(data);
  if (gone != used.gone.begin() && std::prev(gone)->first + std::prev(gone)->second > data) --gone;
  while (gone != used.gone.end() && gone->first < data + size) gone = used.gone.erase(gone);
}

// The system promises more than it has, and kills the process that makes use of it. What it has left does not tell of blocks that
// were handed out and not written yet, so all that is ours must fit into that and what is resident already.
bool Allocator::systemHas(int64_t size) {
  unchecked_ += size;
  if (unchecked_ < kCheckedSize) return true;
  const int64_t available = source_.available(), resident = source_.resident ? source_.resident() : 0;
  if (size > available) return false;
  if (resident > 0 && live_ + cached_ + size - resident > available) return false;
  unchecked_ = 0;
  return true;
}

void* Allocator::fromSystem(size_t size) {
  return systemHas(static_cast<int64_t>(size)) ? source_.take(size) : nullptr;
}

void* Allocator::attempt(int sizeClass, Use use, Stream& stream) {
  const size_t size = sizeOfClass(sizeClass);
  if (overLimit(static_cast<int64_t>(size))) return nullptr;
  Used& own = usedBy(stream);
  void* data = takeOwn(sizeClass, use, own);
  if (!data) {
    data = takeOthers(sizeClass, own);
    if (data) comes(own, data, size);
  }
  if (data) {
    cached_ -= static_cast<int64_t>(size);
  } else {
    data = fromSystem(size);
    if (data) comes(own, data, size);
  }
  if (!data) return nullptr;
  live_ += static_cast<int64_t>(size);
  peak_ = std::max(peak_, live_);
  most_ = std::max(most_, live_);
  return data;
}

void* Allocator::allocate(size_t bytes, Use use, Stream& stream) {
  const int sizeClass = classOf(bytes);
  std::unique_lock<std::mutex> lock(mutex_);
  void* data = attempt(sizeClass, use, stream);
  if (data) return data;
  lock.unlock();
  if (context().reclaim) context().reclaim();
  stream.wait(stream.submitted());
  lock.lock();
  releaseCached();
  data = attempt(sizeClass, use, stream);
  if (data) return data;
  lock.unlock();
  waitForAll();
  lock.lock();
  releaseCached();
  data = attempt(sizeClass, use, stream);
  if (data) return data;
  if (overLimit(static_cast<int64_t>(sizeOfClass(sizeClass)))) {
    fail(ErrorKind::OutOfMemory, "cannot allocate %zu bytes: %lld of the limit of %lld are in use", bytes,
         static_cast<long long>(live_), static_cast<long long>(limit_));
  }
  fail(ErrorKind::OutOfMemory, "cannot allocate %zu bytes: %lld bytes are in use and the system has %lld left", bytes,
       static_cast<long long>(live_), static_cast<long long>(source_.available()));
}

void Allocator::release(void* block, size_t bytes, Stream& stream) {
  const int sizeClass = classOf(bytes);
  const auto size = static_cast<int64_t>(sizeOfClass(sizeClass));
  std::lock_guard<std::mutex> lock(mutex_);
  live_ -= size;
  cached_ += size;
  usedBy(stream).free[static_cast<size_t>(sizeClass)].push_back({block, stream.submitted()});
  // What was in use at one time will be again: a training step's memory comes and goes.
  if (cached_ > kMaxCached && live_ + cached_ > most_) releaseCached();
}

void Allocator::releaseCached() {
  for (const auto& used : used_) {
    if (!used) continue;
    const uint64_t completed = used->stream->completed();
    for (int sizeClass = 0; sizeClass < kClasses; ++sizeClass) {
      std::deque<FreeBlock>& blocks = used->free[static_cast<size_t>(sizeClass)];
      while (!blocks.empty() && blocks.front().lastUse <= completed) {
        goes(*used, blocks.front().data, sizeOfClass(sizeClass));
        source_.give(blocks.front().data);
        blocks.pop_front();
        cached_ -= static_cast<int64_t>(sizeOfClass(sizeClass));
      }
    }
  }
}

size_t Allocator::forgetFree(Stream& stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Used& used = usedBy(stream);
  LostMemory& lost = stream.lost();
  for (const auto& [data, size] : used.gone) lost.remove(data, data + size);
  size_t count = used.gone.size();
  used.gone.clear();
  const uint64_t completed = stream.completed();
  for (int sizeClass = 0; sizeClass < kClasses && !lost.empty(); ++sizeClass) {
    const std::deque<FreeBlock>& blocks = used.free[static_cast<size_t>(sizeClass)];
    for (const FreeBlock& block : blocks) {
      auto* data = static_cast<char*>(block.data);
      if (block.lastUse <= completed) lost.remove(data, data + sizeOfClass(sizeClass));
    }
    count += blocks.size();
  }
  return count;
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
  waitForAll();
  std::lock_guard<std::mutex> lock(mutex_);
  releaseCached();
}

void Allocator::setLimit(int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  limit_ = bytes;
}

}  // namespace anneal
