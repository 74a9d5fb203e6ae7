// Pointwise operators on the results of matrix products, and sums of their operands, move into the products.
#include <algorithm>
#include <string>

#include "compile/graph.h"
#include "compile/space.h"
#include "core/dtype.h"
#include "core/pointwise.h"

namespace anneal {

namespace {

int64_t sizeOfResult(const MatmulArgs& args) {
  int64_t size = args.m * args.n;
  for (int d = 0; d < args.batchRank; ++d) size *= args.batchShape[d];
  return size;
}

// Whether an operand of a pointwise kernel is read in the order of its elements, all of them once.
bool isDense(const PointwiseArgs& args, int operand) {
  return stridesOf(args.strides[operand], args.rank) == denseStrides(spaceOf(args));
}

bool commutes(PointwiseOp op) { return op == PointwiseOp::Add || op == PointwiseOp::Mul; }

class Epilogues {
 public:
  explicit Epilogues(Graph& graph) : graph_(graph), uses_(graph.uses()) {}

  void run() {
    for (int k = 0; k < count(); ++k) {
      if (const auto* args = std::get_if<ReduceArgs>(&graph_.kernels[k].args)) takeSum(k, *args);
    }
    for (int k = 0; k < count(); ++k) {
      if (graph_.kernels[k].op && std::holds_alternative<MatmulArgs>(graph_.kernels[k].args)) takeFollower(k);
    }
    graph_.sweep();
  }

 private:
  int count() const { return static_cast<int>(graph_.kernels.size()); }

  // Whether a kernel writes to memory that `kernel` reads, at a place between two others.
  bool isOverwritten(const Kernel& kernel, int after, int before) const {
    bool found = false;
    kernel.forPointers([&](const void* p, Role role, const Extent&) {
      if (!reads(role)) return;
      found = found || hasBetween(uses_[graph_.bufferOf(p)].writers, after, before);
    });
    return found;
  }

  // The bias gradient: column sums of what is the transposed first operand of a product, c = src^T b.
  void takeSum(int at, const ReduceArgs& sum) {
    if (sum.op != ReduceOp::Sum || sum.outer != 1 || !isFloating(sum.dtype)) return;
    const auto& readers = uses_[graph_.bufferOf(sum.src)].readers;
    for (const int k : readers) {
      auto* product = std::get_if<MatmulArgs>(&graph_.kernels[k].args);
      if (!product || product->a != sum.src || product->batchRank != 0 || product->rowSums ||
          product->dtype != sum.dtype || product->m != sum.inner || product->k != sum.extent || product->aRow != 1 ||
          product->aCol != sum.inner) {
        continue;
      }
      const auto& uses = uses_[graph_.bufferOf(sum.dst)];
      const bool readBefore = std::any_of(uses.readers.begin(), uses.readers.end(), [k](int r) { return r < k; });
      if (readBefore || uses.writers.size() != 1 ||
          isOverwritten(graph_.kernels[at], std::min(at, k), std::max(at, k))) {
        continue;
      }
      graph_.forgetUses(graph_.kernels[k], k, uses_);
      graph_.forgetUses(graph_.kernels[at], at, uses_);
      product->rowSums = sum.dst;
      graph_.kernels[k].label += std::string(" + ") + graph_.kernels[at].op;
      graph_.kernels[at].op = nullptr;
      graph_.noteUses(graph_.kernels[k], k, uses_);
      return;
    }
  }

  // c = f(a b) or f(a b, y): the only kernel that reads a product's result.
  void takeFollower(int k) {
    auto product = std::get<MatmulArgs>(graph_.kernels[k].args);
    if (!isFloating(product.dtype) || product.epilogue.activation != kNoPointwise) return;
    const int result = graph_.bufferOf(product.c);
    const Buffer& buffer = graph_.buffers[result];
    const auto& uses = uses_[result];
    const auto bytes = static_cast<size_t>(sizeOfResult(product)) * anneal::sizeOf(product.dtype);
    if (buffer.place != Place::Arena || buffer.bytes != bytes || uses.writers.size() != 1 || uses.readers.size() != 1)
      return;
    const int at = uses.readers[0];
    Kernel& follower = graph_.kernels[at];
    const auto* args = std::get_if<PointwiseArgs>(&follower.args);
    if (!args || at < k || args->inputs > 2 || args->dtype != product.dtype ||
        sizeOf(spaceOf(*args)) != sizeOfResult(product) || graph_.buffers[graph_.bufferOf(args->out)].bytes != bytes ||
        graph_.placeOf(args->out) != 0 || isOverwritten(graph_.kernels[k], k, at)) {
      return;
    }
    const int mine = args->in[0] == product.c ? 0 : 1;
    for (int i = 0; i < args->inputs; ++i) {
      if (!isDense(*args, i)) return;
    }
    if (args->inputs == 2 && mine == 1 && !commutes(args->op)) return;
    const void* other = args->inputs == 2 ? args->in[1 - mine] : nullptr;
    if (args->op == PointwiseOp::Add && !product.epilogue.residual) {
      product.epilogue.residual = other;
    } else {
      product.epilogue.activation = args->op;
      product.epilogue.gate = other;
      std::copy(std::begin(args->params), std::end(args->params), product.epilogue.params);
    }
    product.c = args->out;
    graph_.forgetUses(graph_.kernels[k], k, uses_);
    graph_.forgetUses(graph_.kernels[at], at, uses_);
    // At the follower's place, where its other operand is there.
    Kernel fused = std::move(graph_.kernels[k]);
    fused.args = product;
    fused.label += std::string(" + ") + follower.label;
    graph_.kernels[k].op = nullptr;
    follower = std::move(fused);
    graph_.noteUses(graph_.kernels[at], at, uses_);
  }

  Graph& graph_;
  std::vector<Graph::Uses> uses_;
};

}  // namespace

void fuseEpilogues(Graph& graph) { Epilogues(graph).run(); }

}  // namespace anneal
