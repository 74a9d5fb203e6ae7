// Plain gradient descent moves into the product that gives the gradient, where nobody else wants that: the parameter takes its
// step while the gradient is in registers, and the gradient is never written. The bits are those of the two kernels.
#include <algorithm>
#include <string>

#include "compile/graph.h"
#include "core/dtype.h"

namespace anneal {

namespace {

bool isPlain(const SgdArgs& args) { return args.momentum == 0 && args.weightDecay == 0 && !args.maximize; }

class Updates {
 public:
  explicit Updates(Graph& graph) : graph_(graph) {}

  void run() {
    for (int k = 0; k < count(); ++k) {
      const auto* args = std::get_if<SgdArgs>(&graph_.kernels[k].args);
      if (!args || !isPlain(*args)) continue;
      uses_ = graph_.uses();
      comesBefore_.assign(graph_.kernels.size(), -1);
      takeSlots(k);
      moveKernels();
    }
    graph_.sweep();
  }

 private:
  int count() const { return static_cast<int>(graph_.kernels.size()); }

  void takeSlots(int at) {
    Kernel& update = graph_.kernels[at];
    auto& args = std::get<SgdArgs>(update.args);
    std::erase_if(update.slots, [&](const OptimizerSlot& slot) {
      const int k = productOf(slot, args.dtype, at);
      if (k < 0) return false;
      Kernel& kernel = graph_.kernels[k];
      const bool stays = !isRead(slot.param, k, at) && !isRead(slot.steps, k, at);
      if (!stays && !canMove(kernel, k, at)) return false;
      if (!stays) comesBefore_[k] = at;
      auto& product = std::get<MatmulArgs>(kernel.args);
      product.c = slot.param;
      product.descends = true;
      product.lr = args.lr;
      product.steps = slot.steps;
      kernel.firstLive = update.firstLive;
      kernel.label += std::string(" + ") + update.op;
      return true;
    });
    args.slots = static_cast<int64_t>(update.slots.size());
    if (update.slots.empty()) update.op = nullptr;
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
    const auto& readers = uses_[graph_.bufferOf(p)].readers;
    return std::any_of(readers.begin(), readers.end(), [&](int r) { return r > after && r < before; });
  }

  // Whether what a product reads is still there just before `at`, and nobody has read what it writes.
  bool canMove(const Kernel& kernel, int from, int at) const {
    bool can = true;
    kernel.forPointers([&](const void* p, Role role, const Extent&) {
      const auto& writers = uses_[graph_.bufferOf(p)].writers;
      if (writes(role))
        can = can && !isRead(p, from, at);
      else
        can = can && std::none_of(writers.begin(), writers.end(), [&](int w) { return w > from && w <= at; });
    });
    return can;
  }

  void moveKernels() {
    std::vector<Kernel> kernels;
    for (int k = 0; k < count(); ++k) {
      for (int earlier = 0; earlier < k; ++earlier) {
        if (comesBefore_[earlier] == k) kernels.push_back(std::move(graph_.kernels[earlier]));
      }
      if (comesBefore_[k] < 0) kernels.push_back(std::move(graph_.kernels[k]));
    }
    graph_.kernels = std::move(kernels);
  }

  Graph& graph_;
  std::vector<Graph::Uses> uses_;
  std::vector<int> comesBefore_;  // the place before which a kernel moves, or -1
};

}  // namespace

void fuseUpdates(Graph& graph) { Updates(graph).run(); }

}  // namespace anneal
