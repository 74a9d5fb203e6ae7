// The allocator: size classes, reuse in stream order, blocks for the host, the limit, memory that is not there.
#include "core/allocator.h"

#include <cstring>
#include <thread>

#include "core/context.h"
#include "core/error.h"
#include "core/system.h"
#include "test/check.h"

namespace anneal {

namespace {

using Use = Allocator::Use;

// The CPU's memory, as the context of the thread uses it.
struct Memory {
  void* allocate(size_t bytes, Use use) { return cpuMemory().allocate(bytes, use, *context().stream); }
  void release(void* block, size_t bytes) { cpuMemory().release(block, bytes, *context().stream); }
};
Memory memory;
Allocator& allocator() { return cpuMemory(); }

// Holds the stream's thread up, so that what is released meanwhile counts as in use.
class BusyStream {
 public:
  BusyStream() {
    struct Args {
      std::atomic<bool>* open;
    };
    void (*kernel)(const Args&) = [](const Args& a) {
      while (!*a.open) std::this_thread::yield();
    };
    context().stream->submit(kernel, Args{&open_});
  }
  ~BusyStream() { finish(); }
  void finish() {
    open_ = true;
    context().stream->synchronize();
  }

 private:
  std::atomic<bool> open_{false};
};

ErrorKind kindOfFailure(size_t bytes) {
  try {
    memory.release(memory.allocate(bytes, Use::Kernels), bytes);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::Argument;
}

}  // namespace

TEST(allocatorBlocksAreAlignedAndWhole) {
  std::vector<std::pair<void*, size_t>> blocks;
  for (size_t bytes : {0, 1, 63, 64, 65, 80, 81, 100, 128, 129, 1000, 4096, 5000, 100000, 5000000}) {
    const int64_t before = allocator().stats().live;
    void* block = memory.allocate(bytes, Use::HostWrite);
    const int64_t size = allocator().stats().live - before;
    CHECK_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
    CHECK(size >= static_cast<int64_t>(bytes) && size >= 64);
    CHECK(size <= static_cast<int64_t>(bytes + bytes / 4 + 128));  // four classes an octave
    std::memset(block, static_cast<int>(bytes), bytes);
    blocks.emplace_back(block, bytes);
  }
  for (const auto& [block, bytes] : blocks) {
    const auto* data = static_cast<const unsigned char*>(block);
    if (bytes > 0) CHECK(data[0] == static_cast<unsigned char>(bytes) && data[bytes - 1] == data[0]);
    memory.release(block, bytes);
  }
}

TEST(allocatorReusesBlocksAtOnceForKernels) {
  const BusyStream busy;
  void* first = memory.allocate(3000, Use::Kernels);
  memory.release(first, 3000);
  // Any size of the class: 2561 to 3072.
  void* second = memory.allocate(2600, Use::Kernels);
  CHECK_EQ(first, second);
  void* third = memory.allocate(2600, Use::Kernels);
  CHECK(third != second);
  memory.release(second, 2600);
  memory.release(third, 2600);
}

TEST(allocatorGivesTheHostNoBlockInUse) {
  allocator().trim();
  BusyStream busy;
  void* used = memory.allocate(7000, Use::Kernels);
  memory.release(used, 7000);
  void* written = memory.allocate(7000, Use::HostWrite);
  CHECK(written != used);
  memory.release(written, 7000);
  busy.finish();
  void* later = memory.allocate(7000, Use::HostWrite);
  CHECK_EQ(later, used);  // the oldest first
  memory.release(later, 7000);
}

// Another stream gets a block only when the one that used it has got past the last use.
TEST(allocatorHandsBlocksFromStreamToStream) {
  allocator().trim();
  Stream& other = Stream::take();
  BusyStream busy;
  void* used = memory.allocate(7000, Use::Kernels);
  memory.release(used, 7000);
  for (const Use use : {Use::Kernels, Use::HostWrite}) {
    void* fresh = cpuMemory().allocate(7000, use, other);
    CHECK(fresh != used);
    // Given back as if used on the busy stream, so that only the first block is a candidate below.
    memory.release(fresh, 7000);
  }
  busy.finish();
  void* taken = cpuMemory().allocate(7000, Use::Kernels, other);
  CHECK_EQ(taken, used);  // the oldest first
  cpuMemory().release(taken, 7000, other);
  other.giveBack();
}

TEST(allocatorCounts) {
  allocator().trim();
  CHECK_EQ(allocator().stats().cached, 0);
  allocator().resetPeak();
  const int64_t live = allocator().stats().live;
  void* block = memory.allocate(1 << 20, Use::Kernels);
  CHECK_EQ(allocator().stats().live - live, 1 << 20);
  memory.release(block, 1 << 20);
  CHECK_EQ(allocator().stats().live, live);
  CHECK_EQ(allocator().stats().cached, 1 << 20);
  CHECK_EQ(allocator().stats().peak - live, 1 << 20);
  allocator().trim();
  CHECK_EQ(allocator().stats().cached, 0);
}

TEST(allocatorKeepsToItsLimit) {
  const int64_t live = allocator().stats().live;
  allocator().setLimit(live + (4 << 20));
  void* block = memory.allocate(3 << 20, Use::Kernels);
  CHECK(kindOfFailure(2 << 20) == ErrorKind::OutOfMemory);
  CHECK_EQ(allocator().stats().live - live, 3 << 20);
  memory.release(block, 3 << 20);
  CHECK(kindOfFailure(2 << 20) != ErrorKind::OutOfMemory);
  allocator().setLimit(0);
  CHECK(kindOfFailure(8 << 20) != ErrorKind::OutOfMemory);
}

// A caller with garbage to collect gets the chance to before it fails.
TEST(allocatorAsksForGarbageFirst) {
  Context caller;
  void* garbage = memory.allocate(3 << 20, Use::Kernels);
  int asked = 0;
  caller.reclaim = [&] {
    ++asked;
    if (garbage) memory.release(garbage, 3 << 20);
    garbage = nullptr;
  };
  setContext(&caller);
  allocator().setLimit(allocator().stats().live + (1 << 20));
  CHECK(kindOfFailure(1 << 20) != ErrorKind::OutOfMemory);
  CHECK_EQ(asked, 0);
  CHECK(kindOfFailure(2 << 20) != ErrorKind::OutOfMemory);
  CHECK_EQ(asked, 1);
  CHECK(kindOfFailure(8 << 20) == ErrorKind::OutOfMemory);
  CHECK_EQ(asked, 2);
  allocator().setLimit(0);
  setContext(nullptr);
}

TEST(allocatorFailsWhereNoMemoryIs) {
  const MemoryStats before = allocator().stats();
  for (size_t bytes : {size_t{1} << 43, size_t{1} << 50, size_t{1} << 56}) {
    CHECK(kindOfFailure(bytes) == ErrorKind::OutOfMemory);
  }
  CHECK_EQ(allocator().stats().live, before.live);
  void* block = memory.allocate(1000, Use::Kernels);
  CHECK(block != nullptr);
  memory.release(block, 1000);
}

// The system would promise this memory, block by block, and kill the process that writes to it.
TEST(allocatorDoesNotTakePromisesForMemory) {
  const int64_t available = availableMemory();
  if (available > int64_t{1} << 45 || residentMemory() == 0) return;  // cannot be told here
  const auto bytes = static_cast<size_t>(available / 3);
  std::vector<void*> blocks;
  bool failed = false;
  for (int i = 0; i < 8 && !failed; ++i) {
    try {
      blocks.push_back(memory.allocate(bytes, Use::Kernels));
    } catch (const Error& error) {
      failed = error.kind() == ErrorKind::OutOfMemory;
    }
  }
  CHECK(failed);
  for (void* block : blocks) memory.release(block, bytes);
  allocator().trim();
}

TEST(allocatorServesSeveralThreads) {
  const int64_t live = allocator().stats().live;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong, t] {
      struct Held {
        unsigned char* data;
        size_t bytes;
      };
      std::vector<Held> held;
      uint32_t random = static_cast<uint32_t>(t + 1);
      for (int i = 0; i < 5000; ++i) {
        random = random * 1664525u + 1013904223u;
        if (held.size() < 20 && (random >> 30) != 0) {
          const size_t bytes = 1 + (random >> 8) % 3000;
          auto* data = static_cast<unsigned char*>(memory.allocate(bytes, Use::HostWrite));
          std::memset(data, static_cast<int>(bytes) + t, bytes);
          held.push_back({data, bytes});
        } else if (!held.empty()) {
          const Held block = held.back();
          held.pop_back();
          for (size_t j = 0; j < block.bytes; ++j) {
            if (block.data[j] != static_cast<unsigned char>(block.bytes + static_cast<size_t>(t))) {
              ++wrong;
              break;
            }
          }
          memory.release(block.data, block.bytes);
        }
      }
      for (const Held& block : held) memory.release(block.data, block.bytes);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(wrong.load(), 0);
  CHECK_EQ(allocator().stats().live, live);
}

}  // namespace anneal
