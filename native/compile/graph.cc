#include "compile/graph.h"

#include <algorithm>

namespace anneal {

namespace {

const char* memoryOf(const Tensor& tensor) { return static_cast<const char*>(tensor.storage().data()); }

}  // namespace

Graph::Graph(Trace& trace)
    : kernels(std::move(trace.kernels)),
      traced_(static_cast<int>(trace.buffers.size())),
      outside_(std::move(trace.held)) {
  std::sort(outside_.begin(), outside_.end(),
            [](const Tensor& a, const Tensor& b) { return memoryOf(a) < memoryOf(b); });
  for (const size_t bytes : trace.buffers) buffers.push_back({.bytes = bytes});
  for (const Tensor& tensor : outside_) buffers.push_back({.bytes = tensor.storage().bytes(), .place = Place::Outside});
}

int Graph::bufferOf(const void* p) const {
  if (isTraced(p)) return static_cast<int>(tracedBuffer(p));
  const auto after = std::upper_bound(outside_.begin(), outside_.end(), static_cast<const char*>(p),
                                      [](const char* at, const Tensor& tensor) { return at < memoryOf(tensor); });
  const bool known =
      after != outside_.begin() &&
      static_cast<const char*>(p) < memoryOf(after[-1]) + std::max<size_t>(after[-1].storage().bytes(), 1);
  if (!known) fail(ErrorKind::Argument, "[compile] a kernel uses memory of no tensor that the function knows");
  return traced_ + static_cast<int>(after - outside_.begin()) - 1;
}

void* Graph::beginOf(int buffer) const {
  return buffer < traced_ ? tracedAddress(static_cast<uint32_t>(buffer)) : outside(buffer).storage().data();
}

size_t Graph::placeOf(const void* p) const {
  return static_cast<size_t>(static_cast<const char*>(p) - static_cast<const char*>(beginOf(bufferOf(p))));
}

std::vector<Graph::Uses> Graph::uses() const {
  std::vector<Uses> result(buffers.size());
  for (int k = 0; k < static_cast<int>(kernels.size()); ++k) {
    if (!kernels[k].op) continue;
    kernels[k].forPointers([&](const void* p, Role role, const Extent&) {
      Uses& of = result[bufferOf(p)];
      if (writes(role)) of.writers.push_back(k);
      if (reads(role)) of.readers.push_back(k);
    });
  }
  return result;
}

void Graph::forgetUses(const Kernel& kernel, int place, std::vector<Uses>& uses) const {
  const auto take = [place](std::vector<int>& places) {
    const auto [begin, end] = std::equal_range(places.begin(), places.end(), place);
    places.erase(begin, end);
  };
  kernel.forPointers([&](const void* p, Role role, const Extent&) {
    Uses& of = uses[bufferOf(p)];
    if (writes(role)) take(of.writers);
    if (reads(role)) take(of.readers);
  });
}

void Graph::noteUses(const Kernel& kernel, int place, std::vector<Uses>& uses) const {
  const auto put = [place](std::vector<int>& places) {
    places.insert(std::upper_bound(places.begin(), places.end(), place), place);
  };
  kernel.forPointers([&](const void* p, Role role, const Extent&) {
    Uses& of = uses[bufferOf(p)];
    if (writes(role)) put(of.writers);
    if (reads(role)) put(of.readers);
  });
}

bool hasBetween(const std::vector<int>& places, int after, int before) {
  const auto next = std::upper_bound(places.begin(), places.end(), after);
  return next != places.end() && *next < before;
}

bool Graph::canMove(const Kernel& kernel, int from, int to, const std::vector<Uses>& uses) const {
  bool can = true;
  kernel.forPointers([&](const void* p, Role role, const Extent&) {
    const Uses& of = uses[bufferOf(p)];
    if (reads(role)) can = can && !hasBetween(of.writers, from, to + 1);
    if (writes(role)) can = can && !hasBetween(of.readers, from, to) && !hasBetween(of.writers, from, to);
  });
  return can;
}

void Graph::sweep() {
  std::erase_if(kernels, [](const Kernel& kernel) { return kernel.op == nullptr; });
}

}  // namespace anneal
