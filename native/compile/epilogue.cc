// Pointwise operators on the results of matrix products and convolutions, and sums of the products' operands, move into them.
#include <algorithm>
#include <string>

#include "compile/graph.h"
#include "compile/space.h"
#include "core/dtype.h"
#include "core/pointwise.h"

namespace anneal {

namespace {

// The part of a record that says what follows its sums.
struct Follow {
  void*& out;
  const void*& residual;
  PointwiseOp& activation;
  const void*& gate;
  double* params;
  DType dtype;
  int64_t size;  // elements of the result
};

Follow followOf(MatmulArgs& args) {
  MatmulEpilogue& e = args.epilogue;
  const int64_t size = args.m * args.n * elements(args.batchShape, args.batchRank);
  return {args.c, e.residual, e.activation, e.gate, e.params, args.dtype, size};
}
Follow followOf(ConvArgs& args) {
  return {args.dst, args.residual, args.activation, args.gate, args.params, args.dtype, args.dstSize()};
}

bool hasFollow(const KernelArgs& args) {
  if (const auto* conv = std::get_if<ConvArgs>(&args)) return conv->op != ConvOp::BackwardWeight;
  return std::holds_alternative<MatmulArgs>(args);
}

// Whether an operand of a pointwise kernel is read in the order of its elements, all of them once.
bool isDense(const PointwiseArgs& args, int operand) {
  return stridesOf(args.strides[operand], args.rank) == denseStrides(spaceOf(args));
}

// Whether an operand has one value for each channel of a convolution's result.
bool isByChannel(const PointwiseArgs& args, int operand, const ConvArgs& conv) {
  const bool isForward = conv.op == ConvOp::Forward;
  const int64_t channels = isForward ? conv.outChannels : conv.inChannels;
  int64_t places = conv.places(isForward ? conv.out : conv.in);
  int d = args.rank - 1;
  for (; d >= 0 && places > 1 && args.strides[operand][d] == 0; --d) {
    if (places % args.shape[d] != 0) return false;
    places /= args.shape[d];
  }
  if (d < 0 || places != 1 || args.shape[d] != channels || args.strides[operand][d] != 1) return false;
  for (--d; d >= 0; --d) {
    if (args.strides[operand][d] != 0) return false;
  }
  return true;
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
      if (!graph_.kernels[k].op || !hasFollow(graph_.kernels[k].args)) continue;
      if (std::holds_alternative<ConvArgs>(graph_.kernels[k].args)) {
        takeFollowers(k);
      } else {
        takeFollower<MatmulArgs>(k);
      }
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

  // A convolution takes as many as it can: a scale and a shift by channel, a residual, an activation.
  void takeFollowers(int k) {
    while (k >= 0) k = takeFollower<ConvArgs>(k);
  }

  // c = f(a b) or f(a b, y): the only kernel that reads a product's result. Returns where the product stands then, or -1.
  template <class Args>
  int takeFollower(int k) {
    Args product = std::get<Args>(graph_.kernels[k].args);
    const Follow follow = followOf(product);
    if (!isFloating(follow.dtype) || follow.activation != kNoPointwise) return -1;
    const int result = graph_.bufferOf(follow.out);
    const Buffer& buffer = graph_.buffers[result];
    const auto& uses = uses_[result];
    const auto bytes = static_cast<size_t>(follow.size) * anneal::sizeOf(follow.dtype);
    if (buffer.place != Place::Arena || buffer.bytes != bytes || uses.writers.size() != 1 || uses.readers.size() != 1)
      return -1;
    const int at = uses.readers[0];
    Kernel& follower = graph_.kernels[at];
    const auto* args = std::get_if<PointwiseArgs>(&follower.args);
    if (!args || at < k || args->inputs > (args->op == PointwiseOp::MulAdd ? 3 : 2) || args->dtype != follow.dtype ||
        sizeOf(spaceOf(*args)) != follow.size || graph_.buffers[graph_.bufferOf(args->out)].bytes != bytes ||
        graph_.placeOf(args->out) != 0 || !graph_.canMove(graph_.kernels[k], k, at, uses_)) {
      return -1;
    }
    const int mine = args->in[0] == follow.out ? 0 : 1;
    if (args->in[mine] != follow.out || !isDense(*args, mine)) return -1;
    if (args->inputs == 2 && mine == 1 && !commutes(args->op)) return -1;
    const void* other = args->inputs == 2 ? args->in[1 - mine] : nullptr;
    if (args->op == PointwiseOp::MulAdd || (other && !isDense(*args, 1 - mine))) {
      if (!takeChannels(product, *args, 1 - mine)) return -1;
    } else if (args->op == PointwiseOp::Add && !follow.residual) {
      follow.residual = other;
    } else {
      follow.activation = args->op;
      follow.gate = other;
      std::copy(std::begin(args->params), std::end(args->params), follow.params);
    }
    follow.out = args->out;
    graph_.forgetUses(graph_.kernels[k], k, uses_);
    graph_.forgetUses(graph_.kernels[at], at, uses_);
    // At the follower's place, where its other operand is there.
    Kernel fused = std::move(graph_.kernels[k]);
    fused.args = product;
    fused.label += std::string(" + ") + follower.label;
    graph_.kernels[k].op = nullptr;
    follower = std::move(fused);
    graph_.noteUses(graph_.kernels[at], at, uses_);
    return at;
  }

  // A factor or a summand by channel; or both, x * scale + shift, as batch normalisation in inference has them.
  static bool takeChannels(MatmulArgs&, const PointwiseArgs&, int) { return false; }
  static bool takeChannels(ConvArgs& conv, const PointwiseArgs& args, int operand) {
    if (conv.residual || !isByChannel(args, operand, conv)) return false;
    constexpr int kSummand = 2;
    if (args.op == PointwiseOp::MulAdd && !conv.scale && !conv.shift && isByChannel(args, kSummand, conv)) {
      conv.scale = args.in[operand];
      conv.shift = args.in[kSummand];
    } else if (args.op == PointwiseOp::Mul && !conv.scale && !conv.shift) {
      conv.scale = args.in[operand];
    } else if (args.op == PointwiseOp::Add && !conv.shift) {
      conv.shift = args.in[operand];
    } else {
      return false;
    }
    return true;
  }

  Graph& graph_;
  std::vector<Graph::Uses> uses_;
};

}  // namespace

void fuseEpilogues(Graph& graph) { Epilogues(graph).run(); }

}  // namespace anneal
