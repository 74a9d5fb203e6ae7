// Dead code and common subexpressions.
#include <string>
#include <unordered_map>

#include "compile/graph.h"

namespace anneal {

// From the last kernel to the first: one is of use if it writes memory that was there before, what the caller needs, or what a later
// one that is of use reads.
void dropUnusedKernels(Graph& graph) {
  std::vector<bool> needed;
  for (const Buffer& buffer : graph.buffers) needed.push_back(buffer.needed || buffer.isGiven());
  for (size_t k = graph.kernels.size(); k-- > 0;) {
    Kernel& kernel = graph.kernels[k];
    bool used = false;
    kernel.forPointers(
        [&](const void* p, Role role, const Extent&) { used = used || (writes(role) && needed[graph.bufferOf(p)]); });
    if (!used) {
      kernel.op = nullptr;
      continue;
    }
    kernel.forPointers([&](const void* p, Role role, const Extent&) {
      if (reads(role)) needed[graph.bufferOf(p)] = true;
    });
  }
  graph.sweep();
}

namespace {

// Everything a kernel computes from, as bytes: its arguments without the places it writes to.
std::string keyOf(const Kernel& kernel) {
  Kernel copy = kernel;
  copy.forPointerFields([](void** p, Role role, const Extent&) {
    if (writes(role)) *p = nullptr;
  });
  return std::visit(
      [&](const auto& args) {
        return std::string(1, static_cast<char>(copy.args.index())) +
               std::string(reinterpret_cast<const char*>(&args), sizeof(args));
      },
      copy.args);
}

}  // namespace

// Of two kernels that compute the same from the same, the later goes, and its readers read what the earlier wrote.
void mergeEqualKernels(Graph& graph) {
  const auto uses = graph.uses();
  std::unordered_map<std::string, void*> known;         // the result, by key
  std::unordered_map<const void*, void*> replacements;  // of whole buffers
  for (Kernel& kernel : graph.kernels) {
    const void* result = nullptr;
    bool fits = !kernel.isDynamic();
    int written = 0;
    kernel.forPointerFields([&](void** field, Role role, const Extent&) {
      void*& p = *field;
      const int buffer = graph.bufferOf(p);
      const Buffer& b = graph.buffers[buffer];
      const size_t writers = uses[buffer].writers.size();
      if (writes(role)) {
        ++written;
        result = p;
        fits = fits && !b.isGiven() && !b.needed && writers == 1 && p == graph.beginOf(buffer);
        return;
      }
      fits = fits && writers <= (b.isGiven() ? 0 : 1);
      const auto found = replacements.find(graph.beginOf(buffer));
      if (found != replacements.end()) p = static_cast<char*>(found->second) + graph.placeOf(p);
    });
    if (!fits || written != 1) continue;
    const auto [at, isNew] = known.emplace(keyOf(kernel), const_cast<void*>(result));
    if (isNew) continue;
    replacements[result] = at->second;
    kernel.op = nullptr;
  }
  graph.sweep();
}

}  // namespace anneal
