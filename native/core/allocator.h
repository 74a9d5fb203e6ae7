// The caching allocator of a device: 64-byte aligned blocks in size classes, reused in stream order.
//
// A block given back may be handed out again at once on the stream that used it: its next owner reaches it only through kernels
// submitted later, and the stream runs them after the last use. Memory written by the host instead (an upload), or by another stream,
// must not be in use by a pending kernel, so these get only blocks whose last use has completed.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace anneal {

class Stream;  // core/stream.h

struct MemoryStats {
  int64_t live, cached, peak;  // bytes; peak is of live
};

// Where an allocator gets its blocks.
struct MemorySource {
  void* (*take)(size_t bytes);  // 64-byte aligned; null where there is none
  void (*give)(void* block);
  int64_t (*available)();  // bytes that can still be taken; INT64_MAX where it cannot be told
  int64_t (*resident)();   // bytes of those taken that have been written, where only these count; else null
};

class Allocator {
 public:
  enum class Use { Kernels, HostWrite };

  explicit Allocator(const MemorySource& source) : source_(source) {}

  // Throws OutOfMemoryError, after the context's `reclaim` has been tried. A size of 0 gives a valid, unusable block.
  void* allocate(size_t bytes, Use use, Stream& stream);
  void release(void* block, size_t bytes, Stream& stream);

  // Takes what a stream has lost in blocks that are free, or that went to another stream or back to the system, out of its account.
  // For the stream's thread. Gives the number of blocks that it looked at.
  size_t forgetFree(Stream& stream);

  MemoryStats stats();
  void resetPeak();
  void trim();                   // returns cached blocks to the system, after the stream has drained
  void setLimit(int64_t bytes);  // of live bytes; 0 for none

 private:
  static constexpr int kClasses = 4 * 64;
  struct FreeBlock {
    void* data;
    uint64_t lastUse;  // stream sequence number
  };

  // What a stream has used last.
  struct Used {
    Stream* stream = nullptr;
    std::array<std::deque<FreeBlock>, kClasses> free;
    std::map<char*, size_t> gone;  // to another stream or to the system, while the stream had lost memory
  };

  Used& usedBy(Stream& stream);
  bool overLimit(int64_t size) const { return limit_ > 0 && live_ + size > limit_; }
  void* attempt(int sizeClass, Use use, Stream& stream);  // null when there is no memory
  void* takeOwn(int sizeClass, Use use, Used& used);
  void* takeOthers(int sizeClass, const Used& own);
  static void comes(Used& used, void* block, size_t size);
  static void goes(Used& used, void* block, size_t size);
  void* fromSystem(size_t size);
  bool systemHas(int64_t size);
  void releaseCached();

  const MemorySource source_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Used>> used_;  // by the streams' index
  int64_t live_ = 0, cached_ = 0, peak_ = 0, limit_ = 0;
  int64_t most_ = 0;       // peak that is never reset
  int64_t unchecked_ = 0;  // bytes taken since the system was asked what it has left
};

// The CPU's, of the system's memory. Never destroyed: engine threads outlive the end of the program.
Allocator& cpuMemory();

}  // namespace anneal
