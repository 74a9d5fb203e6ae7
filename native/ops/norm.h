// What the operators of normalisation share: how x is laid out for the kernel, the launches, and compositions of the gradients.
//
// Inputs of a forward operator: x, weight and, where it is centered, bias. Outputs: y, mean (where centered), rstd or variance.
// Inputs of a backward operator: dout, x, mean (where centered), rstd or variance, weight. Outputs: dx, dweight, dbias (where centered);
// its last attribute says whether gradients by weight and bias are wanted, and those that are not are empty.
#pragma once
#include "ops/functional.h"

namespace anneal {

// x as [outer, channels, inner], the shape of what has one value per mean, and that of weight and bias.
struct NormLayout {
  int64_t outer = 1, channels = 1, inner = 1, groups = 1;
  Dims statistics, affine;
};

// Of [batch, channels, ...], or an error.
NormLayout channelLayout(const Call& call, const Dims& shape);

// `prepare`: all floating tensors have the dtype of the first, which must be floating.
void prepareNorm(Call& call);

// An error unless the tensor, if there is one, has this shape.
void checkShapeOf(const Call& call, const char* name, const Tensor& tensor, const Dims& expected);

void inferNorm(const Call& call, Specs& out, const NormLayout& layout, bool centered = true);
void launchNorm(const Call& call, Tensors& out, NormOp op, const NormLayout& layout, double eps, bool centered = true);
void inferNormBackward(const Call& call, Specs& out, const NormLayout& layout, bool centered = true);
void launchNormBackward(const Call& call, Tensors& out, NormOp op, const NormLayout& layout, double eps,
                        bool centered = true);

// rstd * (g - mean(g) - xhat * mean(g * xhat)), the means over the axes, the first of them only where centered; g is the gradient by xhat.
Tensor normInputGradient(const Tensor& g, const Tensor& xhat, const Tensor& rstd, const std::vector<int64_t>& axes,
                         bool centered = true);

// An output that is not wanted.
Tensor emptyLike(const Tensor& x);

// Sets the gradients by weight and bias that flow through y, by the backward operator, and returns the one by x; undefined where nothing
// flows through y.
Tensor takeNormGradients(GradCall& g, const Operator& backward, Tensors inputs, Attrs attrs);

// a + b, where a may be undefined.
inline Tensor plus(const Tensor& a, const Tensor& b) { return a.defined() ? add(a, b) : b; }

}  // namespace anneal
