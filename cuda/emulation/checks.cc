// What is wrong with the memory accesses of kernels: races within a block and between blocks, accesses out of bounds, and reads of what
// nobody has written. Kernels are compiled with -fsanitize=thread, for which the compiler calls the functions at the end of this file.
//
// A race is two accesses of two threads to one byte, one of them a write, without a barrier between them: also where the order in which
// the emulation runs threads makes the result right. Exchanges of a warp order nothing in memory.
#include "emulation/checks.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "emulation/emulation.h"
#include "emulation/memory.h"

namespace emulation {

namespace {

// The last accesses to a byte.
struct Access {
  uint32_t thread;  // of its block, from 1; kSeveral where several have read
  uint32_t block;   // kSeveral where threads of several have read
  uint32_t time;    // the barriers before it, of all launches
};
struct Cell {
  Access write, read;
};
constexpr uint32_t kSeveral = ~uint32_t{0};

enum class State : uint8_t { None, Allocated, Written };

template <class T>
T* reserve(size_t count) {
  void* memory =
      mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return static_cast<T*>(memory);
}

// Memory whose accesses are looked at.
struct Watched {
  const char* name;
  char* begin;
  size_t bytes;
  Cell* cells;
  State* states;
};

Watched device{"device memory", nullptr, 0, nullptr, nullptr};
Watched sharedOfBlock{"shared memory", nullptr, kSharedBytes, nullptr, nullptr};

thread_local bool runs = false;  // a kernel, on this thread
uint32_t time = 0, launchTime = 0;
uint32_t block = 0;  // number of the block in the launch

Watched& ofDevice() {
  if (!device.begin) {
    device.begin = deviceMemoryBegin();
    device.bytes = deviceMemoryBytes();
    device.cells = reserve<Cell>(device.bytes);
    device.states = reserve<State>(device.bytes);
  }
  return device;
}

void setStates(void* begin, size_t bytes, State state) {
  Watched& memory = ofDevice();
  const auto at = static_cast<size_t>(static_cast<char*>(begin) - memory.begin);
  if (at < memory.bytes) std::memset(memory.states + at, static_cast<int>(state), bytes);
}

void tell(const Watched& memory, const char* what, const Access* other = nullptr) {
  char text[256], beside[64] = "";
  if (other && other->thread == kSeveral) std::snprintf(beside, sizeof beside, " and others");
  if (other && other->thread != kSeveral) {
    std::snprintf(beside, sizeof beside, " and thread %u of block %u", other->thread - 1, other->block);
  }
  std::snprintf(text, sizeof text, "%s %s, by thread %u of block %u%s", what, memory.name, now.thread, block, beside);
  say(text);
}

// Whether an access of another thread happened in this launch without a barrier after it, which orders the threads of one block.
bool isUnordered(const Access& access) {
  if (access.thread == 0 || access.time < launchTime) return false;
  if (access.block != block) return true;
  return access.thread != now.thread + 1 && access.time == time;
}

void tellRace(const Watched& memory, const Access& other) {
  tell(memory, other.block == block ? "a race in" : "a race between blocks in", &other);
}

// With those who have read since the last barrier, or in other blocks.
Access withReader(const Access& before) {
  const Access own{now.thread + 1, block, time};
  if (before.thread == 0 || before.time < launchTime) return own;
  if (before.block != block) return {kSeveral, kSeveral, time};
  return before.thread != own.thread && before.time == time ? Access{kSeveral, block, time} : own;
}

void touch(Watched& memory, size_t at, size_t bytes, bool writes) {
  for (size_t i = at; i < at + bytes; ++i) {
    if (i >= memory.bytes || memory.states[i] == State::None) return tell(memory, "an access out of bounds of");
    Cell& cell = memory.cells[i];
    if (isUnordered(cell.write)) return tellRace(memory, cell.write);
    if (writes) {
      if (isUnordered(cell.read)) return tellRace(memory, cell.read);
      cell.write = {now.thread + 1, block, time};
      memory.states[i] = State::Written;
    } else {
      if (memory.states[i] != State::Written) return tell(memory, "a read of what nobody has written in");
      cell.read = withReader(cell.read);
    }
  }
}

void access(const void* p, size_t bytes, bool writes) {
  if (!runs) return;
  const auto address = reinterpret_cast<uintptr_t>(p);
  for (Watched* memory : {&device, &sharedOfBlock}) {
    const uintptr_t at = address - reinterpret_cast<uintptr_t>(memory->begin);
    if (memory->begin && at < memory->bytes) return touch(*memory, at, bytes, writes);
  }
}

}  // namespace

void noteAllocated(void* begin, size_t bytes) { setStates(begin, bytes, State::Allocated); }
void noteFreed(void* begin, size_t bytes) { setStates(begin, bytes, State::None); }
void noteWritten(void* begin, size_t bytes) { setStates(begin, bytes, State::Written); }

void noteLaunch(bool begins) {
  runs = begins;
  launchTime = ++time;
  block = ~uint32_t{0};
}
void noteBlock() {
  ++block;
  ++time;
  if (!sharedOfBlock.cells) {
    sharedOfBlock.cells = reserve<Cell>(kSharedBytes);
    sharedOfBlock.states = reserve<State>(kSharedBytes);
  }
  std::memset(sharedOfBlock.cells, 0, kSharedBytes * sizeof(Cell));
  std::memset(sharedOfBlock.states, 0, kSharedBytes);
}
void noteBarrier() { ++time; }
void noteShared(void* begin, size_t bytes) {
  // The first array is where the block's memory begins.
  if (!sharedOfBlock.begin) sharedOfBlock.begin = static_cast<char*>(begin);
  const auto at = static_cast<size_t>(static_cast<char*>(begin) - sharedOfBlock.begin);
  std::memset(sharedOfBlock.states + at, static_cast<int>(State::Allocated), bytes);
}

}  // namespace emulation

// ---- what the compiler calls --------------------------------------------------------------------------------------------------
extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
#define ANNEAL_ACCESS(n)                                                     \
  void __tsan_read##n(void* p) { emulation::access(p, n, false); }           \
  void __tsan_write##n(void* p) { emulation::access(p, n, true); }           \
  void __tsan_unaligned_read##n(void* p) { emulation::access(p, n, false); } \
  void __tsan_unaligned_write##n(void* p) { emulation::access(p, n, true); } \
  void __tsan_volatile_read##n(void* p) { emulation::access(p, n, false); }  \
  void __tsan_volatile_write##n(void* p) { emulation::access(p, n, true); }
ANNEAL_ACCESS(1)
ANNEAL_ACCESS(2)
ANNEAL_ACCESS(4)
ANNEAL_ACCESS(8)
ANNEAL_ACCESS(16)
#undef ANNEAL_ACCESS
void __tsan_read_range(void* p, size_t bytes) { emulation::access(p, bytes, false); }
void __tsan_write_range(void* p, size_t bytes) { emulation::access(p, bytes, true); }
void __tsan_vptr_update(void**, void*) {}
unsigned char __tsan_atomic8_load(const volatile unsigned char* p, int) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
}
