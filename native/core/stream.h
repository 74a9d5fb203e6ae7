// An in-order stream: a ring of kernel calls, run one after another by a thread of the engine. Each environment has one of its own,
// which only its thread submits to.
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
#include "core/worker.h"

namespace anneal {

struct CollectiveArgs;  // core/kernels/collective.h
struct FusedArgs;       // core/kernels/fused.h
struct MatmulArgs;      // core/kernels/matmul.h

constexpr size_t kCacheLine = 64;

class Stream {
 public:
  // Streams and their threads are never destroyed, so whatever names one may outlive the environment that had it.
  static Stream& take();
  // All that was submitted is left out or has run when it returns, and nothing is lost. The next environment may have it.
  void giveBack();
  // Every stream there is, in use or not.
  static std::vector<Stream*> all();
  int index() const { return index_; }  // among them

  // Appends kernel(args), of which the kernel reads the first `bytes`. Blocks while the ring is full: the bound on how far
  // the caller runs ahead.
  template <class Args>
  void submit(void (*kernel)(const Args&), const Args& args, size_t bytes = sizeof(Args)) {
    static_assert(std::is_trivially_copyable_v<Args> && alignof(Args) <= 16);
    append(reinterpret_cast<Thunk>(kernel), kindOf<Args>(), &args, bytes);
  }

  // What becomes of a read: called on the stream's thread, with the failure that took what was to be read, or with null.
  struct Reader {
    void (*arrived)(void* reader, FailureRef failure);
    void* reader;
  };
  // Appends a copy to the host's memory; without a destination, it only asks whether the source is there.
  void submitRead(void (*kernel)(const CopyArgs&), const CopyArgs& copy, Reader reader);

  // Appends a callback that always runs. If it `reports`, it is given, once, the first failure that nobody has been told of yet.
  using Fence = std::function<void(const FailureRef&)>;
  void submitFence(bool reports, Fence fence);

  // Blocks until everything submitted has run; throws the first failure that nobody has been told of yet.
  void synchronize();

  // Who hears, on the stream's thread, of each failure because of which an update in place did not happen, when the first did not.
  // To be set while nothing is on the stream; until that is given back.
  struct SkipListener {
    void (*skipped)(void* listener, const FailureRef& failure) = nullptr;
    void* listener = nullptr;
  };
  void setSkipListener(SkipListener listener) { skipListener_ = listener; }

  // Kernels that have not begun are left out, until the stream is given back.
  void cancel() { cancelled_.store(true); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // Whether memory is lost somewhere, as the stream's thread last said.
  bool hasLost() const { return hasLost_.load(std::memory_order_relaxed); }
  // The host writes there from here on: what was lost there is forgotten.
  void submitForget(const void* begin, const void* end);

  uint64_t submitted() const { return submitted_.load(std::memory_order_acquire); }
  uint64_t completed() const { return completed_.load(std::memory_order_acquire); }
  uint64_t depth() const { return submitted() - completed(); }
  // From any thread.
  void wait(uint64_t sequence);

  // ---- for the stream's thread, and for kernels that consist of others (compile/code.h)
  using Thunk = void (*)();
  // What is known of a record: how its kernel is called, and which memory that uses.
  struct Kind {
    void (*invoke)(Thunk kernel, const void* args);
    void (*uses)(const void* args, std::vector<MemoryUse>& uses);  // null: none that can be lost
    // Where results depend on different operands: runs the kernel for those that are not lost. Else null.
    void (*stepParts)(Stream& stream, const Kind& kind, Thunk kernel, const void* args);
  };
  template <class Args>
  static const Kind* kindOf() {
    static constexpr Kind kKind{invoke<Args>, usesOf<Args>(), partsOf<Args>()};
    return &kKind;
  }
  // Runs a kernel, unless it depends on lost memory: then what it would have written is lost too. See docs/architecture.md,
  // "Failures".
  void step(const Kind& kind, Thunk kernel, const void* args);
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
  void stepWhole(const Kind& kind, Thunk kernel, const void* args);
  void publish() { hasLost_.store(!lost_.empty() || !begun_.empty(), std::memory_order_release); }

  // ---- for kernels that a worker runs
  // The stream whose thread calls.
  static Stream& running();
  // The kernel that is called now has begun. `ticket`: 0 if nothing can be wrong with the data.
  void began(Worker& worker, uint64_t ticket);
  // Waits until it is known which of the kernels that have begun fail.
  void settle();

 private:
  struct Record {
    uint32_t bytes;  // of the whole record
    bool fence;
    const Kind* kind;  // null: the ring wraps here
    Thunk kernel;
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
  static constexpr auto partsOf() -> void (*)(Stream&, const Kind&, Thunk, const void*) {
    if constexpr (std::is_base_of_v<OptimizerTable, Args>) return stepSlots<Args>;
    if constexpr (std::is_same_v<Args, CollectiveArgs>) return stepCollective;
    if constexpr (std::is_same_v<Args, FusedArgs>) return stepFused;
    if constexpr (std::is_same_v<Args, MatmulArgs>) return stepMatmul;
    return nullptr;
  }
  // Updates the parameters whose gradient and state are there.
  template <class Args>
  static void stepSlots(Stream& stream, const Kind& kind, Thunk kernel, const void* args) {
    Args rest = *static_cast<const Args*>(args);
    const std::vector<OptimizerSlot> slots = stream.slotsThere(rest);
    if (slots.empty()) return;
    rest.slots = static_cast<int64_t>(slots.size());
    rest.slot = const_cast<OptimizerSlot*>(slots.data());
    stream.stepWhole(kind, kernel, &rest);
  }
  std::vector<OptimizerSlot> slotsThere(const OptimizerTable& table);
  static void stepCollective(Stream& stream, const Kind& kind, Thunk kernel, const void* args);
  static void stepFused(Stream& stream, const Kind& kind, Thunk kernel, const void* args);
  static void stepMatmul(Stream& stream, const Kind& kind, Thunk kernel, const void* args);

  explicit Stream(int index);
  void append(Thunk kernel, const Kind* kind, const void* args, size_t bytes, bool fence = false);
  void reserve(uint64_t bytes);
  void run();
  void execute(const Record& record, const void* args);
  void stepWhereLost(const Kind& kind, Thunk kernel, const void* args);
  void fails(const Kind& kind, const void* args, Error error);
  // Of the kernel that `uses_` is of:
  void fails(Error error);
  void hasWritten();
  void renewWholes();
  FailureRef lossOfSources() const;
  void leaveOut(const FailureRef& failure);
  void loses(const MemoryUse& use, const FailureRef& failure);
  void noteSkip(const FailureRef& failure);
  FailureRef read(void (*kernel)(const CopyArgs&), const CopyArgs& copy);
  FailureRef nextUntold();
  const Failure* findLike(const Error& error) const;
  void forgetDead(bool idle);
  static std::optional<Error> attempt(const Kind& kind, Thunk kernel, const void* args);
  void stepBegun(const Kind& kind, Thunk kernel, const void* args);
  void noteBegun(const Kind& kind, const void* args);
  bool updates(const Kind& kind, const void* args);
  FailureRef waitForWorkers();

  // ---- of the stream's thread
  LostMemory lost_;
  std::vector<MemoryUse> uses_;
  uint64_t failures_ = 0;
  uint64_t sweptAt_ = 0,
           sweepCost_ = 0;  // when dead memory was last forgotten, and how many blocks that had to look at
  std::deque<FailureRef>
      untold_;  // failures that nobody may have been told of, oldest first; not all, if they are many
  std::deque<FailureRef> recent_;  // failures, oldest first
  SkipListener skipListener_;
  std::atomic<bool> hasLost_{false};
  // Kernels that may still fail, and those that have begun since, oldest first.
  struct Begun {
    Worker* worker;  // null where it cannot fail
    uint64_t ticket;
    std::vector<MemoryUse> uses;
  };
  std::vector<Begun> begun_;
  std::vector<Worker*> workers_;  // that have run kernels of this stream
  Worker* beganOn_ = nullptr;     // the kernel that is called now, and may still fail
  uint64_t ticket_ = 0;           // ... its ticket; else 0
  bool asks_ = false;             // whether there is a ticket, or a kernel that may still fail

  // In cache lines of their own: what both only read, what is the producer's, what it tells the stream's thread, what that
  // tells it, and what both seldom write.
  alignas(kCacheLine) const int index_;
  std::unique_ptr<unsigned char[]> ring_;
  std::atomic<bool> cancelled_{false};
  alignas(kCacheLine) uint64_t consumed_ = 0;  // head_ as the producer last saw it
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
