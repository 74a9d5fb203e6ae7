#include "ops/axes.h"

#include <algorithm>

#include "ops/functional.h"

namespace anneal {

std::vector<int64_t> resolveAxes(const char* op, const Attr& axes, int rank) {
  std::vector<int64_t> result;
  if (!axes.present) {
    for (int i = 0; i < rank; ++i) result.push_back(i);
    return result;
  }
  for (int64_t axis : axes.list) {
    // A scalar has one axis for this purpose, as in PyTorch.
    const int64_t at = normalizeAxisOrScalar(op, axis, rank);
    if (std::find(result.begin(), result.end(), at) != result.end()) {
      fail(ErrorKind::Argument, "[%s] axis %lld appears twice", op, static_cast<long long>(at));
    }
    if (rank > 0) result.push_back(at);
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<int64_t> singleAxis(const Call& call) {
  return resolveAxes(call.name(), attr(std::vector<int64_t>{call.integer(0)}), call.in(0).rank());
}

Dims reducedShape(const Dims& shape, const std::vector<int64_t>& axes, bool keepDims) {
  Dims result;
  for (int i = 0; i < shape.size(); ++i) {
    const bool reduced = std::find(axes.begin(), axes.end(), i) != axes.end();
    if (!reduced) result.push(shape[i]);
    if (reduced && keepDims) result.push(1);
  }
  return result;
}

namespace {

// x with the axes moved behind all others, as a view.
Tensor axesLast(const Tensor& x, const std::vector<int64_t>& axes) {
  Dims shape, strides;
  for (int i = 0; i < x.rank(); ++i) {
    if (std::find(axes.begin(), axes.end(), i) != axes.end()) continue;
    shape.push(x.dim(i));
    strides.push(x.strides()[i]);
  }
  for (int64_t axis : axes) {
    shape.push(x.dim(static_cast<int>(axis)));
    strides.push(x.strides()[static_cast<int>(axis)]);
  }
  return x.view(shape, strides, x.offset());
}

}  // namespace

Arranged arrangeRows(const char* op, const Tensor& x, const std::vector<int64_t>& axes) {
  Arranged result;
  result.x = dense(op, axesLast(x, axes));
  const int kept = x.rank() - static_cast<int>(axes.size());
  for (int i = 0; i < x.rank(); ++i) (i < kept ? result.outer : result.extent) *= result.x.dim(i);
  return result;
}

Arranged arrange(const char* op, const Tensor& x, const std::vector<int64_t>& axes) {
  const bool neighbours = axes.empty() || axes.back() - axes.front() + 1 == static_cast<int64_t>(axes.size());
  if (!neighbours) return arrangeRows(op, x, axes);
  // Always in the order of the dimensions, though rows may lie ready in memory: the order of additions depends on shapes alone, so
  // that a compiled function, which lays its arguments out densely, gives the bits of eager code.
  Arranged result;
  result.x = dense(op, x);
  for (int i = 0; i < x.rank(); ++i) {
    int64_t& part = axes.empty() || i < axes.front() ? result.outer : i <= axes.back() ? result.extent : result.inner;
    part *= x.dim(i);
  }
  return result;
}

}  // namespace anneal
