#include "ops/functional.h"

#include <algorithm>

namespace anneal {

namespace {

// One record a call site: the name is looked up on the first call only.
#define ANNEAL_OP(name)                             \
  []() -> const Operator& {                         \
    static const Operator& op = findOperator(name); \
    return op;                                      \
  }()

}  // namespace

Tensor filled(const TensorSpec& spec, double value, Device device) {
  Tensor out = Tensor::empty(spec, device);
  FillArgs args{};
  args.op = FillOp::Constant;
  args.dtype = spec.dtype;
  args.count = out.size();
  args.start = value;
  args.out = out.data();
  launch("full", device, &Backend::fill, args);
  return out;
}

Tensor add(const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("add"), {a, b}); }
Tensor sub(const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("sub"), {a, b}); }
Tensor mul(const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("mul"), {a, b}); }
Tensor div(const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("div"), {a, b}); }
Tensor pow(const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("pow"), {a, b}); }
Tensor add(const Tensor& a, double b) { return add(a, number(b, a)); }
Tensor sub(double a, const Tensor& b) { return sub(number(a, b), b); }
Tensor mul(const Tensor& a, double b) { return mul(a, number(b, a)); }
Tensor div(const Tensor& a, double b) { return div(a, number(b, a)); }
Tensor maximum(const Tensor& a, double b) { return apply1(ANNEAL_OP("maximum"), {a, number(b, a)}); }
Tensor equal(const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("eq"), {a, b}); }
Tensor greater(const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("gt"), {a, b}); }
Tensor greater(const Tensor& a, double b) { return greater(a, number(b, a)); }
Tensor where(const Tensor& c, const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("where"), {c, a, b}); }
Tensor neg(const Tensor& x) { return apply1(ANNEAL_OP("neg"), {x}); }
Tensor sign(const Tensor& x) { return apply1(ANNEAL_OP("sign"), {x}); }
Tensor square(const Tensor& x) { return apply1(ANNEAL_OP("square"), {x}); }
Tensor exp(const Tensor& x) { return apply1(ANNEAL_OP("exp"), {x}); }
Tensor log(const Tensor& x) { return apply1(ANNEAL_OP("log"), {x}); }
Tensor sqrt(const Tensor& x) { return apply1(ANNEAL_OP("sqrt"), {x}); }
Tensor sin(const Tensor& x) { return apply1(ANNEAL_OP("sin"), {x}); }
Tensor cos(const Tensor& x) { return apply1(ANNEAL_OP("cos"), {x}); }
Tensor erf(const Tensor& x) { return apply1(ANNEAL_OP("erf"), {x}); }
Tensor tanh(const Tensor& x) { return apply1(ANNEAL_OP("tanh"), {x}); }
Tensor sigmoid(const Tensor& x) { return apply1(ANNEAL_OP("sigmoid"), {x}); }
Tensor clamp(const Tensor& x, double low, double high) {
  return apply1(ANNEAL_OP("clamp"), {x}, {attr(low), attr(high)});
}

Tensor cast(const Tensor& x, DType dtype) {
  return x.dtype() == dtype && !x.weak() ? x : apply1(ANNEAL_OP("cast"), {x}, {attr(dtype)});
}
Tensor contiguous(const Tensor& x) { return x.contiguous() ? x : apply1(ANNEAL_OP("contiguous"), {x}); }
Tensor reshape(const Tensor& x, const Dims& shape) {
  return x.shape() == shape ? x : apply1(ANNEAL_OP("reshape"), {x}, {attr(toList(shape))});
}
Tensor permute(const Tensor& x, const std::vector<int64_t>& axes) {
  return apply1(ANNEAL_OP("permute"), {x}, {attr(axes)});
}
Tensor expand(const Tensor& x, const Dims& shape) {
  return x.shape() == shape ? x : apply1(ANNEAL_OP("expand"), {x}, {attr(toList(shape))});
}
Tensor matmul(const Tensor& a, const Tensor& b) { return apply1(ANNEAL_OP("matmul"), {a, b}); }
Tensor matrixTranspose(const Tensor& x) {
  return apply1(ANNEAL_OP("transpose"), {x}, {attr(x.rank() - 2), attr(x.rank() - 1)});
}

Tensor sum(const Tensor& x, const std::vector<int64_t>& axes, bool keepDims) {
  return apply1(ANNEAL_OP("sum"), {x}, {attr(axes), attr(keepDims)});
}
Tensor sumAll(const Tensor& x) { return apply1(ANNEAL_OP("sum"), {x}, {noAttr(), attr(false)}); }
Tensor mean(const Tensor& x, const std::vector<int64_t>& axes, bool keepDims) {
  return apply1(ANNEAL_OP("mean"), {x}, {attr(axes), attr(keepDims)});
}
Tensor meanAll(const Tensor& x) { return apply1(ANNEAL_OP("mean"), {x}, {noAttr(), attr(false)}); }
Tensor softmax(const Tensor& x, int64_t axis) { return apply1(ANNEAL_OP("softmax"), {x}, {attr(axis)}); }
Tensor logSoftmax(const Tensor& x, int64_t axis) { return apply1(ANNEAL_OP("logSoftmax"), {x}, {attr(axis)}); }

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
