#include "autograd/backward.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "autograd/rule.h"
#include "ops/functional.h"

namespace anneal {

namespace {

Tensor runHooks(const std::shared_ptr<HookList>& list, Tensor gradient) {
  if (!list) return gradient;
  const auto hooks = list->hooks;  // a hook may remove itself
  for (const auto& [id, hook] : hooks) {
    Tensor replaced = hook(gradient);
    if (!replaced.defined()) continue;
    if (!(replaced.shape() == gradient.shape()) || replaced.dtype() != gradient.dtype()) {
      fail(ErrorKind::Shape, "[registerHook] the hook returned %s %s for a gradient of %s %s", nameOf(replaced.dtype()),
           replaced.shape().str().c_str(), nameOf(gradient.dtype()), gradient.shape().str().c_str());
    }
    gradient = std::move(replaced);
  }
  return gradient;
}

// Walks from the outputs towards what they were computed from: enters(node) says whether to go on from a node, and must do so once for
// each; meet(edge) gets every edge from such a node to a leaf.
template <class Enters, class Meet>
void forLeafEdges(const Tensors& outputs, const Enters& enters, const Meet& meet) {
  std::vector<Node*> stack;
  const auto reach = [&](const Edge& edge) {
    Node* node = edge.node.get();
    if (node && enters(node)) stack.push_back(node);
  };
  for (const Tensor& output : outputs) reach(edgeOf(output));
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    for (const NodeInput& input : node->inputs) {
      reach(input.edge);
      if (input.edge.leaf.defined()) meet(input.edge);
    }
  }
}

class Walk {
 public:
  explicit Walk(BackwardOptions options) : options_(options) {}

  // Gradients that arrive at (node, output) or at the leaf of `tensor` are kept for the caller.
  void capture(const Tensor& tensor) {
    captures_.push_back(edgeOf(tensor));
    targets_.insert(keyOf(captures_.back()));
  }

  // Confines the walk to what lies between the outputs and the captures.
  void confine(const Tensors& outputs) {
    confined_ = true;
    // Nothing older than every captured node leads to one.
    uint64_t oldest = UINT64_MAX;
    for (const Edge& edge : captures_) oldest = std::min(oldest, edge.node ? edge.node->id : 0);
    std::map<uint64_t, Node*> reached;  // inputs before what consumes them
    Capture* trace = context().capture;
    const auto enters = [&](Node* node) { return node->id >= oldest && reached.emplace(node->id, node).second; };
    forLeafEdges(outputs, enters, [&](const Edge& edge) {
      if (trace && !targets_.contains(keyOf(edge))) trace->meetLeaf(edge.leaf, oldest);
    });
    for (const auto& [id, node] : reached) {
      if (std::any_of(node->inputs.begin(), node->inputs.end(),
                      [this](const NodeInput& input) { return leads(input.edge); })) {
        between_.insert(node);
      }
    }
  }

  // `given`: the caller's, or a new one.
  void seed(const Tensor& output, Tensor gradient, bool given) {
    if (given) shared_.insert(&gradient.storage());
    send(edgeOf(output), std::move(gradient));
  }

  // Counts how many gradients may arrive at each leaf that has hooks, so that those run as soon as its gradient is complete, while
  // the walk goes on.
  void awaitHooks(const Tensors& outputs) {
    if (!hooksExist()) return;
    std::unordered_set<const Node*> seen;
    const auto enters = [&](const Node* node) { return seen.insert(node).second; };
    forLeafEdges(outputs, enters, [&](const Edge& edge) {
      const auto hooks = hooksOf(edge.leaf);
      if (hooks && !hooks->hooks.empty()) ++awaited_[edge.leaf.impl()];
    });
  }

  void run() {
    GradMode mode(options_.createGraph);
    while (!queue_.empty()) {
      Ref<Node> node = std::move(queue_.begin()->second.node);
      Tensors douts = std::move(queue_.begin()->second.douts);
      queue_.erase(queue_.begin());
      visit(node, std::move(douts));
    }
    for (TensorImpl* impl : leafOrder_) complete(leaves_[impl]);
  }

  Tensors captured() const {
    Tensors result;
    for (const Edge& edge : captures_) {
      Tensor gradient;
      if (edge.node) {
        const auto found = capturedOutputs_.find({edge.node.get(), edge.output});
        if (found != capturedOutputs_.end()) gradient = found->second;
      } else if (edge.leaf.defined()) {
        const auto found = leaves_.find(edge.leaf.impl());
        if (found != leaves_.end()) gradient = found->second.gradient;
      }
      result.push_back(std::move(gradient));
    }
    return result;
  }

  // In the order in which the leaves were first reached, which is the same on every run. A gradient that another leaf has, that
  // the caller gave or that a hook saw is copied: writing to one must not change the other.
  void accumulate() {
    GradMode mode(options_.createGraph);
    for (TensorImpl* impl : leafOrder_) {
      const Arrival& arrival = leaves_[impl];
      const Tensor before = gradOf(arrival.leaf);
      if (before.defined()) {
        setGrad(arrival.leaf, add(before, arrival.gradient));
        continue;
      }
      const bool own = arrival.gradient.contiguous() && shared_.insert(&arrival.gradient.storage()).second;
      setGrad(arrival.leaf, own ? arrival.gradient : apply1("contiguous"_op, {arrival.gradient}));
    }
  }

 private:
  struct Pending {
    Ref<Node> node;
    Tensors douts;
  };
  struct Arrival {
    Tensor leaf, gradient;
    bool complete = false;  // its hooks have run
  };

  using Target = std::pair<const void*, int>;
  static Target keyOf(const Edge& edge) {
    return edge.node ? Target{edge.node.get(), edge.output}
                     : Target{edge.leaf.defined() ? edge.leaf.impl() : nullptr, 0};
  }

  // Whether a gradient sent along this edge is of use.
  bool leads(const Edge& edge) const {
    if (!edge.wanted()) return false;
    return !confined_ || between_.contains(edge.node.get()) || targets_.contains(keyOf(edge));
  }

  static std::shared_ptr<HookList> hooksOf(const Tensor& leaf) {
    const GradMeta* meta = gradMeta(leaf);
    return meta ? meta->hooks : nullptr;
  }

  Tensor withHooks(const std::shared_ptr<HookList>& list, Tensor gradient) {
    if (!list || list->hooks.empty()) return gradient;
    shared_.insert(&gradient.storage());
    gradient = runHooks(list, std::move(gradient));
    shared_.insert(&gradient.storage());
    return gradient;
  }

  void complete(Arrival& arrival) {
    if (std::exchange(arrival.complete, true)) return;
    arrival.gradient = withHooks(hooksOf(arrival.leaf), std::move(arrival.gradient));
  }

  // A node that leads to this leaf has been visited.
  void passed(const Edge& edge) {
    const auto awaited = awaited_.find(edge.leaf.impl());
    if (awaited == awaited_.end() || --awaited->second > 0) return;
    const auto arrival = leaves_.find(edge.leaf.impl());
    if (arrival != leaves_.end()) complete(arrival->second);
  }

  static void addTo(Tensor& sum, Tensor gradient) { sum = sum.defined() ? add(sum, gradient) : std::move(gradient); }

  void send(const Edge& edge, Tensor gradient) {
    if (!leads(edge)) return;
    if (edge.node) {
      Pending& pending = queue_[edge.node->id];
      if (!pending.node) {
        pending.node = edge.node;
        pending.douts.resize(edge.node->outputs.size());
      }
      addTo(pending.douts[edge.output], std::move(gradient));
    } else {
      Arrival& arrival = leaves_[edge.leaf.impl()];
      if (!arrival.leaf.defined()) {
        arrival.leaf = edge.leaf;
        leafOrder_.push_back(edge.leaf.impl());
      }
      addTo(arrival.gradient, std::move(gradient));
    }
  }

  void visit(const Ref<Node>& node, Tensors douts) {
    for (size_t j = 0; j < douts.size(); ++j) {
      if (douts[j].defined()) douts[j] = withHooks(node->outputs[j].hooks, std::move(douts[j]));
    }
    for (const Edge& edge : captures_) {
      if (edge.node == node && douts[edge.output].defined()) {
        capturedOutputs_[{node.get(), edge.output}] = douts[edge.output];
      }
    }
    if (confined_ && !between_.contains(node.get())) return;  // captured itself, and nothing before it is
    Capture* trace = context().capture;
    if (node->freed || (trace && trace->isSpent(*node))) {
      fail(ErrorKind::Autograd,
           "[%s] backward a second time through a graph that has been freed; pass retainGraph: true to the first "
           "backward",
           node->call.name());
    }
    std::vector<bool> needs;
    for (const NodeInput& input : node->inputs) needs.push_back(leads(input.edge));
    const Tensors gradients = inputGradients(node, std::move(douts), std::move(needs));
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      if (gradients[i].defined()) send(node->inputs[i].edge, gradients[i]);
    }
    if (!awaited_.empty()) {
      for (const NodeInput& input : node->inputs) {
        if (input.edge.leaf.defined()) passed(input.edge);
      }
    }
    bool frees = !options_.retainGraph && !options_.createGraph;
    if (trace) frees = trace->mayFree(*node, frees);
    if (frees) node->free();
  }

  BackwardOptions options_;
  // By descending id: every consumer of a node has been visited before the node is.
  std::map<uint64_t, Pending, std::greater<>> queue_;
  std::unordered_map<TensorImpl*, Arrival> leaves_;
  std::vector<TensorImpl*> leafOrder_;
  std::unordered_map<TensorImpl*, int> awaited_;  // gradients still to come, of leaves with hooks
  std::vector<Edge> captures_;
  std::set<Target> targets_;                   // the captures
  std::unordered_set<const Storage*> shared_;  // memory of gradients that somebody else has
  bool confined_ = false;
  std::unordered_set<const Node*> between_;
  std::map<std::pair<Node*, int>, Tensor> capturedOutputs_;
};

Tensor seedFor(const Tensor& output, const Tensor& seed) {
  if (seed.defined()) {
    checkSameDevice("backward", seed, output);
    if (!(seed.shape() == output.shape())) {
      fail(ErrorKind::Shape, "[backward] a gradient of shape %s does not fit an output of shape %s",
           seed.shape().str().c_str(), output.shape().str().c_str());
    }
    return cast(seed, output.dtype());
  }
  if (output.size() != 1) {
    fail(ErrorKind::Autograd,
         "[backward] an output of shape %s is not a scalar: reduce it (sum, mean) or pass the gradient to start from",
         output.shape().str().c_str());
  }
  return filled(output.spec(), 1, output.device());
}

void seedAll(Walk& walk, const Tensors& outputs, const Tensors& seeds) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!requiresGrad(outputs[i])) {
      fail(ErrorKind::Autograd,
           "[backward] the output does not depend on any tensor that requires a gradient (was it made under noGrad?)");
    }
    const Tensor given = i < seeds.size() ? seeds[i] : Tensor();
    walk.seed(outputs[i], seedFor(outputs[i], given), given.defined());
  }
}

}  // namespace

void backward(const Tensors& outputs, const Tensors& seeds, BackwardOptions options) {
  Walk walk(options);
  seedAll(walk, outputs, seeds);
  walk.awaitHooks(outputs);
  walk.run();
  walk.accumulate();
}

Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& seeds, BackwardOptions options) {
  Walk walk(options);
  for (const Tensor& input : inputs) {
    if (!requiresGrad(input)) fail(ErrorKind::Autograd, "[grad] an input does not require a gradient");
    walk.capture(input);
  }
  walk.confine(outputs);
  seedAll(walk, outputs, seeds);
  walk.run();
  return walk.captured();
}

}  // namespace anneal
