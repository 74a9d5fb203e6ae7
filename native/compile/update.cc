// Plain gradient descent moves into the product that gives the gradient, where nobody else wants that: the parameter takes its
// step while the gradient is in registers, and the gradient is never written. The bits are those of the two kernels.
#include <algorithm>
#include <string>

#include "compile/graph.h"
#include "core/dtype.h"

namespace anneal {

namespace {

bool isPlain(const Kernel& kernel) {
  const auto* args = std::get_if<SgdArgs>(&kernel.args);
  return args && args->momentum == 0 && args->weightDecay == 0 && !args->maximize;
}

class Updates {
 public:
  explicit Updates(Graph& graph) : graph_(graph), uses_(graph.uses()), runsBefore_(graph.kernels.size()) {}

  void run() {
    for (int k = 0; k < count(); ++k) {
      if (isPlain(graph_.kernels[k])) takeSlots(k);
    }
    moveKernels();
    graph_.sweep();
  }

 private:
  // A product that takes a parameter's step, where it stands or just before the update.
  struct Taken {
    int product;
    const OptimizerSlot* slot;
    bool stays;
  };

  int count() const { return static_cast<int>(graph_.kernels.size()); }

  void takeSlots(int at) {
    Kernel& update = graph_.kernels[at];
    auto& args = std::get<SgdArgs>(update.args);
    std::vector<Taken> taken;
    std::vector<OptimizerSlot> left;
    for (const OptimizerSlot& slot : update.slots) {
      const int k = productOf(slot, args.dtype, at);
      const bool stays = k >= 0 && !isRead(slot.param, k, at) && !isRead(slot.steps, k, at);
      if (stays || (k >= 0 && graph_.canMove(graph_.kernels[k], k, at, uses_))) {
        taken.push_back({k, &slot, stays});
      } else {
        left.push_back(slot);
      }
    }
    if (taken.empty()) return;
    graph_.forgetUses(update, at, uses_);
    std::sort(taken.begin(), taken.end(), [](const Taken& a, const Taken& b) { return a.product < b.product; });
    for (const Taken& one : taken) {
      Kernel& kernel = graph_.kernels[one.product];
      graph_.forgetUses(kernel, one.product, uses_);
      auto& product = std::get<MatmulArgs>(kernel.args);
      product.c = one.slot->param;
      product.updatesC = true;
      product.lr = args.lr;
      product.steps = one.slot->steps;
      kernel.dynamicValues = update.dynamicValues;
      kernel.label += std::string(" + ") + update.op;
      graph_.noteUses(kernel, one.stays ? one.product : at, uses_);
      if (!one.stays) runsBefore_[at].push_back(one.product);
    }
    update.slots = std::move(left);
    args.slots = static_cast<int64_t>(update.slots.size());
    if (update.slots.empty())
      update.op = nullptr;
    else
      graph_.noteUses(update, at, uses_);
  }

  // The product that gives the whole gradient of a parameter, for the kernel `at` alone; -1 where there is none.
  int productOf(const OptimizerSlot& slot, DType dtype, int at) const {
    const int gradient = graph_.bufferOf(slot.grad), param = graph_.bufferOf(slot.param);
    const Buffer& buffer = graph_.buffers[gradient];
    const auto &uses = uses_[gradient], &others = uses_[param];
    if (buffer.place != Place::Arena || buffer.needed || uses.writers.size() != 1 || uses.readers.size() != 1 ||
        others.writers.size() != 1) {
      return -1;
    }
    const int k = uses.writers[0];
    const auto* product = std::get_if<MatmulArgs>(&graph_.kernels[k].args);
    const bool fits = product && k < at && product->c == slot.grad && product->dtype == dtype &&
                      product->batchRank == 0 && product->m * product->n == slot.count && product->alpha == 1 &&
                      product->k * static_cast<int64_t>(anneal::sizeOf(dtype)) <= kUncutDepthBytes &&
                      !product->epilogue.bias && !product->epilogue.residual &&
                      product->epilogue.activation == kNoPointwise && graph_.bufferOf(product->a) != param &&
                      graph_.bufferOf(product->b) != param;
    return fits ? k : -1;
  }

  // Whether a kernel between two others reads what p points to.
  bool isRead(const void* p, int after, int before) const {
    return hasBetween(uses_[graph_.bufferOf(p)].readers, after, before);
  }

  void moveKernels() {
    std::vector<bool> moves(graph_.kernels.size());
    for (const std::vector<int>& earlier : runsBefore_) {
      for (const int k : earlier) moves[k] = true;
    }
    std::vector<Kernel> kernels;
    kernels.reserve(graph_.kernels.size());
    for (int k = 0; k < count(); ++k) {
      for (const int earlier : runsBefore_[k]) kernels.push_back(std::move(graph_.kernels[earlier]));
      if (!moves[k]) kernels.push_back(std::move(graph_.kernels[k]));
    }
    graph_.kernels = std::move(kernels);
  }

  Graph& graph_;
  std::vector<Graph::Uses> uses_;             // products that move count at the place of the update
  std::vector<std::vector<int>> runsBefore_;  // the products that move to just before each kernel
};

}  // namespace

void fuseUpdates(Graph& graph) {
  if (std::any_of(graph.kernels.begin(), graph.kernels.end(), isPlain)) Updates(graph).run();
}

}  // namespace anneal
