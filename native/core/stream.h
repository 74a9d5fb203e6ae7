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
#include <vector>

#include "core/kernels/copy.h"
#include "core/kernels/optimizer.h"
#include "core/lost_memory.h"
#include "core/memory_use.h"

namespace anneal {

struct FusedArgs;   // core/kernels/fused.h
struct MatmulArgs;  // core/kernels/matmul.h

constexpr size_t kCacheLine = 64;

// Who submits: one JavaScript environment, on one thread. In a cache line of its own, for the stream's thread reads it with every
// kernel.
struct alignas(kCacheLine) StreamClient {
  // Set when the environment ends: its pending kernels are skipped.
  std::atomic<bool> cancelled{false};
  // ---- of the stream's thread
  std::deque<FailureRef> untold;  // failures that nobody may have been told of, oldest first; not all, if they are many
};

class Stream {
 public:
  static Stream& instance();

  // Appends kernel(args), of which the kernel reads the first `bytes`. Blocks while the ring is full: the bound on how far
  // the caller runs ahead.
  template <class Args>
  void submit(StreamClient* client, void (*kernel)(const Args&), const Args& args, size_t bytes = sizeof(Args)) {
    static_assert(std::is_trivially_copyable_v<Args> && alignof(Args) <= 16);
    append(client, reinterpret_cast<Thunk>(kernel), kindOf<Args>(), &args, bytes);
  }

  // What becomes of a read: called on the stream's thread, with the failure that took what was to be read, or with null.
  struct Reader {
    void (*arrived)(void* reader, FailureRef failure);
    void* reader;
  };
  // Appends a copy to the host's memory; without a destination, it only asks whether the source is there.
  void submitRead(StreamClient* client, void (*kernel)(const CopyArgs&), const CopyArgs& copy, Reader reader);

  // Appends a callback that always runs. With a client it is given, once, the first of its failures that nobody has been told of
  // yet.
  using Fence = std::function<void(const FailureRef&)>;
  void submitFence(StreamClient* client, Fence fence);

  // Blocks until everything submitted has run; throws the first failure of the client that nobody has been told of yet.
  void synchronize(StreamClient* client);

  // Whether memory is lost somewhere, as the stream's thread last said.
  bool hasLost() const { return hasLost_.load(std::memory_order_relaxed); }
  // The host writes there from here on: what was lost there is forgotten.
  void submitForget(const void* begin, const void* end);

  uint64_t submitted() const { return submitted_.load(std::memory_order_acquire); }
  uint64_t completed() const { return completed_.load(std::memory_order_acquire); }
  uint64_t depth() const { return submitted() - completed(); }
  void wait(uint64_t sequence);

  // ---- for the stream's thread, and for kernels that consist of others (compile/code.h)
  using Thunk = void (*)();
  // What is known of a record: how its kernel is called, and which memory that uses.
  struct Kind {
    void (*invoke)(Thunk kernel, const void* args);
    void (*uses)(const void* args, std::vector<MemoryUse>& uses);  // null: none that can be lost
    // Where results depend on different operands: runs the kernel for those that are not lost. Else null.
    void (*stepParts)(Stream& stream, StreamClient& client, const Kind& kind, Thunk kernel, const void* args);
  };
  template <class Args>
  static const Kind* kindOf() {
    static constexpr Kind kKind{invoke<Args>, usesOf<Args>(), partsOf<Args>()};
    return &kKind;
  }
  // Runs a kernel, unless it depends on lost memory: then what it would have written is lost too. See docs/architecture.md,
  // "Failures".
  void step(StreamClient& client, const Kind& kind, Thunk kernel, const void* args);
  // As if the kernel depended on what the failure took.
  void leaveOut(const Kind& kind, const void* args, const FailureRef& failure);
  LostMemory& lost() { return lost_; }
  // The earliest failure that took something that the kernel reads.
  template <class Args>
  FailureRef lossOf(const Args& args) {
    uses_.clear();
    appendMemoryUses(args, uses_);
    return lossOfSources();
  }
  // Runs a kernel whose operands are there.
  void stepWhole(StreamClient& client, const Kind& kind, Thunk kernel, const void* args);
  void publish() { hasLost_.store(!lost_.empty(), std::memory_order_release); }

 private:
  struct Record {
    uint32_t bytes;  // of the whole record
    bool fence;
    const Kind* kind;  // null: the ring wraps here
    Thunk kernel;
    StreamClient* client;
  };

  template <class Args>
  static void invoke(Thunk kernel, const void* args) {
    reinterpret_cast<void (*)(const Args&)>(kernel)(*static_cast<const Args*>(args));
  }
  template <class Args>
  static constexpr auto usesOf() -> void (*)(const void*, std::vector<MemoryUse>&) {
    if constexpr (DeclaresMemory<Args>) {
      return [](const void* args, std::vector<MemoryUse>& uses) {
        appendMemoryUses(*static_cast<const Args*>(args), uses);
      };
    } else {
      return nullptr;
    }
  }

  template <class Args>
  static constexpr auto partsOf() -> void (*)(Stream&, StreamClient&, const Kind&, Thunk, const void*) {
    if constexpr (std::is_base_of_v<OptimizerTable, Args>) return stepSlots<Args>;
    if constexpr (std::is_same_v<Args, FusedArgs>) return stepFused;
    if constexpr (std::is_same_v<Args, MatmulArgs>) return stepMatmul;
    return nullptr;
  }
  // Updates the parameters whose gradient and state are there.
  template <class Args>
  static void stepSlots(Stream& stream, StreamClient& client, const Kind& kind, Thunk kernel, const void* args) {
    Args rest = *static_cast<const Args*>(args);
    const std::vector<OptimizerSlot> slots = stream.slotsThere(rest);
    if (slots.empty()) return;
    rest.slots = static_cast<int64_t>(slots.size());
    rest.slot = const_cast<OptimizerSlot*>(slots.data());
    stream.stepWhole(client, kind, kernel, &rest);
  }
  std::vector<OptimizerSlot> slotsThere(const OptimizerTable& table);
  static void stepFused(Stream& stream, StreamClient& client, const Kind& kind, Thunk kernel, const void* args);
  static void stepMatmul(Stream& stream, StreamClient& client, const Kind& kind, Thunk kernel, const void* args);

  Stream();
  void append(StreamClient* client, Thunk kernel, const Kind* kind, const void* args, size_t bytes, bool fence = false);
  void reserve(uint64_t bytes);
  void run();
  void execute(const Record& record, const void* args);
  void stepWhereLost(StreamClient& client, const Kind& kind, Thunk kernel, const void* args);
  void fails(StreamClient& client, const Kind& kind, const void* args, Error error);
  // Of the kernel that `uses_` is of:
  FailureRef lossOfSources() const;
  void leaveOut(const FailureRef& failure);
  void loses(const MemoryUse& use, const FailureRef& failure);
  FailureRef read(StreamClient& client, void (*kernel)(const CopyArgs&), const CopyArgs& copy);
  FailureRef nextUntold(StreamClient& client);
  void forgetDead(bool idle);

  // ---- of the stream's thread
  LostMemory lost_;
  std::vector<MemoryUse> uses_;
  uint64_t failures_ = 0;
  uint64_t sweptAt_ = 0,
           sweepCost_ = 0;  // when dead memory was last forgotten, and how many blocks that had to look at
  std::atomic<bool> hasLost_{false};

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
