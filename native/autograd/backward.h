// Backward: walks the tape from outputs to inputs and applies each operator's gradient rule.
#pragma once
#include "autograd/tape.h"

namespace anneal {

struct BackwardOptions {
  bool retainGraph = false;
  bool createGraph = false;  // the gradients can be differentiated again
};

// Adds the gradients of `outputs` (weighted with `seeds`; undefined means 1, for scalars only) to `.grad` of the leaves.
void backward(const Tensors& outputs, const Tensors& seeds, BackwardOptions options);

// The gradients themselves, one for each of `inputs` (undefined where an output does not depend on it); no `.grad` changes.
Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& seeds, BackwardOptions options);

}  // namespace anneal
