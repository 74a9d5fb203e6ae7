// The static memory plan: buffers that are not needed at the same time share memory.
#include <algorithm>

#include "compile/graph.h"

namespace anneal {

namespace {

constexpr size_t kAlign = 64;

struct Interval {
  int first = -1, last = -1;  // kernels between which the buffer holds something
  bool overlaps(const Interval& other) const { return first <= other.last && other.first <= last; }
};

}  // namespace

// Largest first, each at the lowest offset at which it meets nobody who lives at the same time.
size_t planMemory(Graph& graph) {
  std::vector<Interval> intervals(graph.buffers.size());
  for (int k = 0; k < static_cast<int>(graph.kernels.size()); ++k) {
    graph.kernels[k].forPointers([&](const void* p, Role, const Extent&) {
      Interval& interval = intervals[graph.bufferOf(p)];
      if (interval.first < 0) interval.first = k;
      interval.last = k;
    });
  }
  std::vector<int> order;
  for (int i = 0; i < static_cast<int>(graph.buffers.size()); ++i) {
    if (graph.buffers[i].place == Place::Arena && intervals[i].first >= 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return graph.buffers[a].bytes > graph.buffers[b].bytes; });
  size_t size = 0;
  std::vector<int> placed;  // by offset
  for (int buffer : order) {
    const size_t bytes = (graph.buffers[buffer].bytes + kAlign - 1) / kAlign * kAlign;
    size_t offset = 0;
    for (int other : placed) {
      const Buffer& neighbour = graph.buffers[other];
      if (!intervals[buffer].overlaps(intervals[other])) continue;
      if (offset + bytes <= neighbour.offset) break;
      offset = std::max(offset, (neighbour.offset + neighbour.bytes + kAlign - 1) / kAlign * kAlign);
    }
    graph.buffers[buffer].offset = offset;
    size = std::max(size, offset + bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), offset,
                                   [&](size_t at, int other) { return at < graph.buffers[other].offset; }),
                  buffer);
  }
  return size;
}

}  // namespace anneal
