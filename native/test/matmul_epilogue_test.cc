// What a matrix product does on its way into C (scale, bias, residual, activation, gate), its row sums and prepacked
// operands: every way of computing a product on every instruction-set level, against plain loops in float64.
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "core/pointwise.h"
#include "test/kernels.h"

namespace anneal {
namespace {

enum class Add { None, Residual, Itself };

struct Shape {
  int64_t m, n, k;
  bool aTransposed, bTransposed;
  std::vector<int64_t> batch = {};
};

// Each takes another way on some level: tiles straight and flipped, with whole and partial panels, one and several parts
// of the depth, packed and in place, wide tiles, dot products straight and flipped, depth one and two, no depth.
const Shape kShapes[] = {
    {64, 96, 80, false, false},   {64, 96, 80, false, true},       {61, 47, 33, true, false},
    {61, 47, 33, true, true},     {70, 30, 1000, false, true},     {20, 2100, 12, false, true},
    {37, 70, 1700, false, false}, {70, 37, 1700, false, true},     {200, 50, 90, true, false},
    {33, 410, 130, true, false},  {1, 130, 70, false, false},      {1, 130, 70, false, true},
    {2, 65, 170, false, false},   {130, 1, 70, false, false},      {130, 3, 170, true, true},
    {65, 2, 901, false, false},   {40, 35, 1, false, false},       {40, 35, 2, true, true},
    {9, 21, 0, false, false},     {12, 20, 30, false, false, {5}}, {40, 66, 24, true, true, {2, 3}}};

template <class T>
struct Operands {
  const Shape& s;
  int64_t count = 1;
  std::vector<T> a, b, bias, residual, gate, rowSums;
  std::vector<double> sums, magnitudes;  // of each element's products, for all epilogues
  MatmulArgs args{};

  static std::vector<T> some(int64_t n, uint32_t seed) {
    const Floats floats = someFloats(n, seed);
    return {floats.begin(), floats.end()};
  }

  explicit Operands(const Shape& shape) : s(shape) {
    args.dtype = sizeof(T) == 4 ? DType::Float32 : DType::Float64;
    args.m = s.m;
    args.n = s.n;
    args.k = s.k;
    args.aRow = s.aTransposed ? 1 : s.k;
    args.aCol = s.aTransposed ? s.m : 1;
    args.bRow = s.bTransposed ? 1 : s.n;
    args.bCol = s.bTransposed ? s.k : 1;
    args.batchRank = static_cast<uint8_t>(s.batch.size());
    for (int d = args.batchRank - 1; d >= 0; --d) {
      args.batchShape[d] = s.batch[static_cast<size_t>(d)];
      args.aBatch[d] = count * s.m * s.k;
      args.bBatch[d] = count * s.k * s.n;
      count *= args.batchShape[d];
    }
    a = some(count * s.m * s.k, 1);
    b = some(count * s.k * s.n, 2);
    bias = some(s.n, 3);
    residual = some(count * s.m * s.n, 4);
    gate = some(count * s.m * s.n, 5);
    rowSums.assign(static_cast<size_t>(s.m), std::numeric_limits<T>::quiet_NaN());
    args.a = a.data();
    args.b = b.data();
    multiply();
  }

  ANNEAL_REFERENCE void multiply() {
    for (int64_t index = 0; index < count; ++index) {
      for (int64_t i = 0; i < s.m; ++i) {
        for (int64_t j = 0; j < s.n; ++j) {
          const T* x = a.data() + index * s.m * s.k + i * args.aRow;
          const T* y = b.data() + index * s.k * s.n + j * args.bCol;
          double sum = 0, magnitude = 0;
          for (int64_t p = 0; p < s.k; ++p) {
            const double term = static_cast<double>(x[p * args.aCol]) * y[p * args.bRow];
            sum += term;
            magnitude += std::fabs(term);
          }
          sums.push_back(sum);
          magnitudes.push_back(magnitude);
        }
      }
    }
  }

  std::vector<T> product(const Backend& backend, Add add) {
    std::vector<T> c(residual.size(), std::numeric_limits<T>::quiet_NaN());
    if (add == Add::Itself) c = residual;
    args.c = c.data();
    args.epilogue.residual = add == Add::Itself ? c.data() : add == Add::Residual ? residual.data() : nullptr;
    backend.matmul(args);
    return c;
  }

  double atA(int64_t i, int64_t p) const { return a[static_cast<size_t>(i * args.aRow + p * args.aCol)]; }
};

double normalDensity(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double normalCumulative(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

double activated(PointwiseOp op, double v, double gate, const double* params) {
  switch (op) {
    case PointwiseOp::Relu: return v > 0 ? v : 0;
    case PointwiseOp::ReluBackward: return gate > 0 ? v : 0;
    case PointwiseOp::LeakyRelu: return v > 0 ? v : params[0] * v;
    case PointwiseOp::Gelu: return v * normalCumulative(v);
    case PointwiseOp::GeluBackward: return v * (normalCumulative(gate) + gate * normalDensity(gate));
    case PointwiseOp::Mul: return v * gate;
    default: return v;
  }
}

// A sum of k + 2 terms rounds k + 2 times by half a unit in the last place of a partial sum, at most `magnitude`. No
// activation here is steeper than 1.2, and its own formula is within 4 units.
double tolerance(double epsilon, int64_t terms, double magnitude) {
  return epsilon * magnitude * 1.2 * (static_cast<double>(terms + 2) / 2 + 4);
}

template <class T>
void checkValues(const Operands<T>& o, const std::vector<T>& c, Add add, const std::string& name) {
  const Shape& s = o.s;
  constexpr double epsilon = std::numeric_limits<T>::epsilon();
  for (int64_t index = 0; index < o.count; ++index) {
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t j = 0; j < s.n; ++j) {
        const size_t at = static_cast<size_t>((index * s.m + i) * s.n + j);
        double sum = o.sums[at] * o.args.alpha, magnitude = o.magnitudes[at] * std::fabs(o.args.alpha);
        const double plus[] = {o.args.epilogue.bias ? o.bias[static_cast<size_t>(j)] : 0,
                               add != Add::None ? o.residual[at] : 0};
        for (const double x : plus) {
          sum += x;
          magnitude += std::fabs(x);
        }
        const double wanted = activated(o.args.epilogue.activation, sum, o.gate[at], o.args.epilogue.params);
        if (std::fabs(c[at] - wanted) > tolerance(epsilon, s.k, magnitude)) {
          return test::report(__FILE__, __LINE__,
                              name + ": element " + test::show(i) + ", " + test::show(j) + " is " + test::show(c[at]) +
                                  ", not " + test::show(wanted));
        }
      }
    }
  }
  if (!o.args.rowSums) return;
  for (int64_t i = 0; i < s.m; ++i) {
    double sum = 0, magnitude = 0;
    for (int64_t p = 0; p < s.k; ++p) {
      sum += o.atA(i, p);
      magnitude += std::fabs(o.atA(i, p));
    }
    CHECK_NEAR(o.rowSums[static_cast<size_t>(i)], sum, tolerance(epsilon, s.k, magnitude));
  }
}

template <class T>
void check(Operands<T>& o, Add add, const std::string& epilogue) {
  const Shape& s = o.s;
  const std::string name = test::show(s.m) + " x " + test::show(s.n) + " x " + test::show(s.k) +
                           (s.aTransposed ? " T" : " N") + (s.bTransposed ? "T, " : "N, ") + epilogue;
  const int threads = Pool::instance().threads();
  for (const CpuLevel& level : cpuLevels()) {
    const Backend& backend = *level.backend;
    Pool::instance().setThreads(1);
    const std::vector<T> c = o.product(backend, add), sums = o.rowSums;
    checkValues(o, c, add, name + " on " + level.name);
    Pool::instance().setThreads(severalThreads());
    const bool same = sameBits(o.product(backend, add), c) && sameBits(o.rowSums, sums);
    if (!same) test::report(__FILE__, __LINE__, name + ": other bits with several threads on " + level.name);
    const size_t size = backend.packSize(o.args);
    if (size == 0) continue;
    std::vector<T> packed(size / sizeof(T));
    backend.packOperand({o.args, packed.data(), static_cast<int64_t>(size)});
    o.args.packedB = packed.data();
    o.args.b = nullptr;
    if (!sameBits(o.product(backend, add), c)) {
      test::report(__FILE__, __LINE__, name + ": other bits from a packed operand on " + level.name);
    }
    o.args.packedB = nullptr;
    o.args.b = o.b.data();
  }
  Pool::instance().setThreads(threads);
}

template <class T>
void checkEpilogues(const Shape& shape) {
  Operands<T> o(shape);
  check(o, Add::None, "plain");
  check(o, Add::Residual, "residual");
  check(o, Add::Itself, "into itself");
  o.args.alpha = -0.625;
  check(o, Add::None, "scaled");
  check(o, Add::Itself, "scaled into itself");
  o.args.epilogue.bias = o.bias.data();
  check(o, Add::Residual, "scaled, residual, bias");
  o.args.alpha = 1;
  if (o.count == 1) o.args.rowSums = o.rowSums.data();
  o.args.epilogue.params[0] = 0.25;
  const PointwiseOp ops[] = {PointwiseOp::Relu, PointwiseOp::ReluBackward, PointwiseOp::LeakyRelu,
                             PointwiseOp::Gelu, PointwiseOp::GeluBackward, PointwiseOp::Mul};
  const char* names[] = {"relu", "reluBackward", "leakyRelu", "gelu", "geluBackward", "mul"};
  for (size_t i = 0; i < std::size(ops); ++i) {
    o.args.epilogue.activation = ops[i];
    o.args.epilogue.gate = o.gate.data();
    check(o, Add::None, std::string("bias, row sums, ") + names[i]);
  }
  o.args.epilogue.bias = nullptr;
  o.args.epilogue.activation = PointwiseOp::Relu;
  check(o, Add::Itself, "into itself, row sums, relu");
}

TEST(matmul_epilogues_float32) {
  for (const Shape& shape : kShapes) checkEpilogues<float>(shape);
}

TEST(matmul_epilogues_float64) {
  for (const Shape& shape : kShapes) checkEpilogues<double>(shape);
}

// Large enough to be cut into tasks and blocks of columns.
TEST(matmul_epilogues_of_large_products) {
  const Shape shapes[] = {{64, 256, 784, false, true}, {784, 256, 64, true, false}, {20, 4100, 60, false, true}};
  for (const Shape& shape : shapes) {
    Operands<float> o(shape);
    o.args.epilogue.bias = o.bias.data();
    o.args.rowSums = o.rowSums.data();
    o.args.epilogue.activation = PointwiseOp::Relu;
    check(o, Add::None, "bias, row sums, relu");
    o.args.epilogue.activation = PointwiseOp::GeluBackward;
    o.args.epilogue.gate = o.gate.data();
    check(o, Add::Itself, "bias, row sums, into itself, geluBackward");
  }
}

TEST(matmul_of_integers_adds_bias_and_residual) {
  const int32_t a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, -1, 2, 0, 1, 3}, bias[] = {10, 20};
  for (const CpuLevel& level : cpuLevels()) {
    int32_t c[] = {100, 200, 300, 400};
    MatmulArgs args{};
    args.dtype = DType::Int32;
    args.m = args.n = 2;
    args.k = 3;
    args.a = a;
    args.aRow = 3;
    args.aCol = 1;
    args.b = b;
    args.bRow = 2;
    args.bCol = 1;
    args.c = c;
    args.epilogue.bias = bias;
    args.epilogue.residual = c;
    level.backend->matmul(args);
    const int32_t wanted[] = {118, 228, 330, 434};
    for (int i = 0; i < 4; ++i) CHECK_EQ(c[i], wanted[i]);
  }
}

// A product by dot products has nothing to pack; a linear layer has.
TEST(matmul_packs_what_pays) {
  for (const CpuLevel& level : cpuLevels()) {
    const auto size = [&](const Shape& shape) { return level.backend->packSize(Operands<float>(shape).args); };
    CHECK_EQ(size({1, 256, 784, false, true}), size_t{0});
    CHECK_EQ(size({64, 256, 784, false, true}), size_t{256 * 784 * 4});
    CHECK_EQ(size({1024, 64, 128, false, true}), size_t{64 * 128 * 4});
  }
}

}  // namespace
}  // namespace anneal
