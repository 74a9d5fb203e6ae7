// Order along the middle of dense [outer, extent, inner] tensors: sorted, the first k, the element of a rank, the most frequent one;
// places in sorted rows; and draws from weighted rows. NaN is larger than every number, and equal elements keep their order.
#pragma once
#include "core/kernels/record.h"

namespace anneal {

constexpr int64_t kLongestSorted = 0xffffffff;  // places within a row have 32 bits

enum class SortOp : uint8_t {
  Sort,       // dst, index [outer, extent, inner]
  TopK,       // dst, index [outer, k, inner]: the first k of Sort; where not `sorted`, in any order
  Rank,       // dst, index [outer, inner]: the element that Sort puts in place k
  Median,     // ... in the middle, the lower one of two; the first NaN where there is one
  NanMedian,  // ... in the middle of those that are not NaN
  Mode,       // ... that occurs most often, the least of these, and its last place
  Search,  // index [outer, k]: how many of src [outer, extent], sorted, are less than queries [outer, k]; where `right`, not larger
  Draw,  // index [outer, k]: places in src [outer, extent], drawn with these weights; where `distinct`, each at most once
};

struct SortArgs {
  SortOp op;
  DType dtype;
  bool descending, sorted, right, distinct;
  int64_t outer, extent, inner, k;
  const void* src;
  const void* queries;    // Search
  const int64_t* sorter;  // Search: the order of src, or null where it is sorted
  void* dst;
  int64_t* index;
  uint64_t seed, offset;  // Draw: element i of the result, or of src where `distinct`, has word i of the counters
  const char* name;       // the operator, for the error

  template <class F>
  void pointers(F&& f) {
    const int64_t count = outer * extent * inner;
    const int64_t results = op == SortOp::Sort                                                 ? count
                            : op == SortOp::TopK || op == SortOp::Search || op == SortOp::Draw ? outer * k * inner
                                                                                               : outer * inner;
    f(src, Role::Read, denseExtent(dtype, count));
    f(queries, Role::Read, denseExtent(dtype, results));
    f(sorter, Role::Read, denseExtent(DType::Int64, count));
    f(dst, Role::Write, denseExtent(dtype, results));
    f(index, Role::Write, denseExtent(DType::Int64, results));
  }
  template <class F>
  void dynamicFields(F&& f) {
    if (op != SortOp::Draw) return;
    f("seed", seed);
    f("offset", offset);
  }
  template <class L>
  void label(L&& l) const {
    l.dims({outer, extent, inner});
  }
  double flops() const { return 0; }
};

}  // namespace anneal
