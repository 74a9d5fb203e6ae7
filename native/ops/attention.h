// Attention in operators, which hold the whole matrix of scores: for derivatives of derivatives, and of masks.
#pragma once
#include "ops/operator.h"

namespace anneal {

// What attention was applied to, in the order of its inputs, with the gradient of its result and how it was applied.
struct AttentionParts {
  Tensor dout;         // [batch..., queries, heads, valueDim]
  Tensor q, k, v;      // [batch..., heads, rows, dim], or [rows, dim]
  Tensor mask, drawn;  // mask: undefined without one
  bool causal;
  double scale, dropout;
};

double attentionScale(const Attr& scale, const Tensor& q);

// With the heads and the rows exchanged: [batch..., queries, heads, dim] and [batch..., heads, queries, dim].
Tensor swapHeads(const Tensor& x);

// dq, dk and dv as attentionBackward gives them.
void expandAttentionBackward(const AttentionParts& parts, Tensors& out);
// The gradient by the mask, before it is summed over what the mask was broadcast along.
Tensor attentionMaskGradient(const AttentionParts& parts);

}  // namespace anneal
