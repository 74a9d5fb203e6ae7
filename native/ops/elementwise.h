// What the pointwise families share: promotion, the broadcasting shape rule, and the launch.
#pragma once
#include "ops/operator.h"

namespace anneal {

// Common dtype of operands as in PyTorch: tensors with dimensions first, then 0-dimensional ones, then numbers; a later class
// counts only where its category is higher.
DType resultType(const Tensors& operands, size_t first = 0);

// `prepare` functions. Each gives all operands one dtype.
void preparePromoted(Call& call);        // comparisons, where's kind of operator: any dtype
void prepareArithmetic(Call& call);      // no bool, except where a logical operator means the same
void prepareInteger(Call& call);         // no floats; bool where a logical operator means the same
void prepareFloating(Call& call);        // integers and bool become float32
void prepareLogical(Call& call);         // everything becomes bool: x != 0
void prepareDifferentiable(Call& call);  // backward formulas: floating and of one dtype already; numbers materialize

void inferPointwise(const Call& call, Specs& outputs);   // broadcast shape, dtype of the inputs
void inferComparison(const Call& call, Specs& outputs);  // broadcast shape, bool
void runPointwise(const Call& call, Tensors& outputs);

// Gives input i the gradient, summed over the dimensions that were broadcast.
void give(GradCall& g, int i, const Tensor& gradient);

// The parameters that nearly all of them have.
inline constexpr Param kUnary[] = {{"x", ParamKind::Operand}};
inline constexpr Param kBinary[] = {{"a", ParamKind::Operand}, {"b", ParamKind::Operand}};
inline constexpr Param kBackward1[] = {{"dout", ParamKind::Tensor}, {"x", ParamKind::Tensor}};
inline constexpr Param kBackward2[] = {{"dout", ParamKind::Tensor}, {"a", ParamKind::Tensor}, {"b", ParamKind::Tensor}};

// The row of a pointwise operator in its family's table.
constexpr Operator pointwise(const char* name, const char* doc, std::span<const Param> params, void (*prepare)(Call&),
                             PointwiseOp op, uint32_t saves = kSaveNothing, void (*gradient)(GradCall&) = nullptr,
                             void (*expand)(const Call&, Tensors&) = nullptr) {
  return {.name = name,
          .doc = doc,
          .params = params,
          .prepare = prepare,
          .infer = inferPointwise,
          .run = runPointwise,
          .expand = expand,
          .gradient = gradient,
          .saves = saves,
          .pointwise = op};
}

}  // namespace anneal
