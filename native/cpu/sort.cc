// Order along the middle of dense [outer, extent, inner] tensors. A task takes some columns [extent], each by itself; one that is not
// dense is copied first.
#include "cpu/kernels.h"
#include "cpu/sort/draw.h"
#include "cpu/sort/search.h"
#include "cpu/sort/select.h"
#include "cpu/strided.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// Calls f(Type<T>{}) for the type that elements are ordered as.
template <class F>
void withOrdered(const SortArgs& args, const F& f) {
  if (args.dtype == DType::Bool) return f(Type<uint8_t>{});
  withAny(args.name, args.dtype, [&](auto t) {
    if constexpr (!__is_same(typename decltype(t)::type, bool)) f(t);
  });
}

// Calls body(x, column) for every column with its elements side by side. cost: nanoseconds for an element.
template <class T, class Body>
void forColumns(const SortArgs& args, int64_t cost, const Body& body) {
  const int64_t n = args.extent, inner = args.inner, grain = 1 + (1 << 13) / (n + 1);
  if (inner == 1) {
    return forRange(
        args.outer, grain,
        [&](int64_t begin, int64_t end) {
          for (int64_t column = begin; column < end; ++column)
            body(static_cast<const T*>(args.src) + column * n, column);
        },
        1 + grain * n * cost / 1000);
  }
  // Neighbouring columns are copied together, as many as share cache lines or as fit into a cache.
  using Word = typename LaneTypes<T>::UInt;
  const int64_t most = transposeSide(sizeof(T)), fit = (1 << 18) / (n + 1),
                group = fit < 1      ? 1
                        : fit < most ? fit
                                     : most;
  const int64_t groups = (inner + group - 1) / group;
  forRange(
      args.outer * groups, 1,
      [&](int64_t task, int64_t) {
        const int64_t first = task % groups * group, count = inner - first < group ? inner - first : group;
        const T* x = static_cast<const T*>(args.src) + task / groups * n * inner + first;
        T* rows = scratch<T>(kRowSlot, group * n);
        transposeStrip(reinterpret_cast<Word*>(rows), n, reinterpret_cast<const Word*>(x), inner, count, n);
        for (int64_t c = 0; c < count; ++c) body(rows + c * n, task / groups * inner + first + c);
      },
      1 + group * n * cost / 1000);
}

// Where results of a column go, `count` of them.
template <class T>
struct Target {
  T* dst;
  int64_t* index;
  int64_t step;
  Target(const SortArgs& args, int64_t column, int64_t count) : step(args.inner) {
    const int64_t at = column / args.inner * count * args.inner + column % args.inner;
    dst = static_cast<T*>(args.dst) + at;
    index = args.index + at;
  }
  ANNEAL_INLINE void put(int64_t i, const Row<T>& row, const Item<KeyOf<T>>& item) const {
    dst[i * step] = row.element(item);
    index[i * step] = item.place;
  }
};

template <class T>
void sortColumns(const SortArgs& args) {
  const int64_t count = args.op == SortOp::TopK ? args.k : args.extent;
  forColumns<T>(args, args.op == SortOp::TopK ? 2 : 10, [&](const T* x, int64_t column) {
    const Row<T> row(x, args.extent, args.descending);
    const auto* items = args.op == SortOp::TopK ? firstItems(row, count, args.sorted) : sortRow(row);
    const Target<T> to(args, column, count);
    for (int64_t i = 0; i < count; ++i) to.put(i, row, items[i]);
  });
}

// The first NaN, or n.
template <class T>
int64_t firstNaN(const T* x, int64_t n) {
  if constexpr (kIsFloat<T>) {
    constexpr int kLanes = Vec<T>::kLanes;
    int64_t i = 0;
    while (i + kLanes <= n && all(load(x + i) == load(x + i))) i += kLanes;
    while (i < n && x[i] == x[i]) ++i;
    return i;
  }
  return n;
}

// The element in the middle of those that are numbers, or the first NaN.
template <class T>
Item<KeyOf<T>> middle(const Row<T>& row, bool skips) {
  int64_t numbers = row.n;
  if constexpr (kIsFloat<T>) {
    const int64_t nan = firstNaN(row.x, row.n);
    if (nan < row.n && !skips) return {row.ofNaN(), static_cast<uint32_t>(nan)};
    for (int64_t i = nan; i < row.n; ++i) numbers -= row.x[i] != row.x[i];
  }
  return itemOfRank(row, numbers > 0 ? (numbers - 1) / 2 : 0);
}

// The last of the longest run of a sorted row, the first such run. Each NaN is a run of its own.
template <class T>
Item<KeyOf<T>> mostFrequent(const Row<T>& row) {
  const auto* items = sortRow(row);
  int64_t best = 0, longest = 0;
  for (int64_t begin = 0; begin < row.n;) {
    int64_t end = begin + 1;
    const bool counts = !kIsFloat<T> || items[begin].key != row.ofNaN();
    while (counts && end < row.n && items[end].key == items[begin].key) ++end;
    if (end - begin > longest) longest = end - begin, best = end - 1;
    begin = end;
  }
  return items[best];
}

template <class T>
void pickColumns(const SortArgs& args) {
  forColumns<T>(args, args.op == SortOp::Mode ? 10 : 3, [&](const T* x, int64_t column) {
    const Row<T> row(x, args.extent, args.descending);
    const Target<T> to(args, column, 1);
    switch (args.op) {
      case SortOp::Mode: return to.put(0, row, mostFrequent(row));
      case SortOp::Rank: return to.put(0, row, itemOfRank(row, args.k));
      default: return to.put(0, row, middle(row, args.op == SortOp::NanMedian));
    }
  });
}

}  // namespace

void sort(const SortArgs& args) {
  switch (args.op) {
    case SortOp::Sort:
    case SortOp::TopK: return withOrdered(args, [&](auto t) { sortColumns<typename decltype(t)::type>(args); });
    case SortOp::Search: return withOrdered(args, [&](auto t) { search<typename decltype(t)::type>(args); });
    case SortOp::Draw:
      return withFloat(args.name, args.dtype, [&](auto t) {
        using T = typename decltype(t)::type;
        args.distinct ? drawDistinct<T>(args) : drawAgain<T>(args);
      });
    default: return withOrdered(args, [&](auto t) { pickColumns<typename decltype(t)::type>(args); });
  }
}

}  // namespace anneal::ANNEAL_LEVEL
