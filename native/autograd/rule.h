// One node's step of backward: from the gradients of its outputs to those of its inputs.
#pragma once
#include "autograd/tape.h"

namespace anneal {

// Applies the operator's gradient rule, or differentiates its composition where it has no rule. `douts` holds a gradient for
// each output (undefined where none flowed), `needs` says which inputs want one. With gradients recorded (context), the result
// can be differentiated again.
Tensors inputGradients(const Ref<Node>& node, Tensors douts, std::vector<bool> needs);

}  // namespace anneal
