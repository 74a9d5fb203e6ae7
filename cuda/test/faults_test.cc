// Kernels with faults, each of which the checked emulation must find by its name, whatever the order of threads; and kernels without.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "core/error.h"
#include "device/launch.h"

namespace anneal::device {

namespace {

constexpr unsigned kThreads = 64;

struct Params {
  const float* in;
  float* out;
  int count;
};

// The sum of 64 numbers. `missing`: the barrier before a step of so many threads is left out.
template <int missing>
ANNEAL_KERNEL(kThreads)
sum(const Params p) {
  ANNEAL_SHARED(float, part, kThreads);
  part[threadIndex()] = p.in[threadIndex()];
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    if (half != missing) barrier();
    if (threadIndex() < half) part[threadIndex()] += part[threadIndex() + half];
  }
  if (threadIndex() == 0) p.out[blockIndex()] = part[0];
}

ANNEAL_KERNEL(kThreads) divergentBarrier(const Params p) {
  ANNEAL_SHARED(float, part, kThreads);
  part[threadIndex()] = 1;
  if (threadIndex() < kThreads / 2) {
    barrier();
  } else {
    barrier();
  }
  p.out[threadIndex()] = part[kThreads - 1 - threadIndex()];
}

ANNEAL_KERNEL(kThreads) earlyReturn(const Params p) {
  if (threadIndex() >= 40) return;
  barrier();
  p.out[threadIndex()] = 1;
}

ANNEAL_KERNEL(kThreads) laneMissing(const Params p) {
  if (threadIndex() == 7) return;
  p.out[threadIndex()] = shuffleXor(1.f, 1);
}

// The last block reads behind the end.
ANNEAL_KERNEL(kThreads) wrongTail(const Params p) {
  const int i = static_cast<int>(blockIndex() * kThreads + threadIndex());
  if (i <= p.count) p.out[threadIndex()] = p.in[i];
}

ANNEAL_KERNEL(kThreads) behindShared(const Params p) {
  ANNEAL_SHARED(float, part, kThreads);
  part[threadIndex()] = 1;
  barrier();
  p.out[threadIndex()] = part[threadIndex() + 1];
}

ANNEAL_KERNEL(kThreads) unwrittenShared(const Params p) {
  ANNEAL_SHARED(float, part, kThreads);
  if (threadIndex() < 60) part[threadIndex()] = 1;
  barrier();
  p.out[threadIndex()] = part[kThreads - 1 - threadIndex()];
}

ANNEAL_KERNEL(kThreads) copies(const Params p) { p.out[threadIndex()] = p.in[threadIndex()]; }

ANNEAL_KERNEL(kThreads) blocksCollide(const Params p) {
  if (threadIndex() == 0) p.out[0] = static_cast<float>(blockIndex());
}

ANNEAL_KERNEL(kThreads) blockReadsOther(const Params p) {
  if (blockIndex() == 0 && threadIndex() == 0) p.out[0] = 1;
  if (blockIndex() == 1 && threadIndex() == 0) p.out[1] = p.out[0];
}

struct Memory {
  float *in, *out;
  Memory() {
    void *first, *second;
    check(cudaMalloc(&first, kThreads * sizeof(float)));
    check(cudaMalloc(&second, kThreads * sizeof(float)));
    in = static_cast<float*>(first);
    out = static_cast<float*>(second);
  }
};

int passed = 0, failed = 0;

void report(const char* name, bool good, const std::string& what) {
  good ? ++passed : ++failed;
  if (!good) std::printf("%s: %s\n", name, what.c_str());
}

// `expected`: what the launch must be told, or null.
void expect(CudaQueue& queue, const char* name, void (*kernel)(Params), int blocks, const char* expected,
            bool written = true) {
  Memory memory;
  if (written) {
    const float values[kThreads] = {};
    queue.upload(memory.in, values, sizeof values);
    queue.upload(memory.out, values, sizeof values);
  }
  std::string said = "nothing";
  try {
    launch(queue, {blocks}, kThreads, kernel, {resolve(memory.in), resolve(memory.out), kThreads});
  } catch (const Error& error) {
    said = error.message();
  }
  const bool good = expected ? said.find(expected) != std::string::npos : said == "nothing";
  report(name, good, "said " + said);
}

// The host faults where it reads device memory.
void hostReads() {
  Memory memory;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const float value = *static_cast<volatile float*>(memory.in);
    _exit(value == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  report("a read by the host", WIFSIGNALED(status), "no fault");
}

}  // namespace

int run() {
  CudaQueue queue(0);
  expect(queue, "a sum", sum<0>, 3, nullptr);
  expect(queue, "a copy", copies, 1, nullptr);
  expect(queue, "a missing barrier", sum<16>, 1, "a race in shared memory");
  expect(queue, "the first barrier missing", sum<32>, 1, "shared memory, by thread");
  expect(queue, "a divergent barrier", divergentBarrier, 1, "a divergent barrier");
  expect(queue, "an early return", earlyReturn, 1, "a barrier that not all threads of the block come to");
  expect(queue, "a lane that is missing", laneMissing, 1, "threads of a warp wait for others");
  expect(queue, "a wrong tail", wrongTail, 2, "an access out of bounds of device memory");
  expect(queue, "an access behind shared memory", behindShared, 1, "an access out of bounds of shared memory");
  expect(queue, "unwritten shared memory", unwrittenShared, 1, "a read of what nobody has written in shared memory");
  expect(queue, "unwritten device memory", copies, 1, "a read of what nobody has written in device memory", false);
  expect(queue, "blocks that write one place", blocksCollide, 2, "a race between blocks in device memory");
  expect(queue, "a block that reads another's", blockReadsOther, 2, "a race between blocks in device memory");
  hostReads();
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}

}  // namespace anneal::device

int main() { return anneal::device::run(); }
