// The tape: one node for each recorded operator, linked from outputs back to inputs. It knows no operator by name.
#pragma once
#include <functional>
#include <memory>

#include "ops/operator.h"

namespace anneal {

// A user's function on a gradient: returns a replacement, or an undefined tensor to keep it.
using Hook = std::function<Tensor(const Tensor&)>;
struct HookList {
  std::vector<std::pair<uint64_t, Hook>> hooks;
  uint64_t next = 0;
  uint64_t version = 0;  // moved by every change
};

struct Node;
void destroy(Node* node);

// Where an input's gradient goes: the output of another node, or a leaf. Neither when the input wants none.
struct Edge {
  Ref<Node> node;
  int output = 0;
  Tensor leaf;
  bool wanted() const { return node || leaf.defined(); }
};

// A value kept for the gradient rule, with the version its storage had.
struct Saved {
  Tensor value;
  uint32_t version = 0;
};

struct NodeInput {
  TensorSpec spec;
  Edge edge;
  Saved saved;  // empty where the rule does not ask
};
struct NodeOutput {
  Saved saved;                      // empty where the rule does not ask
  std::shared_ptr<HookList> hooks;  // null where none
};

struct Node : Counted, Pooled<Node> {
  uint64_t id = 0;  // grows with creation: consumers have larger ids than what they consume
  Call call;        // operator and attributes; inputs cleared
  SmallVector<NodeInput, 2> inputs;
  SmallVector<NodeOutput, 1> outputs;
  bool freed = false;

  void free();  // drops what was saved, and the hooks
  // Whether what was saved is there, and as it was.
  bool isCurrent() const;
  // Moves with the hooks on its outputs.
  uint64_t hookVersion() const;
};

struct GradMeta : AutogradMeta, Pooled<GradMeta> {
  bool requiresGrad = false;  // of a leaf
  Tensor grad;                // of a leaf
  Ref<Node> node;             // of a result
  int output = 0;
  std::shared_ptr<HookList> hooks;
};

GradMeta* gradMeta(const Tensor& tensor);  // null when there is none
GradMeta& ensureGradMeta(const Tensor& tensor);

bool requiresGrad(const Tensor& tensor);
bool isLeaf(const Tensor& tensor);
void setRequiresGrad(const Tensor& tensor, bool value);
// Throws DeviceError, which names `op`, when a gradient is not on its tensor's device.
void checkSameDevice(const char* op, const Tensor& gradient, const Tensor& tensor);

Tensor gradOf(const Tensor& tensor);              // undefined when there is none
void setGrad(const Tensor& tensor, Tensor grad);  // undefined clears it
uint64_t addHook(const Tensor& tensor, Hook hook);
void removeHook(const Tensor& tensor, uint64_t id);
// Whether a hook was ever added.
bool hooksExist();
// Moves with every hook that is added or removed.
uint64_t hookVersion(const Tensor& tensor);
// The hooks of a tensor, to be shared with one that stands for it.
const std::shared_ptr<HookList>& hookList(const Tensor& tensor);

Edge edgeOf(const Tensor& tensor);
// Operators recorded from now on have this id, or a larger one.
uint64_t nextNodeId();

// Puts the tape behind the operators of a context.
Recorder* tapeRecorder();

}  // namespace anneal
