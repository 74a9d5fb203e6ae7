#include "core/stream.h"

#include <new>
#include <thread>

#include "core/spin.h"

namespace anneal {

namespace {

constexpr uint64_t kRingBytes = 1 << 20;  // some two thousand kernels ahead
constexpr uint64_t kAlign = 16;
constexpr int kSpins = 2000;  // some 35 us, in which a caller who is too far ahead is not put to sleep
constexpr auto kLongestSpin = std::chrono::milliseconds(2);  // of who waits for the stream without doing anything else
constexpr int kIdleSpins =
    6000;  // as long as it takes to wake JavaScript's thread with a result, which then sends more

// The stream's thread has read what was in the ring before: fetching the next record's cache lines back in time costs the
// next append nothing, waiting for them while it publishes a record costs a tenth of a microsecond.
void prefetchForWriting(const unsigned char* at) {
  for (size_t line = 0; line < 4; ++line) __builtin_prefetch(at + line * kCacheLine, 1);
}

uint64_t aligned(uint64_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

}  // namespace

// Never destroyed: its thread outlives every environment and may be at work while the process exits.
Stream& Stream::instance() {
  static Stream* stream = new Stream;
  return *stream;
}

Stream::Stream() : ring_(new unsigned char[kRingBytes]) {
  std::thread([this] { run(); }).detach();
}

// Waits (holding the producers' lock) until `bytes` more fit into the ring.
void Stream::reserve(uint64_t bytes) {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  for (int spins = 0; tail + bytes - consumed_ > kRingBytes; ++spins) {
    consumed_ = head_.load(std::memory_order_acquire);
    if (spins < kSpins) {
      spinPause();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

void Stream::append(StreamClient* client, Thunk kernel, const Kind* kind, const void* args, size_t bytes, bool fence) {
  const uint64_t header = aligned(sizeof(Record));
  const uint64_t total = header + aligned(bytes);
  std::lock_guard<std::mutex> lock(producers_);
  uint64_t tail = tail_.load(std::memory_order_relaxed);
  const uint64_t room = kRingBytes - tail % kRingBytes;
  if (room < total + header) {  // always leaves room for a wrap record behind this one
    reserve(room);
    new (&ring_[tail % kRingBytes]) Record{static_cast<uint32_t>(room), false, nullptr, nullptr, nullptr};
    tail += room;
    tail_.store(tail, std::memory_order_release);
  }
  reserve(total);
  unsigned char* at = &ring_[tail % kRingBytes];
  new (at) Record{static_cast<uint32_t>(total), fence, kind, kernel, client};
  std::memcpy(at + header, args, bytes);
  prefetchForWriting(&ring_[(tail + total) % kRingBytes]);
  submitted_.store(submitted_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  tail_.store(tail + total, std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst)) {
    wakeups_.fetch_add(1, std::memory_order_seq_cst);
    wakeups_.notify_one();
  }
}

void Stream::wait(uint64_t sequence) {
  if (spinUntil([&] { return completed() >= sequence; }, kLongestSpin)) return;
  std::unique_lock<std::mutex> lock(waitMutex_);
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  waitCondition_.wait(lock, [&] { return completed_.load(std::memory_order_seq_cst) >= sequence; });
  waiters_.fetch_sub(1, std::memory_order_relaxed);
}

void Stream::execute(const Record& record, const void* args) {
  if (record.fence) return record.kind->invoke(record.kernel, args);
  step(*record.client, *record.kind, record.kernel, args);
}

void Stream::run() {
  uint64_t head = 0;
  while (true) {
    if (!lost_.empty()) forgetDead(tail_.load(std::memory_order_acquire) == head);
    for (int spins = 0; tail_.load(std::memory_order_acquire) == head && spins < kIdleSpins; ++spins) {
      spinPause();
      if (spins % 16 == 15) std::this_thread::yield();
    }
    if (tail_.load(std::memory_order_acquire) == head) {
      const uint32_t wakeups = wakeups_.load(std::memory_order_seq_cst);
      sleeping_.store(true, std::memory_order_seq_cst);
      if (tail_.load(std::memory_order_seq_cst) == head) wakeups_.wait(wakeups);
      sleeping_.store(false, std::memory_order_seq_cst);
      continue;
    }
    const Record& record = *std::launder(reinterpret_cast<Record*>(&ring_[head % kRingBytes]));
    const uint64_t bytes = record.bytes;
    if (record.kind) {
      execute(record, reinterpret_cast<const unsigned char*>(&record) + aligned(sizeof(Record)));
      completed_.store(completed_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
      if (waiters_.load(std::memory_order_seq_cst) > 0) {
        std::lock_guard<std::mutex> lock(waitMutex_);
        waitCondition_.notify_all();
      }
    }
    head += bytes;
    head_.store(head, std::memory_order_release);
  }
}

}  // namespace anneal
