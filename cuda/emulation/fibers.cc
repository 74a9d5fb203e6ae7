// Blocks of threads as fibers of one CPU thread. A thread that ends without having waited leaves its stack to the next, so kernels
// without barriers cost no switch.
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "emulation/checks.h"
#include "emulation/emulation.h"

extern "C" void annealSwitchFiber(void** save, void* to);

#if defined(__x86_64__)
__asm__(R"(
.text
.globl annealSwitchFiber
.hidden annealSwitchFiber
.type annealSwitchFiber,@function
annealSwitchFiber:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size annealSwitchFiber,.-annealSwitchFiber
)");
constexpr size_t kSaved = 6, kReturn = 6, kFrame = 8;  // words: callee-saved registers, where to return, padding
#elif defined(__aarch64__)
__asm__(R"(
.text
.globl annealSwitchFiber
.hidden annealSwitchFiber
.type annealSwitchFiber,%function
annealSwitchFiber:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size annealSwitchFiber,.-annealSwitchFiber
)");
constexpr size_t kSaved = 20, kReturn = 11, kFrame = 20;  // x30 is the twelfth word
#else
#error "The emulation switches fibers on x86-64 and arm64 only."
#endif

namespace emulation {

Position now;

namespace {

constexpr unsigned kMostThreads = 1024, kWarp = 32;
constexpr size_t kStack = 64 << 10;
constexpr size_t kGap = 128;  // between shared arrays
constexpr int kMostArrays = 64;

enum class State : uint8_t { Fresh, Ready, AtBarrier, AtExchange, Done };

struct Thread {
  State state;
  int line;  // of the barrier or exchange where it waits
  void* sp;
  char* stack;
};

struct Warp {
  unsigned arrived;
  unsigned round;
  uint64_t values[2][kWarp];
};

// Of the launch that runs: one at a time in the process.
Thread threads[kMostThreads];
Warp warps[kMostThreads / kWarp];
unsigned total, done, waiting, current;
unsigned sequence[kMostThreads], place[kMostThreads];  // the order of threads, and each one's place in it
const std::function<void()>* body;
void* launcher;  // where the switch to the first fiber came from
// Never destroyed: kernels may still run when the program ends.
std::vector<char*>& stacks = *new std::vector<char*>;
std::string& problem = *new std::string;

alignas(kGap) char sharedMemory[kSharedBytes];
size_t sharedUsed;
struct SharedArray {
  int number;
  size_t bytes;
  void* memory;
};
SharedArray sharedArrays[kMostArrays];
int sharedCount;

// Which threads run first: `forward`, `reverse` or `random`, from ANNEAL_EMULATION_ORDER.
enum class Order { Forward, Reverse, Random };
Order orderOf() {
  const char* text = std::getenv("ANNEAL_EMULATION_ORDER");
  if (!text || std::strcmp(text, "forward") == 0) return Order::Forward;
  return std::strcmp(text, "reverse") == 0 ? Order::Reverse : Order::Random;
}

void shuffle() {
  static const Order order = orderOf();
  static std::mt19937 random(1);
  static unsigned shuffled = 0;
  if (order != Order::Random && shuffled == total) return;
  shuffled = total;
  unsigned at = 0;
  const unsigned warpCount = total / kWarp;
  std::vector<unsigned> byWarp(warpCount), byLane(kWarp);
  for (unsigned i = 0; i < warpCount; ++i) byWarp[i] = order == Order::Reverse ? warpCount - 1 - i : i;
  for (unsigned i = 0; i < kWarp; ++i) byLane[i] = order == Order::Reverse ? kWarp - 1 - i : i;
  if (order == Order::Random) {
    for (unsigned i = warpCount; i > 1; --i) std::swap(byWarp[i - 1], byWarp[random() % i]);
    for (unsigned i = kWarp; i > 1; --i) std::swap(byLane[i - 1], byLane[random() % i]);
  }
  for (const unsigned warp : byWarp) {
    for (const unsigned lane : byLane) {
      const unsigned thread = warp * kWarp + lane;
      sequence[at] = thread;
      place[thread] = at++;
    }
  }
}

char* takeStack() {
  if (stacks.empty()) {
    void* stack = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) std::abort();
    return static_cast<char*>(stack);
  }
  char* stack = stacks.back();
  stacks.pop_back();
  return stack;
}

bool mayRun(const Thread& thread) { return thread.state == State::Fresh || thread.state == State::Ready; }

// The next thread in order that can run; `total` where there is none.
unsigned next(unsigned from) {
  for (unsigned i = place[from] + 1; i < total; ++i) {
    if (mayRun(threads[sequence[i]])) return sequence[i];
  }
  for (unsigned i = 0; i <= place[from]; ++i) {
    if (mayRun(threads[sequence[i]])) return sequence[i];
  }
  return total;
}

void enter(unsigned thread) {
  current = thread;
  now.thread = thread;
}

void fiberMain();

void switchTo(void** save, unsigned thread) {
  if (thread == total) return annealSwitchFiber(save, launcher);
  Thread& to = threads[thread];
  if (to.state == State::Fresh) {
    to.stack = takeStack();
    // Tops lie apart: in the same set of the cache they would be slow.
    const uintptr_t top = (reinterpret_cast<uintptr_t>(to.stack) + kStack - thread * 37 % 64 * 192) & ~uintptr_t{63};
    void** sp = reinterpret_cast<void**>(top) - kFrame;
    for (size_t i = 0; i < kSaved; ++i) sp[i] = nullptr;
    sp[kReturn] = reinterpret_cast<void*>(fiberMain);
    to.sp = sp;
  }
  enter(thread);
  annealSwitchFiber(save, to.sp);
}

// All that are left have come to the barrier.
void open() {
  if (done > 0) say("a barrier that not all threads of the block come to");
  int line = 0;
  for (unsigned i = 0; i < total; ++i) {
    if (threads[i].state != State::AtBarrier) continue;
    if (line && threads[i].line != line) say("a divergent barrier: threads of a block wait at two places");
    line = threads[i].line;
    threads[i].state = State::Ready;
  }
  waiting = 0;
  noteBarrier();
}

void fiberMain() {
  while (true) {
    threads[current].state = State::Ready;
    (*body)();
    Thread& self = threads[current];
    self.state = State::Done;
    ++done;
    unsigned fresh = total;
    for (unsigned i = place[current] + 1; i < total && threads[sequence[i]].state != State::Ready; ++i) {
      if (threads[sequence[i]].state != State::Fresh) continue;
      fresh = sequence[i];
      break;
    }
    if (fresh != total) {
      threads[fresh].stack = self.stack;
      enter(fresh);
      continue;
    }
    stacks.push_back(self.stack);
    if (waiting > 0 && waiting + done == total) open();
    void* dead;
    switchTo(&dead, next(current));
  }
}

void runBlock() {
  shuffle();
  for (unsigned i = 0; i < total; ++i) threads[i].state = State::Fresh;
  for (Warp& warp : warps) warp.arrived = 0;
  if (sharedUsed > 0) std::memset(sharedMemory, 0xff, sharedUsed);  // what nobody wrote is NaN
  sharedUsed = 0;
  sharedCount = 0;
  done = waiting = 0;
  noteBlock();
  switchTo(&launcher, sequence[0]);
  if (done == total) return;
  say("threads of a warp wait for others that do not come to the exchange");
  for (unsigned i = 0; i < total; ++i) {
    if (threads[i].state != State::Fresh && threads[i].state != State::Done) stacks.push_back(threads[i].stack);
  }
}

}  // namespace

void say(const char* what) {
  if (problem.empty()) problem = what;
}

void barrier(int line) {
  Thread& self = threads[current];
  self.state = State::AtBarrier;
  self.line = line;
  ++waiting;
  if (waiting + done == total) open();
  const unsigned to = next(sequence[total - 1]);
  if (to != current) switchTo(&self.sp, to);
}

const uint64_t* exchange(uint64_t value, int line) {
  const unsigned lane = current % kWarp;
  Thread& self = threads[current];
  Warp& warp = warps[current / kWarp];
  const unsigned round = warp.round % 2;
  self.line = line;
  warp.values[round][lane] = value;
  warp.arrived |= 1u << lane;
  if (warp.arrived != ~0u) {
    self.state = State::AtExchange;
    switchTo(&self.sp, next(current));
    return warp.values[round];
  }
  warp.arrived = 0;
  ++warp.round;
  const unsigned first = current / kWarp * kWarp;
  for (unsigned i = first; i < first + kWarp; ++i) {
    if (threads[i].line != self.line) say("a divergent exchange: lanes of a warp meet at two places");
    if (threads[i].state == State::AtExchange) threads[i].state = State::Ready;
  }
  return warp.values[round];
}

// Instances of one function template have arrays of different sizes under one number.
void* sharedArray(int number, size_t bytes) {
  for (int i = 0; i < sharedCount; ++i) {
    if (sharedArrays[i].number == number && sharedArrays[i].bytes == bytes) return sharedArrays[i].memory;
  }
  if (sharedUsed + bytes > kSharedBytes || sharedCount == kMostArrays) std::abort();
  void* const memory = sharedMemory + sharedUsed;
  sharedArrays[sharedCount++] = {number, bytes, memory};
  sharedUsed += (bytes + kGap - 1) / kGap * kGap + kGap;
  noteShared(memory, bytes);
  return memory;
}

const char* run(Extent grid, unsigned threadCount, const std::function<void()>& kernel) {
  static std::mutex one;
  static std::string& told = *new std::string;
  const std::lock_guard<std::mutex> lock(one);
  problem.clear();
  body = &kernel;
  total = threadCount;
  now.threads = threadCount;
  noteLaunch(true);
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x && problem.empty(); ++x) {
        now.block = {x, y, z};
        runBlock();
      }
    }
  }
  noteLaunch(false);
  if (problem.empty()) return nullptr;
  told = problem;
  return told.c_str();
}

}  // namespace emulation
