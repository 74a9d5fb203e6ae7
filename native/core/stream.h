// The in-order stream of a device: a ring of kernel calls, run one after another by a thread of the engine.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>

#include "core/error.h"

namespace anneal {

constexpr size_t kCacheLine = 64;

// What a fence tells of a kernel that failed, by its number among the client's.
struct Failure {
  Error error;
  uint64_t kernel;
};

// Who submits: one JavaScript environment, on one thread. A kernel that fails stops the client's later kernels until the client
// has been told and has acknowledged it, so that nothing is computed (no parameter updated) from what the failed kernel left.
struct StreamClient {
  // ---- of the client's thread
  uint64_t submitted = 0;  // kernels, ever
  // Kernels that did not run, and why; oldest first. What they should have written is not there.
  struct Lost {
    uint64_t from, to;
    Error error;
  };
  std::deque<Lost> lost;
  // Throws the reason when kernel number `kernel` is known not to have run.
  void checkRan(uint64_t kernel) const;

  // Set when the environment ends: its pending kernels are skipped.
  std::atomic<bool> cancelled{false};

  // ---- of the stream's thread, in cache lines of its own, for it writes with every kernel
  alignas(kCacheLine) uint64_t executed = 0;  // kernels run or skipped
  std::optional<Failure> failure;
};

class Stream {
 public:
  static Stream& instance();

  // Appends kernel(args), of which the kernel reads the first `bytes`. Blocks while the ring is full: the bound on how far
  // the caller runs ahead.
  template <class Args>
  void submit(StreamClient* client, void (*kernel)(const Args&), const Args& args, size_t bytes = sizeof(Args)) {
    static_assert(std::is_trivially_copyable_v<Args> && alignof(Args) <= 16);
    ++client->submitted;
    append(client, reinterpret_cast<Thunk>(kernel), invoke<Args>, &args, bytes);
  }

  // Appends a callback that always runs, with the client's failure if there is one. Without a client it only tells that the
  // stream got here.
  using Fence = std::function<void(const std::optional<Failure>&)>;
  void submitFence(StreamClient* client, Fence fence);

  // To be called on the client's thread with what a fence told: the kernels submitted from here on run again.
  void acknowledge(StreamClient* client, const Failure& failure);

  // Blocks until everything the client submitted has run; acknowledges its failure and throws it.
  void synchronize(StreamClient* client);

  uint64_t submitted() const { return submitted_.load(std::memory_order_acquire); }
  uint64_t completed() const { return completed_.load(std::memory_order_acquire); }
  uint64_t depth() const { return submitted() - completed(); }
  void wait(uint64_t sequence);

 private:
  using Thunk = void (*)();
  using Invoke = void (*)(Thunk, const void*);
  struct Record {
    uint32_t bytes;  // of the whole record
    bool fence;
    Invoke invoke;  // null: the ring wraps here
    Thunk kernel;
    StreamClient* client;
  };

  template <class Args>
  static void invoke(Thunk kernel, const void* args) {
    reinterpret_cast<void (*)(const Args&)>(kernel)(*static_cast<const Args*>(args));
  }

  Stream();
  void append(StreamClient* client, Thunk kernel, Invoke invoke, const void* args, size_t bytes, bool fence = false);
  void reserve(uint64_t bytes);
  void run();
  void execute(const Record& record, const void* args);

  // In cache lines of their own: what both only read, what is the producers', what they tell the stream's thread, what it
  // tells them, and what both seldom write.
  std::unique_ptr<unsigned char[]> ring_;
  alignas(kCacheLine) std::mutex producers_;
  uint64_t consumed_ = 0;  // head_ as producers last saw it
  std::atomic<uint64_t> submitted_{0};
  alignas(kCacheLine) std::atomic<uint64_t> tail_{0};  // bytes produced, ever
  alignas(kCacheLine) std::atomic<uint64_t> head_{0};  // bytes consumed, ever
  std::atomic<uint64_t> completed_{0};
  alignas(kCacheLine) std::atomic<bool> sleeping_{false};
  std::atomic<uint32_t> wakeups_{0};
  std::atomic<int> waiters_{0};
  std::mutex waitMutex_;
  std::condition_variable waitCondition_;
};

}  // namespace anneal
