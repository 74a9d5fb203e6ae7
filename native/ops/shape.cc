// Shapes: views where strides allow, copies where they do not.
#include <algorithm>

#include "ops/families.h"
#include "ops/functional.h"
#include "ops/slice.h"

namespace anneal {

namespace {

constexpr Param kX[] = {{"x", ParamKind::Tensor}};
constexpr Param kCast[] = {{"x", ParamKind::Tensor}, {"dtype", ParamKind::DType}};
constexpr Param kShape[] = {{"x", ParamKind::Tensor}, {"shape", ParamKind::Ints}};
constexpr Param kAxes[] = {{"x", ParamKind::Tensor}, {"axes", ParamKind::Ints}};
constexpr Param kTwoAxes[] = {{"x", ParamKind::Tensor}, {"axis0", ParamKind::Int, -2}, {"axis1", ParamKind::Int, -1}};
constexpr Param kOptionalAxes[] = {{"x", ParamKind::Tensor}, {"axes", ParamKind::OptionalInts}};
constexpr Param kAxis[] = {{"x", ParamKind::Tensor}, {"axis", ParamKind::Int}};
constexpr Param kSlice[] = {{"x", ParamKind::Tensor},
                            {"axis", ParamKind::Int},
                            {"begin", ParamKind::Int, 0},
                            {"end", ParamKind::OptionalInt},
                            {"step", ParamKind::Int, 1}};
constexpr Param kSliceBackward[] = {{"dout", ParamKind::Tensor},     {"shape", ParamKind::Ints},
                                    {"axis", ParamKind::Int},        {"begin", ParamKind::Int},
                                    {"end", ParamKind::OptionalInt}, {"step", ParamKind::Int}};

// ---- reshape -----------------------------------------------------------------------------------------------------------

// The asked shape with its one -1 filled in.
Dims resolveShape(const char* op, const Tensor& x, const std::vector<int64_t>& asked) {
  Dims shape = toDims(asked);
  int unknown = -1;
  int64_t known = 1;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && unknown < 0) {
      unknown = i;
    } else if (shape[i] < 0) {
      fail(ErrorKind::Shape, "[%s] %s is not a shape: sizes are not negative, with one -1 at most", op,
           shape.str().c_str());
    } else if (__builtin_mul_overflow(known, shape[i], &known)) {
      fail(ErrorKind::Shape, "[%s] a shape of %s is too large", op, shape.str().c_str());
    }
  }
  const int64_t size = x.size();
  if (unknown >= 0 && known > 0 && size % known == 0) {
    shape[unknown] = size / known;
    known = size;
  }
  if (known != size || (unknown >= 0 && shape[unknown] < 0)) {
    fail(ErrorKind::Shape, "[%s] %s has %lld elements and does not fit %s", op, x.shape().str().c_str(),
         static_cast<long long>(size), shape.str().c_str());
  }
  return shape;
}

// Strides that show x as `shape` without moving an element; false when there are none.
bool viewStrides(const Tensor& x, const Dims& shape, Dims& strides) {
  if (x.contiguous()) {
    strides = contiguousStrides(shape);
    return true;
  }
  // Walks both shapes from the right: each run of x's dimensions that is dense in itself can be cut anew.
  strides = Dims::filled(shape.size(), 0);
  int at = shape.size() - 1;
  for (int end = x.rank() - 1; end >= 0;) {
    int begin = end;
    int64_t run = x.dim(end);
    const int64_t base = x.strides()[end];
    while (begin > 0 && (x.dim(begin - 1) == 1 || run == 1 || x.strides()[begin - 1] == base * run)) {
      if (run == 1 && x.dim(begin - 1) != 1) break;
      run *= x.dim(--begin);
    }
    int64_t covered = 1;
    for (; at >= 0 && (covered < run || shape[at] == 1); --at) {
      strides[at] = base * covered;
      covered *= shape[at];
    }
    if (covered != run) return false;
    end = begin - 1;
  }
  return true;
}

Tensor reshapeView(const char* op, const Tensor& x, const Dims& shape) {
  Dims strides;
  if (viewStrides(x, shape, strides)) return x.view(shape, strides, x.offset());
  const Tensor dense = copyTo(op, x, x.dtype());
  return dense.view(shape, contiguousStrides(shape), 0);
}

void reshapeOperator(const Call& call, Tensors& out) {
  out.push_back(reshapeView(call.name(), call.in(0), resolveShape(call.name(), call.in(0), call.list(0))));
}

void reshapeGradient(GradCall& g) { g.set(0, reshape(g.dout(), g.spec(0).shape)); }

void squeezeOperator(const Call& call, Tensors& out) {
  const Tensor& x = call.in(0);
  Dims shape = x.shape(), strides = x.strides();
  std::vector<bool> drop(x.rank(), false);
  if (call.attrs[0].present) {
    for (int64_t axis : call.list(0)) {
      const int at = normalizeAxisOrScalar(call.name(), axis, x.rank());
      if (x.rank() > 0) drop[at] = x.dim(at) == 1;
    }
  } else {
    for (int i = 0; i < x.rank(); ++i) drop[i] = x.dim(i) == 1;
  }
  for (int i = x.rank() - 1; i >= 0; --i) {
    if (!drop[i]) continue;
    shape.erase(i);
    strides.erase(i);
  }
  out.push_back(x.view(shape, strides, x.offset()));
}

void unsqueezeOperator(const Call& call, Tensors& out) {
  const Tensor& x = call.in(0);
  const int axis = normalizeAxis(call.name(), call.integer(0), x.rank() + 1);
  Dims shape = x.shape(), strides = x.strides();
  shape.insert(axis, 1);
  strides.insert(axis, 1);
  out.push_back(x.view(shape, strides, x.offset()));
}

// ---- order of dimensions -------------------------------------------------------------------------------------------------

std::vector<int> permutationOf(const Call& call) {
  const int rank = call.in(0).rank();
  std::vector<int> axes;
  std::vector<bool> seen(rank, false);
  for (int64_t axis : call.list(0)) {
    const int at = normalizeAxis(call.name(), axis, rank);
    if (seen[at]) fail(ErrorKind::Argument, "[%s] axis %d appears twice", call.name(), at);
    seen[at] = true;
    axes.push_back(at);
  }
  if (static_cast<int>(axes.size()) != rank) {
    fail(ErrorKind::Argument, "[%s] %zu axes given for a tensor of %d dimensions", call.name(), axes.size(), rank);
  }
  return axes;
}

void permuteOperator(const Call& call, Tensors& out) {
  const Tensor& x = call.in(0);
  Dims shape, strides;
  for (int axis : permutationOf(call)) {
    shape.push(x.dim(axis));
    strides.push(x.strides()[axis]);
  }
  out.push_back(x.view(shape, strides, x.offset()));
}

void permuteGradient(GradCall& g) {
  const int rank = g.spec(0).shape.size();
  std::vector<int64_t> inverse(rank);
  for (int i = 0; i < rank; ++i) inverse[normalizeAxis("permute", g.list(0)[i], rank)] = i;
  g.set(0, permute(g.dout(), inverse));
}

void transposeOperator(const Call& call, Tensors& out) {
  const Tensor& x = call.in(0);
  const int a = normalizeAxisOrScalar(call.name(), call.integer(0), x.rank());
  const int b = normalizeAxisOrScalar(call.name(), call.integer(1), x.rank());
  if (x.rank() == 0) return out.push_back(x.alias());
  Dims shape = x.shape(), strides = x.strides();
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  out.push_back(x.view(shape, strides, x.offset()));
}

void transposeGradient(GradCall& g) { g.set(0, apply1("transpose"_op, {g.dout()}, g.call().attrs)); }

void flipOperator(const Call& call, Tensors& out) {
  // Negative strides would reach every kernel, so flipping copies: the source is walked backwards.
  const Tensor& x = call.in(0);
  Dims strides = x.strides();
  int64_t offset = x.offset();
  std::vector<bool> flipped(std::max(x.rank(), 1), false);
  for (int64_t axis : call.list(0)) {
    const int at = normalizeAxisOrScalar(call.name(), axis, x.rank());
    if (flipped[at]) fail(ErrorKind::Argument, "[%s] axis %d appears twice", call.name(), at);
    flipped[at] = true;
    if (x.rank() == 0 || x.dim(at) == 0) continue;
    offset += (x.dim(at) - 1) * strides[at];
    strides[at] = -strides[at];
  }
  out.push_back(copyTo(call.name(), x.view(x.shape(), strides, offset), x.dtype()));
}

void flipGradient(GradCall& g) { g.set(0, apply1("flip"_op, {g.dout()}, g.call().attrs)); }

// ---- expand --------------------------------------------------------------------------------------------------------------

void expandOperator(const Call& call, Tensors& out) {
  const Tensor& x = call.in(0);
  Dims shape = toDims(call.list(0));
  const int lead = shape.size() - x.rank();
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && i >= lead) shape[i] = x.dim(i - lead);
    const bool fits = i < lead || x.dim(i - lead) == shape[i] || x.dim(i - lead) == 1;
    if (lead < 0 || shape[i] < 0 || !fits) {
      fail(ErrorKind::Shape, "[%s] %s does not expand to %s: only dimensions of size 1 do", call.name(),
           x.shape().str().c_str(), toDims(call.list(0)).str().c_str());
    }
  }
  if (lead < 0) {
    fail(ErrorKind::Shape, "[%s] %s does not expand to the shorter %s", call.name(), x.shape().str().c_str(),
         shape.str().c_str());
  }
  numel(shape);  // too large a shape is an error here, not in a later copy
  out.push_back(x.view(shape, broadcastStrides(x.shape(), x.strides(), shape), x.offset()));
}

// ---- slices -------------------------------------------------------------------------------------------------------------

void sliceOperator(const Call& call, Tensors& out) {
  const Tensor& x = call.in(0);
  out.push_back(sliceView(x, resolveSlice(call.name(), x.shape(), call.integer(0), call.integer(1),
                                          call.integer(2, INT64_MAX), call.integer(3))));
}

void sliceGradient(GradCall& g) {
  g.set(0, apply1("sliceBackward"_op, {g.dout()},
                  {attr(toList(g.spec(0).shape)), attr(g.integer(0)), attr(g.integer(1)), g.call().attrs[2],
                   attr(g.integer(3))}));
}

void sliceBackwardOperator(const Call& call, Tensors& out) {
  const Tensor& dout = call.in(0);
  const Dims shape = toDims(call.list(0));
  const Range range =
      resolveSlice(call.name(), shape, call.integer(1), call.integer(2), call.integer(3, INT64_MAX), call.integer(4));
  Tensor result = filled({dout.dtype(), shape}, 0, call.device);
  const Tensor target = sliceView(result, range);
  if (!(target.shape() == dout.shape())) {
    fail(ErrorKind::Shape, "[%s] a gradient of %s does not fit a slice of %s", call.name(), dout.shape().str().c_str(),
         target.shape().str().c_str());
  }
  copyPart(call.name(), dout, target, false);
  out.push_back(result);
}

void sliceBackwardGradient(GradCall& g) {
  g.set(0, apply1("slice"_op, {g.dout()},
                  {attr(g.integer(1)), attr(g.integer(2)), g.call().attrs[3], attr(g.integer(4))}));
}

const Operator kOperators[] = {
    {.name = "cast",
     .doc = "x converted to another dtype; floats are truncated to integers, bool is x != 0",
     .params = kCast,
     .infer =
         [](const Call& call, Specs& out) {
           out.push_back({call.dtype(0), call.in(0).shape()});
         },
     .run = [](const Call& call, Tensors& out) { copyInto(call.name(), call.in(0), out[0]); },
     .gradient = [](GradCall& g) { g.set(0, cast(g.dout(), g.spec(0).dtype)); }},
    {.name = "contiguous",
     .doc = "a dense copy of x in row-major order",
     .params = kX,
     .infer = [](const Call& call, Specs& out) { out.push_back(call.in(0).spec()); },
     .run = [](const Call& call, Tensors& out) { copyInto(call.name(), call.in(0), out[0]); },
     .gradient = [](GradCall& g) { g.set(0, g.dout()); }},
    {.name = "reshape",
     .doc = "the same elements in another shape; one size may be -1",
     .params = kShape,
     .view = reshapeOperator,
     .gradient = reshapeGradient},
    {.name = "squeeze",
     .doc = "without dimensions of size 1: all, or those of `axes` that have it",
     .params = kOptionalAxes,
     .view = squeezeOperator,
     .gradient = reshapeGradient},
    {.name = "unsqueeze",
     .doc = "with a new dimension of size 1 at `axis`",
     .params = kAxis,
     .view = unsqueezeOperator,
     .gradient = reshapeGradient},
    {.name = "permute",
     .doc = "dimensions in the order of `axes`",
     .params = kAxes,
     .view = permuteOperator,
     .gradient = permuteGradient},
    {.name = "transpose",
     .doc = "two dimensions exchanged",
     .params = kTwoAxes,
     .view = transposeOperator,
     .gradient = transposeGradient},
    {.name = "flip",
     .doc = "the order along `axes` reversed (a copy)",
     .params = kAxes,
     .view = flipOperator,
     .gradient = flipGradient},
    {.name = "expand",
     .doc = "dimensions of size 1 repeated without a copy; -1 keeps a size",
     .params = kShape,
     .view = expandOperator,
     .gradient = [](GradCall& g) { g.set(0, sumTo(g.dout(), g.spec(0).shape)); }},
    {.name = "slice",
     .doc = "elements begin, begin + step, ... before end along `axis`; negative positions count from the end",
     .params = kSlice,
     .view = sliceOperator,
     .gradient = sliceGradient},
    {.name = "sliceBackward",
     .doc = "zeros of `shape` with dout at the slice",
     .params = kSliceBackward,
     .view = sliceBackwardOperator,
     .gradient = sliceBackwardGradient},
};

}  // namespace

Family shapeFamily() { return kOperators; }

}  // namespace anneal
