#include "ops/slice.h"

#include <algorithm>

#include "core/error.h"

namespace anneal {

Range resolveSlice(const char* op, const Dims& shape, int64_t axis, int64_t begin, int64_t end, int64_t step) {
  const int at = normalizeAxis(op, axis, shape.size());
  if (step < 1) {
    fail(ErrorKind::Argument, "[%s] the step must be at least 1, not %lld; use flip to reverse", op,
         static_cast<long long>(step));
  }
  const int64_t extent = shape[at];
  const auto position = [extent](int64_t p) { return std::clamp<int64_t>(p < 0 ? p + extent : p, 0, extent); };
  const int64_t from = position(begin), to = position(end);
  const int64_t count = to > from ? (to - from - 1) / step + 1 : 0;
  return {at, from, step, count};
}

Tensor sliceView(const Tensor& x, const Range& range) {
  Dims shape = x.shape(), strides = x.strides();
  shape[range.axis] = range.count;
  if (range.count > 1) strides[range.axis] *= range.step;
  const int64_t skip = range.count > 0 ? range.begin * x.strides()[range.axis] : 0;
  return x.view(shape, strides, x.offset() + skip);
}

}  // namespace anneal
