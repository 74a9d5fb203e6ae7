// The kernels of order and of scans: against the standard library's algorithms, on every level and number of threads.
#include <numeric>

#include "test/kernels.h"

namespace anneal {

namespace {

struct Sorted {
  Floats values;
  Indices index;
};

// NaN is the largest, and zeros are equal.
bool isLess(float a, float b) { return std::isnan(b) ? !std::isnan(a) : a < b; }

Indices orderOf(const Floats& x, const Middle& m, int64_t column, bool descending) {
  Indices order(static_cast<size_t>(m.extent));
  std::iota(order.begin(), order.end(), 0);
  const auto at = [&](int64_t i) {
    return x[static_cast<size_t>((column / m.inner * m.extent + i) * m.inner + column % m.inner)];
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t i, int64_t j) { return descending ? isLess(at(j), at(i)) : isLess(at(i), at(j)); });
  return order;
}

// Places of the first `count` of each sorted column, dense [outer, count, inner].
Indices firstOf(const Floats& x, const Middle& m, int64_t count, bool descending) {
  Indices out(static_cast<size_t>(m.outer * count * m.inner));
  for (int64_t column = 0; column < m.outer * m.inner; ++column) {
    const Indices order = orderOf(x, m, column, descending);
    for (int64_t i = 0; i < count; ++i) {
      out[static_cast<size_t>((column / m.inner * count + i) * m.inner + column % m.inner)] =
          order[static_cast<size_t>(i)];
    }
  }
  return out;
}

SortArgs argsFor(SortOp op, const Floats& x, const Middle& m, int64_t k, bool descending) {
  SortArgs args{};
  args.op = op;
  args.dtype = DType::Float32;
  args.descending = descending;
  args.sorted = true;
  args.outer = m.outer, args.extent = m.extent, args.inner = m.inner;
  args.k = k;
  args.src = x.data();
  args.name = "sort";
  return args;
}

void checkFirst(SortOp op, const Floats& x, const Middle& m, int64_t k, bool descending) {
  const int64_t count = op == SortOp::Sort ? m.extent : k;
  const Indices want = firstOf(x, m, count, descending);
  for (const Indices& got : onLevels([&](const Backend& backend) {
         Floats values(want.size());
         Indices index(want.size());
         SortArgs args = argsFor(op, x, m, k, descending);
         args.dst = values.data();
         args.index = index.data();
         backend.sort(args);
         for (size_t i = 0; i < index.size(); ++i) {
           const auto at = static_cast<int64_t>(i);
           const int64_t row = at / m.inner / count * m.extent + index[i];
           const float element = x[static_cast<size_t>(row * m.inner + at % m.inner)];
           if (std::memcmp(&values[i], &element, sizeof element) != 0)
             index[i] = -1;  // another value than its place has
         }
         return index;
       })) {
    CHECK(got == want);
  }
}

// Many equal numbers, zeros of both signs, infinities and NaN.
Floats withTies(int64_t n, uint32_t seed) {
  Floats x = someFloats(n, seed);
  for (size_t i = 0; i < x.size(); ++i) {
    if (i % 3 == 1) x[i] = std::floor(x[i] * 4);
    if (i % 17 == 5) x[i] = i % 2 ? 0.f : -0.f;
    if (i % 29 == 7) x[i] = i % 2 ? kInf : -kInf;
    if (i % 41 == 11) x[i] = i % 2 ? kNaN : -kNaN;
  }
  return x;
}

}  // namespace

TEST(sortKeepsTheOrderOfEqualElements) {
  for (const Middle& m : {Middle{1, 1, 1}, {3, 2, 1}, {5, 17, 1}, {2, 64, 3}, {3, 65, 1}, {2, 1000, 2}, {1, 5000, 1}}) {
    const Floats x = withTies(m.outer * m.extent * m.inner, static_cast<uint32_t>(m.extent));
    for (const bool descending : {false, true}) checkFirst(SortOp::Sort, x, m, 0, descending);
  }
}

TEST(topkTakesTheFirstOfEqualElements) {
  for (const Middle& m : {Middle{4, 10, 1}, {2, 300, 2}, {1, 20000, 1}}) {
    const Floats x = withTies(m.outer * m.extent * m.inner, 9);
    for (const int64_t k : {int64_t{1}, int64_t{7}, m.extent / 20, m.extent / 3, m.extent}) {
      for (const bool descending : {false, true}) checkFirst(SortOp::TopK, x, m, std::max<int64_t>(k, 1), descending);
    }
  }
  // Rows in which each element is better than all before it, and rows of NaN.
  Floats rising(5000), nan(5000, kNaN);
  std::iota(rising.begin(), rising.end(), 0.f);
  for (const bool descending : {false, true}) {
    checkFirst(SortOp::TopK, rising, {1, 5000, 1}, 5, descending);
    checkFirst(SortOp::TopK, nan, {1, 5000, 1}, 5, descending);
  }
}

TEST(elementsOfARankAreThoseOfTheSortedRow) {
  for (const Middle& m : {Middle{2, 1, 1}, {3, 30, 1}, {2, 100, 3}, {2, 1000, 1}, {2, 3000, 1}}) {
    const Floats x = withTies(m.outer * m.extent * m.inner, 5);
    for (const int64_t k : {int64_t{0}, m.extent / 3, m.extent / 2, m.extent - 1}) {
      Indices want;
      for (int64_t column = 0; column < m.outer * m.inner; ++column) {
        want.push_back(orderOf(x, m, column, false)[static_cast<size_t>(k)]);
      }
      for (const Indices& got : onLevels([&](const Backend& backend) {
             Floats values(want.size());
             Indices index(want.size());
             SortArgs args = argsFor(SortOp::Rank, x, m, k, false);
             args.dst = values.data();
             args.index = index.data();
             backend.sort(args);
             return index;
           })) {
        CHECK(got == want);
      }
    }
  }
}

TEST(sortedRowsOfEveryDType) {
  const std::vector<int64_t> source = someIndices(3000, 1 << 20);
  const auto check = [&](auto zero, DType dtype) {
    using T = decltype(zero);
    std::vector<T> x(source.size());
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(source[i] - (1 << 19));
    std::vector<T> want = x;
    std::stable_sort(want.begin(), want.end());
    for (const auto& got : onLevels([&](const Backend& backend) {
           std::vector<T> values(x.size());
           Indices index(x.size());
           SortArgs args = argsFor(SortOp::Sort, {}, {1, static_cast<int64_t>(x.size()), 1}, 0, false);
           args.dtype = dtype;
           args.src = x.data();
           args.dst = values.data();
           args.index = index.data();
           backend.sort(args);
           for (size_t i = 0; i < x.size(); ++i) CHECK(values[i] == x[static_cast<size_t>(index[i])]);
           return values;
         })) {
      CHECK(got == want);
    }
  };
  check(uint8_t{}, DType::UInt8);
  check(int32_t{}, DType::Int32);
  check(int64_t{}, DType::Int64);
  check(float{}, DType::Float32);
  check(double{}, DType::Float64);
}

TEST(searchesFindWhereValuesBelong) {
  for (const int64_t n : {0, 1, 2, 7, 64, 1000}) {
    Floats sequence = someFloats(n, 3);
    for (float& x : sequence) x = std::floor(x * 50);
    std::sort(sequence.begin(), sequence.end());
    Floats queries = someFloats(999, 4);
    for (float& x : queries) x = std::floor(x * 60);
    queries[5] = kNaN;
    for (const bool right : {false, true}) {
      Indices want;
      for (const float q : queries) {
        const auto at = std::isnan(q) ? sequence.end()
                        : right       ? std::upper_bound(sequence.begin(), sequence.end(), q)
                                      : std::lower_bound(sequence.begin(), sequence.end(), q);
        want.push_back(at - sequence.begin());
      }
      for (const Indices& got : onLevels([&](const Backend& backend) {
             Indices index(queries.size());
             SortArgs args = argsFor(SortOp::Search, sequence, {1, n, 1}, 999, false);
             args.right = right;
             args.queries = queries.data();
             args.index = index.data();
             backend.sort(args);
             return index;
           })) {
        CHECK(got == want);
      }
    }
  }
}

TEST(drawsFollowTheirWeights) {
  const Floats weights = {0, 1, 2, 0, 5, 0};
  for (const bool distinct : {false, true}) {
    const int64_t rows = distinct ? 4000 : 1, count = distinct ? 1 : 4000;
    Floats all;
    for (int64_t row = 0; row < rows; ++row) all.insert(all.end(), weights.begin(), weights.end());
    for (const Indices& got : onLevels([&](const Backend& backend) {
           Indices index(4000);
           SortArgs args = argsFor(SortOp::Draw, all, {rows, 6, 1}, count, false);
           args.distinct = distinct;
           args.seed = 7;
           args.index = index.data();
           backend.sort(args);
           return index;
         })) {
      double counts[6] = {};
      for (const int64_t i : got) counts[i] += 1;
      // Five standard deviations of 4000 draws are below 160.
      for (size_t i = 0; i < 6; ++i)
        CHECK_NEAR(counts[i], 500.0 * static_cast<double>(weights[i]), weights[i] > 0 ? 160 : 0);
    }
  }
}

TEST(scansAreThoseOfPlainLoops) {
  for (const Middle& m : {Middle{1, 1, 1}, {3, 37, 1}, {2, 100, 5}, {1, 70, 70}, {1, 40000, 1}, {2, 3000, 9}}) {
    const int64_t count = m.outer * m.extent * m.inner;
    const Floats x = someFloats(count, 2), factor = someFloats(count, 8);
    for (const ScanOp op : {ScanOp::Sum, ScanOp::Prod, ScanOp::Max, ScanOp::Min, ScanOp::LogSumExp, ScanOp::Linear}) {
      for (const bool reverse : {false, true}) {
        std::vector<double> want(static_cast<size_t>(count));
        Indices places(static_cast<size_t>(count));
        for (int64_t column = 0; column < m.outer * m.inner; ++column) {
          double state = 0;
          int64_t place = 0;
          for (int64_t i = 0; i < m.extent; ++i) {
            const int64_t row = reverse ? m.extent - 1 - i : i;
            const auto at = static_cast<size_t>((column / m.inner * m.extent + row) * m.inner + column % m.inner);
            const double v = x[at];
            const size_t behind = at + static_cast<size_t>(reverse && i > 0 ? m.inner : 0);
            if (op == ScanOp::Sum) state += v;
            if (op == ScanOp::Prod) state = i == 0 ? v : state * v;
            if (op == ScanOp::LogSumExp) state = i == 0 ? v : std::log(std::exp(state) + std::exp(v));
            if (op == ScanOp::Linear) state = v + (i == 0 ? 0 : static_cast<double>(factor[behind]) * state);
            if (i == 0 || (op == ScanOp::Max && v >= state) || (op == ScanOp::Min && v <= state)) place = row;
            if (op == ScanOp::Max) state = i == 0 ? v : std::max(state, v);
            if (op == ScanOp::Min) state = i == 0 ? v : std::min(state, v);
            want[at] = state;
            places[at] = place;
          }
        }
        for (const Floats& got : onLevels([&](const Backend& backend) {
               Floats out(static_cast<size_t>(count));
               Indices index(static_cast<size_t>(count));
               const bool finds = op == ScanOp::Max || op == ScanOp::Min;
               ScanArgs args{};
               args.op = op;
               args.dtype = DType::Float32;
               args.reverse = reverse;
               args.outer = m.outer, args.extent = m.extent, args.inner = m.inner;
               args.in = x.data();
               args.factor = factor.data();
               args.out = out.data();
               args.index = finds ? index.data() : nullptr;
               backend.scan(args);
               if (finds) CHECK(index == places);
               return out;
             })) {
          checkClose(got, want, 1e-6);
        }
      }
    }
  }
}

}  // namespace anneal
