// The gemm suite in oneDNN, by its matmul primitive on plain layouts.
#include <dnnl.hpp>

#include "gemm.h"

namespace {

using dnnl::memory;

std::string kernel;

// [batch, rows, cols], the last two swapped in memory where transposed.
memory memoryOf(const dnnl::engine& engine, float* data, long batch, long rows, long cols, bool transposed) {
  const memory::dims strides = {rows * cols, transposed ? 1 : cols, transposed ? rows : 1};
  if (batch > 1) return {{{batch, rows, cols}, memory::data_type::f32, strides}, engine, data};
  return {{{rows, cols}, memory::data_type::f32, {strides[1], strides[2]}}, engine, data};
}

std::function<void()> multiply(bench::Product& p) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const memory a = memoryOf(engine, p.a.get(), p.batch, p.m, p.k, p.transposeA);
  const memory b = memoryOf(engine, p.b.get(), p.batch, p.k, p.n, p.transposeB);
  const memory c = memoryOf(engine, p.c.get(), p.batch, p.m, p.n, false);
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc description(engine, a.get_desc(), b.get_desc(), c.get_desc());
#else
  const dnnl::matmul::primitive_desc description({a.get_desc(), b.get_desc(), c.get_desc()}, engine);
#endif
  kernel = description.impl_info_str();
  return [primitive = dnnl::matmul(description), stream = dnnl::stream(engine),
          arguments =
              std::unordered_map<int, memory>{{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}}]() mutable {
    primitive.execute(stream, arguments);
    stream.wait();
  };
}

std::string version() {
  const dnnl_version_t* version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->patch) +
         " " + kernel;
}

}  // namespace

int main() { return bench::serveGemm("onednn", version, multiply); }
