#include "compile/explain.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "core/dtype.h"

namespace anneal {

namespace {

std::string text(const char* format, ...) {
  char buffer[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  return buffer;
}

struct Work {
  std::string shape;
  double bytes, flops;
};

double product(const int64_t* shape, int rank) {
  double size = 1;
  for (int i = 0; i < rank; ++i) size *= static_cast<double>(shape[i]);
  return size;
}

std::string dims(std::initializer_list<int64_t> sizes) {
  std::string result = "[";
  for (const int64_t size : sizes) result += text("%s%" PRId64, result.size() > 1 ? ", " : "", size);
  return result + "]";
}
std::string dims(const int64_t* shape, int rank) {
  std::string result = "[";
  for (int i = 0; i < rank; ++i) result += text("%s%" PRId64, i > 0 ? ", " : "", shape[i]);
  return result + "]";
}

double width(DType dtype) { return static_cast<double>(sizeOf(dtype)); }

Work workOf(const PointwiseArgs& a) {
  const double size = product(a.shape, a.rank);
  return {dims(a.shape, a.rank), size * width(a.dtype) * (a.inputs + 1), size};
}
Work workOf(const CopyArgs& a) {
  const double size = product(a.shape, a.rank);
  return {dims(a.shape, a.rank), size * (width(a.from) + width(a.to)), 0};
}
Work workOf(const FillArgs& a) { return {dims({a.count}), static_cast<double>(a.count) * width(a.dtype), 0}; }
Work workOf(const RandomArgs& a) {
  const auto size = static_cast<double>(a.count);
  return {dims({a.count}), size * (width(a.dtype) * (a.in ? 2 : 1) + (a.mask ? 1 : 0)), 0};
}
Work workOf(const ReduceArgs& a) {
  const double kept = static_cast<double>(a.outer) * static_cast<double>(a.inner);
  const double size = kept * static_cast<double>(a.extent);
  return {dims({a.outer, a.extent, a.inner}), (size + kept) * width(a.dtype), size};
}
Work workOf(const MatmulArgs& a) {
  const double batch = product(a.batchShape, a.batchRank);
  const auto m = static_cast<double>(a.m), n = static_cast<double>(a.n), k = static_cast<double>(a.k);
  const std::string shape = text("%" PRId64 "x%" PRId64 "x%" PRId64, a.m, a.n, a.k);
  return {a.batchRank > 0 ? dims(a.batchShape, a.batchRank) + " " + shape : shape,
          batch * (m * k + k * n + m * n) * width(a.dtype), 2 * batch * m * n * k};
}
Work workOf(const SoftmaxArgs& a) {
  const double size = static_cast<double>(a.rows) * static_cast<double>(a.extent);
  return {dims({a.rows, a.extent}), size * width(a.dtype) * (a.dout ? 3 : 2), 4 * size};
}
Work workOf(const CrossEntropyArgs& a) {
  const double size = static_cast<double>(a.rows) * static_cast<double>(a.classes);
  return {dims({a.rows, a.classes}), size * width(a.dtype) * (a.backward ? 2 : 1), 4 * size};
}
Work workOf(const IndexArgs& a) {
  const double size = static_cast<double>(a.outer) * static_cast<double>(a.count) * static_cast<double>(a.inner);
  return {dims({a.outer, a.count, a.inner}), 2 * size * width(a.dtype), 0};
}
Work workOf(const FusedArgs& a) { return {dims(a.shape, a.rank), 0, product(a.shape, a.rank) * a.stepCount}; }
Work workOf(const OptimizerArgs& a) { return {text("%" PRId64 " parameters", a.slots), 0, 0}; }

Work workOf(const Kernel& kernel) {
  Work work = std::visit([](const auto& args) { return workOf(args); }, kernel.args);
  if (const auto* optimizer = std::get_if<OptimizerArgs>(&kernel.args)) {
    for (const OptimizerSlot& slot : kernel.slots) {
      int streams = 3;  // the gradient is read, the parameter read and written, as is each state
      for (const void* state : slot.state) streams += state ? 2 : 0;
      work.bytes += static_cast<double>(slot.count) * width(optimizer->dtype) * streams;
      work.flops += static_cast<double>(slot.count) * (optimizer->op == OptimizerOp::Adam ? 12 : 2);
    }
  }
  if (const auto* fused = std::get_if<FusedArgs>(&kernel.args)) {
    const auto bytes = [&](const FusedOperand& operand) {
      double size = width(operand.dtype);
      for (int d = 0; d < fused->rank; ++d) size *= static_cast<double>(operand.strides[d] == 0 ? 1 : fused->shape[d]);
      return size;
    };
    for (const FusedOperand& input : kernel.inputs) work.bytes += bytes(input);
    for (const FusedOperand& output : kernel.outputs) {
      const auto last = static_cast<double>(output.row ? fused->shape[fused->rank - 1] : 1);
      work.bytes += width(output.dtype) * product(fused->shape, fused->rank) / last;
    }
  }
  return work;
}

}  // namespace

std::string describe(const Graph& graph) {
  std::string result = text("  %-36s %-28s %12s %12s\n", "kernel", "shape", "kB", "MFLOP");
  double bytes = 0, flops = 0;
  for (const Kernel& kernel : graph.kernels) {
    const Work work = workOf(kernel);
    result += text("  %-36s %-28s %12.1f %12.3f\n", kernel.label.c_str(), work.shape.c_str(), work.bytes / 1e3,
                   work.flops / 1e6);
    bytes += work.bytes;
    flops += work.flops;
  }
  return result + text("  %-36s %-28s %12.1f %12.3f\n",
                       text("%zu kernel%s", graph.kernels.size(), graph.kernels.size() == 1 ? "" : "s").c_str(), "",
                       bytes / 1e3, flops / 1e6);
}

}  // namespace anneal
