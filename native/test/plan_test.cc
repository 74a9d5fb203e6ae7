// The memory plan, against the same rule in a loop over all buffers.
#include <algorithm>
#include <random>

#include "compile/graph.h"
#include "test/check.h"
#include "test/tensors.h"

namespace anneal {
namespace {

using namespace test;

struct Planned {
  size_t bytes, offset;
  int first, last;
};

// Largest first, each at the lowest offset at which it meets no other that is alive at the same time.
ANNEAL_REFERENCE size_t plan(std::vector<Planned>& buffers) {
  std::vector<size_t> order(buffers.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  size_t size = 0;
  for (size_t at = 0; at < order.size(); ++at) {
    Planned& buffer = buffers[order[at]];
    const auto isInTheWay = [&](const Planned& other) {
      return buffer.first <= other.last && other.first <= buffer.last && other.offset < buffer.offset + buffer.bytes &&
             buffer.offset < other.offset + other.bytes;
    };
    for (buffer.offset = 0; std::any_of(order.begin(), order.begin() + static_cast<long>(at),
                                        [&](size_t i) { return isInTheWay(buffers[i]); });) {
      buffer.offset += 64;
    }
    size = std::max(size, buffer.offset + buffer.bytes);
  }
  return size;
}

TEST(plan_gives_each_buffer_the_lowest_place_that_is_free_while_it_lives) {
  Caller caller;
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    const int kernels = 1 + static_cast<int>(random() % 70), count = 1 + static_cast<int>(random() % 90);
    Trace trace;
    std::vector<Planned> expected;
    std::vector<std::vector<void*>> touched(static_cast<size_t>(kernels));
    for (int i = 0; i < count; ++i) {
      const size_t elements = random() % 5 == 0 ? 0 : 16 * (1 + random() % (round % 2 ? 3 : 40));
      const int a = static_cast<int>(random() % kernels), b = static_cast<int>(random() % kernels);
      expected.push_back({elements * 4, 0, std::min(a, b), std::max(a, b)});
      void* p = trace.reserve(elements * 4);
      touched[std::min(a, b)].push_back(p);
      touched[std::max(a, b)].push_back(p);
    }
    // A kernel that touches all of a list: an optimizer's. Its gradient is read, and so not written.
    for (std::vector<void*>& list : touched) {
      SgdArgs args{};
      args.dtype = DType::Float32;
      std::vector<OptimizerSlot> slots;
      for (void* p : list) slots.push_back({p, nullptr, {}, nullptr, 0, false});
      args.slots = static_cast<int64_t>(slots.size());
      args.slot = slots.data();
      trace.append("sgdStep", args);
    }
    Graph graph(trace);
    const size_t size = planMemory(graph);
    CHECK(size == plan(expected));
    for (size_t i = 0; i < expected.size(); ++i) {
      if (expected[i].bytes > 0) CHECK(graph.buffers[i].offset == expected[i].offset);
    }
  }
}

TEST(plan_refuses_a_kernel_that_reads_what_nothing_has_written) {
  Caller caller;
  Trace trace;
  void* p = trace.reserve(64);
  SgdArgs args{};
  args.dtype = DType::Float32;
  OptimizerSlot slot{trace.reserve(64), p, {}, nullptr, 16, false};
  args.slots = 1;
  args.slot = &slot;
  trace.append("sgdStep", args);
  Graph graph(trace);
  CHECK_THROWS(planMemory(graph), Error);
}

}  // namespace
}  // namespace anneal
