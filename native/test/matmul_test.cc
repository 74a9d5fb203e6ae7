// Matrix products on every instruction-set level of this CPU: against plain loops in long double, over layouts, odd
// sizes, batches and biases, in buffers of the exact size, and with the same bits for one thread and for several.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "test/kernels.h"

namespace anneal {
namespace {

// Where element (i, j) of a matrix [rows, cols] lies: i * row + j * col + offset, and the size of what it lies in.
struct Layout {
  const char* name;
  int64_t row, col, offset, size;
};

constexpr int kLayouts = 11;
constexpr int kDense = 0, kTransposed = 1, kGaps = 4, kTransposedGaps = 10;

Layout layoutOf(int kind, int64_t rows, int64_t cols) {
  const auto forward = [&](const char* name, int64_t row, int64_t col) {
    const bool empty = rows == 0 || cols == 0;
    return Layout{name, row, col, 0, empty ? 0 : (rows - 1) * row + (cols - 1) * col + 1};
  };
  const int64_t size = rows * cols;
  switch (kind) {
    case kDense: return forward("dense", cols, 1);
    case kTransposed: return forward("transposed", 1, rows);
    case 2: return forward("padded rows", cols + 3, 1);
    case 3: return forward("padded columns", 1, rows + 5);
    case kGaps: return forward("every second", 2 * cols + 1, 2);
    case 5: return forward("one row", 0, 1);
    case 6: return forward("one column", 1, 0);
    case 7: return forward("one element", 0, 0);
    case 8: return {"rows backwards", -cols, 1, size == 0 ? 0 : size - cols, size};
    case 9: return {"columns backwards", 1, -rows, size == 0 ? 0 : size - rows, size};
    default: return forward("every third, transposed", 3, 3 * rows + 2);
  }
}

struct Sample {
  int64_t m, n, k;
  int a = kDense, b = kDense;
  bool bias = false;
  std::vector<int64_t> batch = {};
  unsigned aStays = 0, bStays = 0;  // bit d: broadcast along batch dimension d
};

template <class T>
std::vector<T> someValues(int64_t count, uint32_t seed) {
  std::vector<T> out(static_cast<size_t>(count));
  for (T& x : out) {
    seed = seed * 1664525u + 1013904223u;
    if constexpr (std::is_floating_point_v<T>) {
      x = static_cast<T>(static_cast<int32_t>(seed)) * static_cast<T>(0x1p-31);
    } else {
      x = static_cast<T>(uint64_t{seed} * 0x9e3779b97f4a7c15u);  // large: products wrap around
    }
  }
  return out;
}

template <class T>
constexpr DType dtypeOf() {
  if (std::is_floating_point_v<T>) return sizeof(T) == 4 ? DType::Float32 : DType::Float64;
  return sizeof(T) == 4 ? DType::Int32 : DType::Int64;
}

// What sums of products are computed in for comparison: exact enough for the bound, or with the same wrapping around.
template <class T, bool floating = std::is_floating_point_v<T>>
struct WideOf {
  using type = std::conditional_t<sizeof(T) == 4, double, long double>;
};
template <class T>
struct WideOf<T, false> {
  using type = std::make_unsigned_t<T>;
};

// Operands of a sample, and what the kernel should make of them.
template <class T>
struct Run {
  using Wide = typename WideOf<T>::type;
  const Sample& s;
  Layout a, b;
  MatmulArgs args{};
  int64_t count = 1;
  std::vector<T> aData, bData, bias;
  std::vector<Wide> wanted, allowed;

  explicit Run(const Sample& sample) : s(sample), a(layoutOf(s.a, s.m, s.k)), b(layoutOf(s.b, s.k, s.n)) {
    args.dtype = dtypeOf<T>();
    args.m = s.m;
    args.n = s.n;
    args.k = s.k;
    args.aRow = a.row;
    args.aCol = a.col;
    args.bRow = b.row;
    args.bCol = b.col;
    args.batchRank = static_cast<uint8_t>(s.batch.size());
    int64_t aSize = a.size, bSize = b.size;
    for (int d = static_cast<int>(s.batch.size()) - 1; d >= 0; --d) {
      const bool aStays = s.aStays >> d & 1, bStays = s.bStays >> d & 1;
      args.batchShape[d] = s.batch[static_cast<size_t>(d)];
      args.aBatch[d] = aStays ? 0 : aSize;
      args.bBatch[d] = bStays ? 0 : bSize;
      if (!aStays) aSize *= args.batchShape[d];
      if (!bStays) bSize *= args.batchShape[d];
      count *= args.batchShape[d];
    }
    aData = someValues<T>(aSize, 1);
    bData = someValues<T>(bSize, 2);
    bias = someValues<T>(s.n, 3);
    args.a = aData.data() + a.offset;
    args.b = bData.data() + b.offset;
    if (s.bias) args.epilogue.bias = bias.data();
  }

  std::vector<T> product(const Backend& backend) {
    T stale = std::numeric_limits<T>::max();
    if constexpr (std::is_floating_point_v<T>) stale = std::numeric_limits<T>::quiet_NaN();
    std::vector<T> c(static_cast<size_t>(count * s.m * s.n), stale);  // C is written, never read first
    args.c = c.data();
    backend.matmul(args);
    return c;
  }

  // What element (i, j) of the product of x and y should be, and how far from it an element may be.
  ANNEAL_REFERENCE void expect(const T* x, const T* y, int64_t j) {
    if constexpr (std::is_floating_point_v<T>) {
      Wide sum = s.bias ? bias[static_cast<size_t>(j)] : 0, magnitude = std::fabs(sum);
      for (int64_t p = 0; p < s.k; ++p) {
        const Wide term = static_cast<Wide>(x[p * a.col]) * y[p * b.row];
        sum += term;
        magnitude += std::fabs(term);
      }
      // Each of k + 1 additions rounds by half a unit in the last place of a partial sum, at most `magnitude`.
      const Wide unit = std::numeric_limits<T>::epsilon() / 2;
      wanted.push_back(sum);
      allowed.push_back(static_cast<Wide>(s.k + 2) * unit * magnitude);
    } else {
      Wide sum = s.bias ? static_cast<Wide>(bias[static_cast<size_t>(j)]) : 0;
      for (int64_t p = 0; p < s.k; ++p) sum += static_cast<Wide>(x[p * a.col]) * static_cast<Wide>(y[p * b.row]);
      wanted.push_back(sum);
    }
  }

  // The product by plain loops, once for all levels.
  void expectAll() {
    wanted.reserve(static_cast<size_t>(count * s.m * s.n));
    allowed.reserve(wanted.capacity());
    for (int64_t index = 0; index < count; ++index) {
      const T* x = static_cast<const T*>(args.a);
      const T* y = static_cast<const T*>(args.b);
      int64_t rest = index;
      for (int d = args.batchRank - 1; d >= 0; --d) {
        x += rest % args.batchShape[d] * args.aBatch[d];
        y += rest % args.batchShape[d] * args.bBatch[d];
        rest /= args.batchShape[d];
      }
      for (int64_t i = 0; i < s.m; ++i) {
        for (int64_t j = 0; j < s.n; ++j) expect(x + i * a.row, y + j * b.col, j);
      }
    }
  }

  bool right(const std::vector<T>& c) const {
    if (c.size() != wanted.size()) return false;
    for (size_t i = 0; i < c.size(); ++i) {
      if constexpr (std::is_floating_point_v<T>) {
        if (!(std::fabs(c[i] - wanted[i]) <= allowed[i])) return false;
      } else {
        if (static_cast<Wide>(c[i]) != wanted[i]) return false;
      }
    }
    return true;
  }
};

template <class T>
void checkSample(const Sample& sample) {
  Run<T> run(sample);
  std::string name = test::show(sample.m) + " x " + test::show(sample.n) + " x " + test::show(sample.k) + ", a " +
                     run.a.name + ", b " + run.b.name + (sample.bias ? ", bias" : "");
  for (const int64_t size : sample.batch) name += ", batch " + test::show(size);
  run.expectAll();
  const int threads = Pool::instance().threads();
  for (const CpuLevel& level : cpuLevels()) {
    Pool::instance().setThreads(1);
    const std::vector<T> c = run.product(*level.backend);
    if (!run.right(c)) test::report(__FILE__, __LINE__, name + ": wrong on " + level.name);
    Pool::instance().setThreads(severalThreads());
    const std::vector<T> again = run.product(*level.backend);
    if (!c.empty() && std::memcmp(c.data(), again.data(), c.size() * sizeof(T)) != 0) {
      test::report(__FILE__, __LINE__, name + ": other bits with several threads on " + level.name);
    }
  }
  Pool::instance().setThreads(threads);
}

void checkFloats(const Sample& sample) {
  checkSample<float>(sample);
  checkSample<double>(sample);
}

TEST(matmul_of_every_small_size) {
  const int64_t sizes[] = {1, 2, 3, 5, 7, 8, 13, 14, 16, 17, 29, 31, 33, 40};
  int turn = 0;
  for (const int64_t m : sizes) {
    for (const int64_t n : sizes) {
      for (const int64_t k : sizes) {
        checkFloats({m, n, k, turn % kLayouts, turn / kLayouts % kLayouts, turn % 2 == 0});
        ++turn;
      }
    }
  }
}

TEST(matmul_of_every_pair_of_layouts) {
  const int64_t shapes[][3] = {{5, 6, 7},    {1, 33, 65},  {33, 1, 65}, {2, 70, 130},
                               {70, 3, 130}, {47, 53, 61}, {100, 30, 2}};
  for (const auto& shape : shapes) {
    for (int a = 0; a < kLayouts; ++a) {
      for (int b = 0; b < kLayouts; ++b) checkFloats({shape[0], shape[1], shape[2], a, b, (a + b) % 2 == 0});
    }
  }
}

// Sizes that are cut into tasks, column blocks and depth blocks.
TEST(matmul_of_large_sizes) {
  const int64_t shapes[][3] = {
      {64, 256, 784},   {256, 784, 64},  {64, 784, 256},   {67, 131, 1603}, {131, 67, 1603}, {1, 256, 784},
      {256, 1, 784},    {4, 300, 801},   {300, 4, 801},    {61, 10, 640},   {10, 64, 2000},  {200, 200, 200},
      {3, 5000, 20},    {300, 200, 1},   {128, 128, 1024}, {16, 300, 1024}, {300, 20, 1024}, {50, 4500, 20},
      {20, 4100, 1000}, {100, 1400, 780}};  // of the last, B's panels are fetched ahead
  for (const auto& shape : shapes) {
    if (shape[0] * shape[1] * shape[2] > 20'000'000) {
      checkSample<float>({shape[0], shape[1], shape[2], kTransposed, kDense, true});
      continue;
    }
    for (const int a : {kDense, kTransposed, kGaps}) {
      for (const int b : {kDense, kTransposed, kTransposedGaps}) {
        if (kInstrumented && a != (b == kTransposedGaps ? kGaps : b)) continue;
        checkSample<float>({shape[0], shape[1], shape[2], a, b, (a + b) % 2 == 1});
      }
    }
    checkSample<double>({shape[0], shape[1], shape[2], kDense, kTransposed, true});
  }
}

TEST(matmul_of_batches) {
  const std::vector<int64_t> batches[] = {{3}, {1, 4}, {2, 3}, {2, 1, 3}, {0, 2}};
  for (const std::vector<int64_t>& batch : batches) {
    const unsigned all = 1u << batch.size();
    for (unsigned aStays = 0; aStays < all; ++aStays) {
      for (unsigned bStays = 0; bStays < all; ++bStays) {
        checkFloats({4, 5, 6, kDense, kTransposed, true, batch, aStays, bStays});
        checkFloats({1, 17, 9, kDense, kDense, false, batch, aStays, bStays});
        checkFloats({18, 33, 3, kGaps, kTransposedGaps, true, batch, aStays, bStays});
      }
    }
  }
  checkSample<float>({32, 32, 64, kDense, kTransposed, false, {3, 30}, 0, 0});
  checkSample<float>({64, 64, 32, kDense, kDense, true, {40}, 0, 1});
  checkSample<float>({200, 200, 100, kTransposed, kDense, true, {3}, 1, 0});
}

TEST(matmul_of_nothing) {
  for (const bool bias : {false, true}) {
    checkFloats({0, 3, 4, kDense, kDense, bias});
    checkFloats({3, 0, 4, kDense, kDense, bias});
    checkFloats({3, 4, 0, kDense, kDense, bias});
    checkFloats({40, 50, 0, kDense, kDense, bias, {2}, 0, 0});
  }
}

TEST(matmul_of_integers_wraps_around) {
  for (const int a : {kDense, kTransposed, kGaps}) {
    for (const int b : {kDense, kTransposed, kTransposedGaps}) {
      checkSample<int32_t>({13, 17, 19, a, b, true});
      checkSample<int64_t>({13, 17, 19, a, b, false, {2, 3}, 1, 2});
    }
  }
  checkSample<int32_t>({100, 120, 130, kDense, kTransposed, true});
  checkSample<int64_t>({3, 4, 0, kDense, kDense, true});
}

// 0 * inf and inf - inf are NaN wherever they stand, and nothing else becomes one.
TEST(matmul_keeps_infinities_and_nan_in_their_rows) {
  const int64_t m = 15, n = 35, k = 21;
  Sample sample{m, n, k};
  for (const CpuLevel& level : cpuLevels()) {
    Run<float> run(sample);
    run.aData[static_cast<size_t>(4 * k + 2)] = std::numeric_limits<float>::infinity();
    run.aData[static_cast<size_t>(9 * k + 20)] = std::numeric_limits<float>::quiet_NaN();
    run.bData[static_cast<size_t>(2 * n + 34)] = 0;
    const std::vector<float> c = run.product(*level.backend);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        const float value = c[static_cast<size_t>(i * n + j)];
        CHECK_EQ(std::isnan(value), i == 9 || (i == 4 && j == 34));
        CHECK_EQ(std::isinf(value), i == 4 && j != 34);
      }
    }
  }
}

}  // namespace
}  // namespace anneal
