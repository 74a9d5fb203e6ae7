#include "compile/explain.h"

#include "core/format.h"
#include "core/memory_use.h"

namespace anneal {

namespace {

// What a kernel's record calls its sizes.
struct Label {
  std::string text;

  void dims(std::initializer_list<int64_t> sizes) { dims(sizes.begin(), static_cast<int>(sizes.size())); }
  void dims(const int64_t* shape, int rank) {
    text += "[";
    for (int i = 0; i < rank; ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
    text += "]";
  }
  void product(int64_t m, int64_t n, int64_t k) {
    text += (text.empty() ? "" : " ") + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
  }
  void count(int64_t number, const char* what) { text += std::to_string(number) + " " + what; }
};

// The floor: what a kernel reads, once, and what it writes.
double bytesOf(const Kernel& kernel) {
  double sum = 0;
  kernel.forPointers([&](const void*, Role role, const Extent& extent) {
    if (!reads(role) && !writes(role)) return;
    const auto bytes = static_cast<double>(anneal::bytesOf(extent));
    sum += role == Role::Update ? 2 * bytes : bytes;
  });
  return sum;
}

}  // namespace

Listing::Listing(const Graph& graph) {
  lines_.reserve(graph.kernels.size());
  for (const Kernel& kernel : graph.kernels) {
    std::visit(
        [&](const auto& args) {
          Label label;
          args.label(label);
          lines_.push_back({kernel.label, std::move(label.text), bytesOf(kernel), args.flops()});
        },
        kernel.args);
  }
}

std::string Listing::text() const {
  std::string result = format("  %-36s %-28s %12s %12s\n", "kernel", "shape", "kB", "MFLOP");
  double bytes = 0, flops = 0;
  for (const Line& line : lines_) {
    result += format("  %-36s %-28s %12.1f %12.3f\n", line.label.c_str(), line.shape.c_str(), line.bytes / 1e3,
                     line.flops / 1e6);
    bytes += line.bytes;
    flops += line.flops;
  }
  return result + format("  %-36s %-28s %12.1f %12.3f\n",
                         format("%zu kernel%s", lines_.size(), lines_.size() == 1 ? "" : "s").c_str(), "", bytes / 1e3,
                         flops / 1e6);
}

}  // namespace anneal
