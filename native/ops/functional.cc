#include "ops/functional.h"

#include <algorithm>

namespace anneal {

Tensor filled(const TensorSpec& spec, double value, Device device) {
  Tensor out = Tensor::empty(spec, device);
  FillArgs args{};
  args.op = FillOp::Constant;
  args.dtype = spec.dtype;
  args.count = out.size();
  args.start = value;
  args.out = out.data();
  launch("full", device, args);
  return out;
}

Tensor add(const Tensor& a, const Tensor& b) { return apply1("add"_op, {a, b}); }
Tensor sub(const Tensor& a, const Tensor& b) { return apply1("sub"_op, {a, b}); }
Tensor mul(const Tensor& a, const Tensor& b) { return apply1("mul"_op, {a, b}); }
Tensor div(const Tensor& a, const Tensor& b) { return apply1("div"_op, {a, b}); }
Tensor pow(const Tensor& a, const Tensor& b) { return apply1("pow"_op, {a, b}); }
Tensor add(const Tensor& a, double b) { return add(a, number(b, a)); }
Tensor sub(double a, const Tensor& b) { return sub(number(a, b), b); }
Tensor mul(const Tensor& a, double b) { return mul(a, number(b, a)); }
Tensor div(const Tensor& a, double b) { return div(a, number(b, a)); }
Tensor maximum(const Tensor& a, double b) { return apply1("maximum"_op, {a, number(b, a)}); }
Tensor equal(const Tensor& a, const Tensor& b) { return apply1("eq"_op, {a, b}); }
Tensor greater(const Tensor& a, const Tensor& b) { return apply1("gt"_op, {a, b}); }
Tensor greater(const Tensor& a, double b) { return greater(a, number(b, a)); }
Tensor where(const Tensor& c, const Tensor& a, const Tensor& b) { return apply1("where"_op, {c, a, b}); }
Tensor neg(const Tensor& x) { return apply1("neg"_op, {x}); }
Tensor sign(const Tensor& x) { return apply1("sign"_op, {x}); }
Tensor square(const Tensor& x) { return apply1("square"_op, {x}); }
Tensor exp(const Tensor& x) { return apply1("exp"_op, {x}); }
Tensor log(const Tensor& x) { return apply1("log"_op, {x}); }
Tensor sqrt(const Tensor& x) { return apply1("sqrt"_op, {x}); }
Tensor sin(const Tensor& x) { return apply1("sin"_op, {x}); }
Tensor cos(const Tensor& x) { return apply1("cos"_op, {x}); }
Tensor erf(const Tensor& x) { return apply1("erf"_op, {x}); }
Tensor tanh(const Tensor& x) { return apply1("tanh"_op, {x}); }
Tensor sigmoid(const Tensor& x) { return apply1("sigmoid"_op, {x}); }
Tensor clamp(const Tensor& x, double low, double high) { return apply1("clamp"_op, {x}, {attr(low), attr(high)}); }

Tensor cast(const Tensor& x, DType dtype) {
  return x.dtype() == dtype && !x.weak() ? x : apply1("cast"_op, {x}, {attr(dtype)});
}
Tensor contiguous(const Tensor& x) { return x.contiguous() ? x : apply1("contiguous"_op, {x}); }
Tensor reshape(const Tensor& x, const Dims& shape) {
  return x.shape() == shape ? x : apply1("reshape"_op, {x}, {attr(toList(shape))});
}
Tensor permute(const Tensor& x, const std::vector<int64_t>& axes) { return apply1("permute"_op, {x}, {attr(axes)}); }
Tensor expand(const Tensor& x, const Dims& shape) {
  return x.shape() == shape ? x : apply1("expand"_op, {x}, {attr(toList(shape))});
}
Tensor matmul(const Tensor& a, const Tensor& b) { return apply1("matmul"_op, {a, b}); }
Tensor matrixTranspose(const Tensor& x) {
  return apply1("transpose"_op, {x}, {attr(x.rank() - 2), attr(x.rank() - 1)});
}

Tensor sum(const Tensor& x, const std::vector<int64_t>& axes, bool keepDims) {
  return apply1("sum"_op, {x}, {attr(axes), attr(keepDims)});
}
Tensor sumAll(const Tensor& x) { return apply1("sum"_op, {x}, {noAttr(), attr(false)}); }
Tensor mean(const Tensor& x, const std::vector<int64_t>& axes, bool keepDims) {
  return apply1("mean"_op, {x}, {attr(axes), attr(keepDims)});
}
Tensor meanAll(const Tensor& x) { return apply1("mean"_op, {x}, {noAttr(), attr(false)}); }
Tensor softmax(const Tensor& x, int64_t axis) { return apply1("softmax"_op, {x}, {attr(axis)}); }
Tensor logSoftmax(const Tensor& x, int64_t axis) { return apply1("logSoftmax"_op, {x}, {attr(axis)}); }

Tensor sumTo(const Tensor& x, const Dims& shape) {
  if (x.shape() == shape) return x;
  const int lead = x.rank() - shape.size();
  std::vector<int64_t> axes;
  for (int i = 0; i < x.rank(); ++i) {
    if (i < lead || (shape[i - lead] == 1 && x.dim(i) != 1)) axes.push_back(i);
  }
  return reshape(axes.empty() ? x : sum(x, axes, true), shape);
}

Tensor restoreAxes(const Tensor& x, const std::vector<int64_t>& axes, int rank) {
  Dims shape;
  int from = 0;
  for (int i = 0; i < rank; ++i) {
    const bool reduced = std::find(axes.begin(), axes.end(), i) != axes.end();
    shape.push(reduced ? 1 : x.dim(from++));
  }
  return reshape(x, shape);
}

std::vector<int64_t> toList(const Dims& dims) { return {dims.begin(), dims.end()}; }

Dims toDims(const std::vector<int64_t>& list) {
  Dims dims;
  for (int64_t v : list) dims.push(v);
  return dims;
}

Dims toShape(const char* op, const std::vector<int64_t>& list) {
  const Dims shape = toDims(list);
  for (int64_t d : shape) {
    if (d < 0) fail(ErrorKind::Shape, "[%s] %s is not a shape: sizes are not negative", op, shape.str().c_str());
  }
  return shape;
}

}  // namespace anneal
