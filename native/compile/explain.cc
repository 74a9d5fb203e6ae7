#include "compile/explain.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "core/memory_use.h"

namespace anneal {

namespace {

std::string format(const char* pattern, ...) {
  char buffer[256];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(buffer, sizeof buffer, pattern, arguments);
  va_end(arguments);
  return buffer;
}

// What a kernel's record calls its sizes.
struct Label {
  std::string text;

  void dims(std::initializer_list<int64_t> sizes) { dims(sizes.begin(), static_cast<int>(sizes.size())); }
  void dims(const int64_t* shape, int rank) {
    text += "[";
    for (int i = 0; i < rank; ++i) text += format("%s%" PRId64, i > 0 ? ", " : "", shape[i]);
    text += "]";
  }
  void product(int64_t m, int64_t n, int64_t k) {
    text += format("%s%" PRId64 "x%" PRId64 "x%" PRId64, text.empty() ? "" : " ", m, n, k);
  }
  void count(int64_t number, const char* what) { text += format("%" PRId64 " %s", number, what); }
};

struct Work {
  std::string shape;
  double bytes = 0, flops = 0;
};

// Bytes are those of the floor: what a kernel reads, once, and what it writes.
Work workOf(const Kernel& kernel) {
  Work work;
  kernel.forPointers([&](const void*, Role role, const Extent& extent) {
    if (!reads(role) && !writes(role)) return;
    const auto bytes = static_cast<double>(bytesOf(extent));
    work.bytes += role == Role::Update ? 2 * bytes : bytes;
  });
  std::visit(
      [&](const auto& args) {
        Label label;
        args.label(label);
        work.shape = label.text;
        work.flops = args.flops();
      },
      kernel.args);
  return work;
}

}  // namespace

std::string describe(const Graph& graph) {
  std::string result = format("  %-36s %-28s %12s %12s\n", "kernel", "shape", "kB", "MFLOP");
  double bytes = 0, flops = 0;
  for (const Kernel& kernel : graph.kernels) {
    const Work work = workOf(kernel);
    result += format("  %-36s %-28s %12.1f %12.3f\n", kernel.label.c_str(), work.shape.c_str(), work.bytes / 1e3,
                     work.flops / 1e6);
    bytes += work.bytes;
    flops += work.flops;
  }
  return result + format("  %-36s %-28s %12.1f %12.3f\n",
                         format("%zu kernel%s", graph.kernels.size(), graph.kernels.size() == 1 ? "" : "s").c_str(), "",
                         bytes / 1e3, flops / 1e6);
}

}  // namespace anneal
