// Operators as C++ functions, for gradient rules and compositions: each looks its record up once and applies it.
#pragma once
#include "ops/copy.h"
#include "ops/operator.h"

namespace anneal {

// A number as an operand, as a user's `x.mul(2)` passes it.
inline Tensor number(double value, const Tensor& like) { return Tensor::scalar(value, like.device()); }
// A dense tensor of one value; no operator, so never on the tape.
Tensor filled(const TensorSpec& spec, double value, Device device);

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, const Tensor& b);
Tensor add(const Tensor& a, double b);
Tensor sub(double a, const Tensor& b);
Tensor mul(const Tensor& a, double b);
Tensor div(const Tensor& a, double b);
Tensor maximum(const Tensor& a, double b);
Tensor equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, double b);
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor neg(const Tensor& x);
Tensor sign(const Tensor& x);
Tensor square(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor erf(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor clamp(const Tensor& x, double low, double high);

Tensor cast(const Tensor& x, DType dtype);
Tensor contiguous(const Tensor& x);
Tensor reshape(const Tensor& x, const Dims& shape);
Tensor permute(const Tensor& x, const std::vector<int64_t>& axes);
Tensor expand(const Tensor& x, const Dims& shape);
Tensor matmul(const Tensor& a, const Tensor& b);
// With the last two dimensions exchanged.
Tensor matrixTranspose(const Tensor& x);

Tensor sum(const Tensor& x, const std::vector<int64_t>& axes, bool keepDims);
Tensor sumAll(const Tensor& x);
Tensor mean(const Tensor& x, const std::vector<int64_t>& axes, bool keepDims);
Tensor meanAll(const Tensor& x);
Tensor softmax(const Tensor& x, int64_t axis);
Tensor logSoftmax(const Tensor& x, int64_t axis);

inline constexpr const char* kReductions[] = {"none", "mean", "sum"};  // by Reduction
inline constexpr Param kReductionParam = {"reduction", ParamKind::Choice, Reduction::Mean, kReductions};
Tensor reduceLoss(const Tensor& errors, Reduction reduction);

// Sums over the dimensions along which `shape` was broadcast: the gradient of broadcasting.
Tensor sumTo(const Tensor& x, const Dims& shape);

// With `axes` (of a tensor of the given rank) put back as dimensions of size 1: what keepDims would have left.
Tensor restoreAxes(const Tensor& x, const std::vector<int64_t>& axes, int rank);

std::vector<int64_t> toList(const Dims& dims);
Dims toDims(const std::vector<int64_t>& list);
// A list as the shape of a new tensor: no size is negative, or the error names `op`.
Dims toShape(const char* op, const std::vector<int64_t>& list);

}  // namespace anneal
