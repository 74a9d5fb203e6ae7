#include "core/stream.h"

#include <new>
#include <thread>

#include "core/spin.h"
#include "core/system.h"
#include "core/thread_local.h"

namespace anneal {

namespace {

constexpr uint64_t kRingBytes = 1 << 20;  // some two thousand kernels ahead
constexpr uint64_t kAlign = 16;
constexpr int kSpins = 2000;  // some 35 us, in which a caller that is too far ahead is not put to sleep
constexpr auto kLongestSpin = std::chrono::milliseconds(2);  // of a thread that only waits for the stream
constexpr int kIdleSpins =
    6000;  // as long as it takes to wake JavaScript's thread with a result, which then sends more

// The stream's thread has read what was in the ring before: fetching the next record's cache lines back in time costs the
// next append nothing, waiting for them while it publishes a record costs a tenth of a microsecond.
void prefetchForWriting(const unsigned char* at) {
  for (size_t line = 0; line < 4; ++line) __builtin_prefetch(at + line * kCacheLine, 1);
}

std::atomic<int> awake{0};  // streams whose thread does not sleep

// Whether a stream without work may wait for more without sleep: beside another one, only where processors are left.
bool mayIdle() {
  static const int processors = availableProcessors();
  const int streams = awake.load(std::memory_order_relaxed);
  return streams <= 1 || streams + threadCount() - 1 <= processors;
}

ANNEAL_THREAD_LOCAL Stream* current = nullptr;  // of the calling thread

uint64_t aligned(uint64_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

}  // namespace

namespace {

struct Streams {
  std::mutex mutex;
  std::vector<Stream*> all, idle;
};
Streams& streams() {
  static auto* streams = new Streams;
  return *streams;
}

}  // namespace

Stream& Stream::running() { return *current; }

Stream& Stream::take() {
  Streams& known = streams();
  const std::lock_guard<std::mutex> lock(known.mutex);
  if (known.idle.empty()) return *known.all.emplace_back(new Stream(static_cast<int>(known.all.size())));
  Stream* stream = known.idle.back();
  known.idle.pop_back();
  return *stream;
}

void Stream::giveBack() {
  cancel();
  submitFence(true, [this](const FailureRef&) {
    lost_ = {};
    recent_.clear();
    skipListener_ = {};
    publish();
  });
  wait(submitted());
  cancelled_.store(false);
  Streams& known = streams();
  const std::lock_guard<std::mutex> lock(known.mutex);
  known.idle.push_back(this);
}

std::vector<Stream*> Stream::all() {
  Streams& known = streams();
  const std::lock_guard<std::mutex> lock(known.mutex);
  return known.all;
}

Stream::Stream(int index) : index_(index), ring_(new unsigned char[kRingBytes]) {
  std::thread([this] { run(); }).detach();
}

// Waits until `bytes` more fit into the ring.
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

void Stream::append(Thunk kernel, const Kind* kind, const void* args, size_t bytes, bool fence) {
  const uint64_t header = aligned(sizeof(Record));
  const uint64_t total = header + aligned(bytes);
  uint64_t tail = tail_.load(std::memory_order_relaxed);
  const uint64_t room = kRingBytes - tail % kRingBytes;
  if (room < total + header) {  // always leaves room for a wrap record behind this one
    reserve(room);
    new (&ring_[tail % kRingBytes]) Record{static_cast<uint32_t>(room), false, nullptr, nullptr};
    tail += room;
    tail_.store(tail, std::memory_order_release);
  }
  reserve(total);
  unsigned char* at = &ring_[tail % kRingBytes];
  new (at) Record{static_cast<uint32_t>(total), fence, kind, kernel};
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
  if (record.fence) {
    settle();
    return record.kind->invoke(record.kernel, args);
  }
  step(*record.kind, record.kernel, args);
}

void Stream::run() {
  preferShortSlices();
  current = this;
  awake.fetch_add(1, std::memory_order_relaxed);
  uint64_t head = 0;
  while (true) {
    if (!lost_.empty()) forgetDead(tail_.load(std::memory_order_acquire) == head);
    const int most = mayIdle() ? kIdleSpins : 0;
    for (int spins = 0; tail_.load(std::memory_order_acquire) == head && spins < most; ++spins) {
      spinPause();
      if (spins % 16 == 15) std::this_thread::yield();
    }
    if (tail_.load(std::memory_order_acquire) == head) {
      const uint32_t wakeups = wakeups_.load(std::memory_order_seq_cst);
      sleeping_.store(true, std::memory_order_seq_cst);
      if (tail_.load(std::memory_order_seq_cst) == head) {
        awake.fetch_sub(1, std::memory_order_relaxed);
        wakeups_.wait(wakeups);
        awake.fetch_add(1, std::memory_order_relaxed);
      }
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
