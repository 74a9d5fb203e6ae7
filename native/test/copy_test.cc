// Copies between strides, on every instruction-set level of this CPU: transpositions of all widths at sizes around those of
// registers and tiles, and rows that lie apart.
#include <numeric>
#include <vector>

#include "test/kernels.h"

namespace anneal {
namespace {

// Dense dst = src of `shape` with any strides, for elements of one width.
template <class T>
void checkCopy(DType dtype, const std::vector<int64_t>& shape, const std::vector<int64_t>& strides, int64_t size) {
  std::vector<T> src(static_cast<size_t>(size));
  for (size_t i = 0; i < src.size(); ++i) src[i] = static_cast<T>(i * 2654435761u);
  int64_t count = 1;
  for (int64_t n : shape) count *= n;
  std::vector<T> want(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, from = 0;
    for (size_t d = shape.size(); d-- > 0; rest /= shape[d]) from += rest % shape[d] * strides[d];
    want[static_cast<size_t>(i)] = src[static_cast<size_t>(from)];
  }
  CopyArgs args{};
  args.from = args.to = dtype;
  args.rank = static_cast<uint8_t>(shape.size());
  int64_t step = 1;
  for (size_t d = shape.size(); d-- > 0; step *= shape[d]) {
    args.shape[d] = shape[d];
    args.srcStrides[d] = strides[d];
    args.dstStrides[d] = step;
  }
  args.src = src.data();
  const auto outs = onLevels([&](const Backend& backend) {
    std::vector<T> out(want.size());
    args.dst = out.data();
    backend.copy(args);
    return out;
  });
  for (const auto& out : outs) CHECK(sameBits(out, want));
}

void checkWidths(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides, int64_t size) {
  checkCopy<uint8_t>(DType::UInt8, shape, strides, size);
  checkCopy<int32_t>(DType::Float32, shape, strides, size);  // every bit pattern, those of NaN too
  checkCopy<int64_t>(DType::Float64, shape, strides, size);
}

TEST(copyTransposed) {
  for (int64_t m : {1, 3, 4, 7, 8, 15, 16, 17, 33, 64, 65, 150}) {
    for (int64_t n : {1, 4, 5, 8, 16, 31, 32, 47, 64, 129}) checkWidths({m, n}, {1, m}, m * n);
  }
  checkWidths({3, 20, 37}, {20 * 37, 1, 20}, 3 * 20 * 37);
  checkWidths({5, 20, 70}, {1, 70 * 5, 5}, 5 * 20 * 70);
  checkWidths({300, 400}, {1, 301}, 400 * 301);  // a part of a wider matrix
}

TEST(copyRows) {
  checkWidths({4, 6, 30, 16}, {6 * 30 * 16, 16, 6 * 16, 1}, 4 * 6 * 30 * 16);
  checkWidths({4, 6, 30, 5}, {6 * 30 * 5, 5, 6 * 5, 1}, 4 * 6 * 30 * 5);
  checkWidths({50, 33}, {66, 2}, 50 * 66);
  checkWidths({50, 33}, {0, 1}, 33);
  checkWidths({50, 33}, {1, 0}, 50);
}

}  // namespace
}  // namespace anneal
