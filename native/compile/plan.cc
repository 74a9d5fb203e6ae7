// The static memory plan: buffers that are not needed at the same time share memory.
#include <algorithm>
#include <map>

#include "compile/graph.h"

namespace anneal {

namespace {

constexpr size_t kAlign = 64;

struct Interval {
  int first = -1, last = -1;  // kernels between which the buffer holds something
};

size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

// Ranges of offsets, none of which touch.
class Ranges {
 public:
  void add(size_t begin, size_t end) {
    auto next = ends_.lower_bound(begin);  // the first that ends at `begin` or later
    for (; next != ends_.end() && next->second <= end; next = ends_.erase(next)) {
      begin = std::min(begin, next->second);
      end = std::max(end, next->first);
    }
    ends_.emplace(end, begin);
  }
  // The end of what is in the way of `bytes` at `offset`; `offset` where nothing is.
  size_t behind(size_t offset, size_t bytes) const {
    const auto next = ends_.upper_bound(offset);
    return next != ends_.end() && next->second < offset + bytes ? next->first : offset;
  }

 private:
  std::map<size_t, size_t> ends_;  // begins by ends
};

// Which offsets are taken while which kernels run: a tree over the kernels, so that a buffer that lives long is noted in a few
// nodes, and most of their ranges have grown together.
class Occupied {
 public:
  explicit Occupied(size_t kernels) {
    while (leaves_ < kernels) leaves_ *= 2;
    nodes_.resize(2 * leaves_);
  }

  // The lowest offset with room for so many bytes throughout an interval. It is taken from here on.
  size_t take(const Interval& interval, size_t bytes) {
    std::vector<const Ranges*> others;
    forNodes(interval, [&](Node& node, bool covered) { others.push_back(covered ? &node.within : &node.throughout); });
    size_t offset = 0;
    for (size_t before = 1; before != offset;) {
      before = offset;
      for (const Ranges* ranges : others) offset = ranges->behind(offset, bytes);
    }
    if (bytes == 0) return offset;
    forNodes(interval, [&](Node& node, bool covered) {
      node.within.add(offset, offset + bytes);
      if (covered) node.throughout.add(offset, offset + bytes);
    });
    return offset;
  }

 private:
  struct Node {
    Ranges within;      // taken at any time of the node's
    Ranges throughout;  // taken by buffers that live through all of it, noted at no node above
  };

  // f(node, whether the interval covers it) for the nodes that the interval is made of, and those above them.
  template <class F>
  void forNodes(const Interval& interval, F&& f) {
    forNodes(1, 0, static_cast<int>(leaves_), interval, f);
  }
  template <class F>
  void forNodes(size_t node, int begin, int end, const Interval& interval, F& f) {
    if (interval.last < begin || interval.first >= end) return;
    const bool covered = interval.first <= begin && interval.last >= end - 1;
    f(nodes_[node], covered);
    if (covered) return;
    const int middle = begin + (end - begin) / 2;
    forNodes(2 * node, begin, middle, interval, f);
    forNodes(2 * node + 1, middle, end, interval, f);
  }

  size_t leaves_ = 1;
  std::vector<Node> nodes_;
};

}  // namespace

// Largest first, each at the lowest offset that is free while it lives.
size_t planMemory(Graph& graph) {
  std::vector<Interval> intervals(graph.buffers.size());
  for (int k = 0; k < static_cast<int>(graph.kernels.size()); ++k) {
    const Kernel& kernel = graph.kernels[k];
    kernel.forPointers([&](const void* p, Role role, const Extent&) {
      const int number = graph.bufferOf(p);
      const Buffer& buffer = graph.buffers[number];
      Interval& interval = intervals[number];
      if (role == Role::Read && interval.first < 0 && buffer.bytes > 0 && !buffer.isGiven()) {
        fail(ErrorKind::Argument, "[compile] %s reads what nothing has written yet", kernel.label.c_str());
      }
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
  Occupied occupied(graph.kernels.size());
  for (const int i : order) {
    Buffer& buffer = graph.buffers[i];
    const size_t bytes = aligned(buffer.bytes);
    buffer.offset = occupied.take(intervals[i], bytes);
    size = std::max(size, buffer.offset + bytes);
  }
  return size;
}

}  // namespace anneal
