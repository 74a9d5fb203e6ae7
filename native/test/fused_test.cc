// Fused programs against the same steps as kernels of their own, bit for bit, on every level and number of threads.
#include <algorithm>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "compile/space.h"
#include "core/pointwise.h"
#include "test/kernels.h"

namespace anneal {
namespace {

using Bytes = std::vector<uint8_t>;
using Shape = Space;

struct Random {
  uint64_t state;
  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33);
  }
  int below(int n) { return static_cast<int>(next() % static_cast<uint32_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  double real() { return next() * 0x1p-30 - 1; }
  template <class T>
  const T& of(const std::vector<T>& list) {
    return list[static_cast<size_t>(below(static_cast<int>(list.size())))];
  }
};

// ---- operators ------------------------------------------------------------------------------------------------------
enum class Takes { Float, Checked, Arith, Divide, Integer, Compare, Logical, Select };
struct Row {
  PointwiseOp op;
  Takes takes;
  int inputs;
};
const std::vector<Row> kRows = {
#define ANNEAL_POINTWISE(name, kind, inputs, formula) {PointwiseOp::name, Takes::kind, inputs},
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
};

bool takes(const Row& row, DType dtype) {
  switch (row.takes) {
    case Takes::Float: return isFloating(dtype);
    case Takes::Checked: return false;  // runs alone, and refuses numbers that this test draws
    case Takes::Arith: return dtype != DType::Bool;
    case Takes::Divide: return isFloating(dtype);  // of integers it refuses 0
    case Takes::Integer: return dtype != DType::Bool && !isFloating(dtype);
    case Takes::Logical: return dtype == DType::Bool;
    default: return true;
  }
}

// ---- tensors --------------------------------------------------------------------------------------------------------
// Dense over all but the last dimension, along which there is one value.
Shape rowStrides(const Shape& shape) {
  Shape strides = denseStrides(Shape(shape.begin(), shape.end() - 1));
  strides.push_back(0);
  return strides;
}

Bytes someElements(Random& random, DType dtype, int64_t n) {
  Bytes out(static_cast<size_t>(n) * sizeOf(dtype));
  const auto fill = [&](auto zero, auto value) {
    for (int64_t i = 0; i < n; ++i) {
      const auto v = static_cast<decltype(zero)>(value());
      std::memcpy(&out[static_cast<size_t>(i) * sizeof v], &v, sizeof v);
    }
  };
  const auto real = [&] { return random.chance(2) ? random.of<double>({0, -0.0, INFINITY, NAN}) : 3 * random.real(); };
  switch (dtype) {
    case DType::Bool: fill(uint8_t{}, [&] { return random.below(2); }); break;
    case DType::UInt8: fill(uint8_t{}, [&] { return random.below(256); }); break;
    case DType::Int32: fill(int32_t{}, [&] { return random.below(2000) - 1000; }); break;
    case DType::Int64: fill(int64_t{}, [&] { return random.below(2000) - 1000; }); break;
    case DType::Float32: fill(float{}, real); break;
    default: fill(double{}, real);
  }
  return out;
}

// ---- programs -------------------------------------------------------------------------------------------------------
struct Register {
  DType dtype;
  bool row = false;  // one value per row
};

struct Output {
  uint16_t reg;
  bool row;
};

struct Case {
  Shape shape;
  std::vector<Register> registers;
  std::deque<Bytes> memory;
  std::vector<FusedOperand> inputs;
  std::vector<FusedStep> steps;
  std::vector<Output> outputs;

  uint16_t add(DType dtype, bool row = false) {
    registers.push_back({dtype, row});
    return static_cast<uint16_t>(registers.size() - 1);
  }

  uint16_t input(DType dtype, const Bytes& data, const Shape& strides) {
    memory.push_back(data);
    FusedOperand operand{memory.back().data(), dtype, add(dtype), false, {}};
    std::copy(strides.begin(), strides.end(), operand.strides);
    inputs.push_back(operand);
    return operand.reg;
  }

  uint16_t step(FusedStep step, DType out, bool row, const std::vector<uint16_t>& in) {
    std::copy(in.begin(), in.end(), step.in);
    step.out = add(out, row);
    steps.push_back(step);
    return step.out;
  }
  uint16_t apply(PointwiseOp op, DType dtype, const std::vector<uint16_t>& in, std::vector<double> params = {}) {
    const Row& row = kRows[static_cast<size_t>(op)];
    FusedStep made{FusedKind::Pointwise, op, ReduceOp::Sum, dtype, dtype, {}, 0, {}};
    std::copy(params.begin(), params.end(), made.params);
    bool rows = true;
    for (const uint16_t i : in) rows = rows && registers[i].row;
    return step(made, row.takes == Takes::Compare ? DType::Bool : dtype, rows, in);
  }
  uint16_t cast(uint16_t in, DType to) {
    const Register from = registers[in];
    return step({FusedKind::Cast, PointwiseOp::Add, ReduceOp::Sum, from.dtype, to, {}, 0, {}}, to, from.row, {in});
  }
  uint16_t reduce(ReduceOp op, uint16_t in, double correction = 0) {
    const DType dtype = registers[in].dtype;
    return step({FusedKind::Reduce, PointwiseOp::Add, op, dtype, dtype, {}, 0, {correction}}, dtype, true, {in});
  }

  int64_t outputElements(const Output& output) const {
    return output.row ? sizeOf(Shape(shape.begin(), shape.end() - 1)) : sizeOf(shape);
  }

  Bytes fused(const Backend& backend) const {
    FusedArgs args{};
    args.rank = static_cast<uint8_t>(shape.size());
    std::copy(shape.begin(), shape.end(), args.shape);
    args.inputCount = static_cast<int>(inputs.size());
    args.outputCount = static_cast<int>(outputs.size());
    args.stepCount = static_cast<int>(steps.size());
    args.registers = static_cast<int>(registers.size());
    std::vector<FusedOperand> from = inputs;
    args.inputs = from.data();
    args.steps = steps.data();
    std::vector<uint64_t> plan(kFusedPlanBytes / sizeof(uint64_t));
    Bytes first;
    for (int call = 0; call < 3; ++call) {  // without a plan, making one, using it
      std::vector<FusedOperand> to;
      std::vector<Bytes> results;
      for (const Output& output : outputs) {
        const DType dtype = registers[output.reg].dtype;
        results.emplace_back(static_cast<size_t>(outputElements(output)) * sizeOf(dtype), 0xee);
        to.push_back({results.back().data(), dtype, output.reg, output.row, {}});
      }
      args.outputs = to.data();
      args.plan = call > 0 ? plan.data() : nullptr;
      backend.fused(args);
      if (call == 0)
        first = joined(std::move(results));
      else
        CHECK(joined(std::move(results)) == first);
    }
    return first;
  }

  // Every step by its own kernel, over the whole shape.
  Bytes stepByStep(const Backend& backend) const {
    struct Value {
      Bytes own;
      const void* data;
      Shape strides;
    };
    std::vector<Value> values(registers.size());
    for (const FusedOperand& input : inputs) {
      values[input.reg] = {{}, input.data, Shape(input.strides, input.strides + shape.size())};
    }
    const auto copied = [&](uint16_t from, DType to) {
      const DType dtype = registers[from].dtype;
      Bytes out(static_cast<size_t>(sizeOf(shape)) * sizeOf(to));
      CopyArgs args{dtype, to, static_cast<uint8_t>(shape.size()), {}, values[from].data, {}, out.data(), {}};
      const Shape dense = denseStrides(shape);
      std::copy(shape.begin(), shape.end(), args.shape);
      std::copy(values[from].strides.begin(), values[from].strides.end(), args.srcStrides);
      std::copy(dense.begin(), dense.end(), args.dstStrides);
      backend.copy(args);
      return out;
    };
    for (const FusedStep& step : steps) {
      Value& out = values[step.out];
      out.strides = denseStrides(shape);
      if (step.kind == FusedKind::Cast) {
        out.own = copied(step.in[0], step.to);
      } else if (step.kind == FusedKind::Reduce) {
        const Bytes src = copied(step.in[0], step.dtype);
        const int64_t extent = shape.back(), rows = sizeOf(shape) / extent;
        out.own.resize(static_cast<size_t>(rows) * sizeOf(step.dtype));
        out.strides = rowStrides(shape);
        backend.reduce({step.reduce, step.dtype, rows, extent, 1, step.params[0], src.data(), out.own.data()});
      } else {
        out.own.resize(static_cast<size_t>(sizeOf(shape)) * sizeOf(registers[step.out].dtype));
        PointwiseArgs args{};
        args.op = step.op;
        args.dtype = step.dtype;
        args.inputs = static_cast<uint8_t>(kRows[static_cast<size_t>(step.op)].inputs);
        args.rank = static_cast<uint8_t>(shape.size());
        std::copy(shape.begin(), shape.end(), args.shape);
        for (int k = 0; k < args.inputs; ++k) {
          args.in[k] = values[step.in[k]].data;
          std::copy(values[step.in[k]].strides.begin(), values[step.in[k]].strides.end(), args.strides[k]);
        }
        args.out = out.own.data();
        std::copy(step.params, step.params + kPointwiseParams, args.params);
        backend.pointwise(args);
      }
      out.data = out.own.data();
    }
    std::vector<Bytes> results;
    for (const Output& output : outputs) {
      const DType dtype = registers[output.reg].dtype;
      const Bytes all = copied(output.reg, dtype);
      if (!output.row) {
        results.push_back(all);
        continue;
      }
      const size_t size = sizeOf(dtype), row = static_cast<size_t>(shape.back()) * size;
      Bytes first;
      for (size_t at = 0; at < all.size(); at += row) first.insert(first.end(), &all[at], &all[at] + size);
      results.push_back(first);
    }
    return joined(std::move(results));
  }

  // Which of two NaN a sum keeps is the compiler's choice, in every place anew: all NaN count as one.
  template <class T>
  static void makeNaNsOne(Bytes& bytes) {
    for (size_t at = 0; at < bytes.size(); at += sizeof(T)) {
      T value;
      std::memcpy(&value, &bytes[at], sizeof value);
      if (value == value) continue;
      value = std::numeric_limits<T>::quiet_NaN();
      std::memcpy(&bytes[at], &value, sizeof value);
    }
  }

  Bytes joined(std::vector<Bytes> results) const {
    Bytes out;
    for (size_t i = 0; i < results.size(); ++i) {
      const DType dtype = registers[outputs[i].reg].dtype;
      if (dtype == DType::Float32) makeNaNsOne<float>(results[i]);
      if (dtype == DType::Float64) makeNaNsOne<double>(results[i]);
      if (results.size() == 1) return std::move(results[0]);
      out.insert(out.end(), results[i].begin(), results[i].end());
    }
    return out;
  }

  void check(const std::string& name) const {
    const std::vector<Bytes> got = onLevels([&](const Backend& backend) { return fused(backend); });
    for (size_t level = 0; level < got.size(); ++level) {
      if (got[level] == stepByStep(*cpuBackends()[level])) continue;
      test::report(__FILE__, __LINE__, name + " on " + cpuLevels()[level].name + " differs from its steps alone");
    }
  }
};

// ---- random programs ------------------------------------------------------------------------------------------------
const std::vector<DType> kAllDTypes = {DType::Float32, DType::Float32, DType::Float32, DType::Float64,
                                       DType::Int32,   DType::Int64,   DType::UInt8,   DType::Bool};

void someInput(Case& c, Random& random, DType dtype) {
  const size_t rank = c.shape.size();
  Shape shape = c.shape, order(rank);
  for (size_t d = 0; d < rank; ++d) order[d] = static_cast<int64_t>(d);
  const int kind = random.below(8);
  if (kind == 0) shape.assign(rank, 1);                                  // a scalar
  if (kind == 1) std::fill(shape.begin(), shape.end() - (rank > 0), 1);  // a row
  if (kind == 2 && rank > 0) shape.back() = 1;                           // a value per row
  if (kind == 3 && rank > 0) shape[static_cast<size_t>(random.below(static_cast<int>(rank)))] = 1;
  if ((kind == 3 || kind == 4) && rank > 1) std::swap(order[rank - 1], order[rank - 2]);  // transposed
  if (kind == 5 && rank > 1)
    std::swap(order[rank - 1], order[static_cast<size_t>(random.below(static_cast<int>(rank)))]);
  Shape strides(rank);
  int64_t stride = kind == 6 ? 2 : 1;
  for (size_t i = rank; i-- > 0;) {
    const size_t d = static_cast<size_t>(order[i]);
    strides[d] = shape[d] == 1 && c.shape[d] != 1 ? 0 : stride;
    stride *= shape[d];
  }
  c.input(dtype, someElements(random, dtype, std::max<int64_t>(stride, 1)), strides);
}

uint16_t someOf(const Case& c, Random& random, DType dtype) {
  std::vector<uint16_t> fitting;
  for (size_t i = 0; i < c.registers.size(); ++i) {
    if (c.registers[i].dtype == dtype) fitting.push_back(static_cast<uint16_t>(i));
  }
  if (random.chance(50)) return fitting.back();
  return random.of(fitting);
}

Case someCase(Random& random) {
  Case c;
  const std::vector<Shape> shapes = {{},           {1},         {7},           {20000},    {3, 5},    {70, 10},
                                     {500, 64},    {33, 300},   {3, 5000},     {2, 16384}, {64, 70},  {300, 300},
                                     {2, 3, 4, 5}, {5, 40, 33}, {2, 100, 270}, {1, 999},   {2000, 1}, {4, 1, 700}};
  c.shape = random.of(shapes);
  const std::vector<DType> dtypes = {random.of(kAllDTypes), random.of(kAllDTypes)};
  const int inputs = 1 + random.below(5);
  for (int i = 0; i < inputs; ++i) someInput(c, random, random.chance(15) ? random.of(kAllDTypes) : random.of(dtypes));
  const bool reduces = !c.shape.empty() && random.chance(50);
  const int steps = 1 + random.below(14);
  while (static_cast<int>(c.steps.size()) < steps) {
    const DType dtype = random.of(c.registers).dtype;
    if (random.chance(10)) {
      c.cast(someOf(c, random, dtype), random.of(kAllDTypes));
    } else if (reduces && random.chance(20)) {
      const uint16_t in = someOf(c, random, dtype);
      std::vector<ReduceOp> ops = {ReduceOp::Max, ReduceOp::Min};
      if (isFloating(dtype)) ops = {ReduceOp::Max, ReduceOp::Min, ReduceOp::Mean, ReduceOp::Variance, ReduceOp::Std};
      if (isFloating(dtype) || dtype == DType::Int64) ops.push_back(ReduceOp::Sum);
      c.reduce(random.of(ops), in, random.below(3));
    } else {
      const Row& row = random.of(kRows);
      if (!takes(row, dtype)) continue;
      std::vector<uint16_t> in;
      const bool select = row.takes == Takes::Select;
      if (select && std::none_of(c.registers.begin(), c.registers.end(),
                                 [](const Register& r) { return r.dtype == DType::Bool; })) {
        continue;
      }
      for (int k = 0; k < row.inputs; ++k) in.push_back(someOf(c, random, select && k == 0 ? DType::Bool : dtype));
      c.apply(row.op, dtype, in, {random.real(), 1 + random.real(), random.real(), random.real()});
    }
  }
  const int outputs = 1 + random.below(3);
  for (int o = 0; o < outputs; ++o) {
    const int last = static_cast<int>(c.registers.size()) - 1;
    const uint16_t reg = static_cast<uint16_t>(o == 0 ? last : random.below(last + 1));
    c.outputs.push_back({reg, c.registers[reg].row && random.chance(70)});
  }
  return c;
}

TEST(fusedRandomPrograms) {
  Random random{20};
  for (int i = 0; i < (kInstrumented ? 100 : 400); ++i) someCase(random).check("program " + std::to_string(i));
}

// Large enough that results are written past the caches (kStreamBytes are read and written); rows that no vector divides, so that most are misaligned.
TEST(fusedStreams) {
  Random random{21};
  for (const Shape& shape : {Shape{2900000}, Shape{2999, 1001}}) {
    Case c;
    c.shape = shape;
    const int64_t n = sizeOf(shape);
    const uint16_t x = c.input(DType::Float32, someElements(random, DType::Float32, n), denseStrides(shape));
    const uint16_t a = c.input(DType::Float32, someElements(random, DType::Float32, 1), Shape(shape.size(), 0));
    const uint16_t y = c.apply(PointwiseOp::Mul, DType::Float32, {x, a});
    const uint16_t z = c.apply(PointwiseOp::Relu, DType::Float32, {y});
    c.outputs = {{y, false}, {z, false}};
    if (shape.size() > 1) c.outputs.push_back({c.reduce(ReduceOp::Sum, z), true});
    c.check("streams");
  }
}

// An output may lie where an input does that is read for the last time.
TEST(fusedInPlace) {
  const int64_t rows = 300, extent = 700, n = rows * extent;
  const Floats x = someFloats(n), y = someFloats(n, 5);
  const auto step = [](FusedKind kind, PointwiseOp op, uint16_t a, uint16_t b, uint16_t out) {
    return FusedStep{kind, op, ReduceOp::Max, DType::Float32, DType::Float32, {a, b, 0}, out, {}};
  };
  const FusedStep steps[] = {
      step(FusedKind::Pointwise, PointwiseOp::Mul, 0, 1, 2),
      step(FusedKind::Reduce, PointwiseOp::Add, 2, 0, 3),
      step(FusedKind::Pointwise, PointwiseOp::Sub, 2, 3, 4),
      step(FusedKind::Pointwise, PointwiseOp::Sigmoid, 4, 0, 5),
      step(FusedKind::Pointwise, PointwiseOp::Maximum, 5, 1, 6),
  };
  const auto run = [&](const Backend& backend, float* in0, float* in1, float* out5, float* out6) {
    FusedOperand inputs[] = {{in0, DType::Float32, 0, false, {extent, 1}},
                             {in1, DType::Float32, 1, false, {extent, 1}}};
    FusedOperand outputs[] = {{out5, DType::Float32, 5, false, {}}, {out6, DType::Float32, 6, false, {}}};
    backend.fused({2, {rows, extent}, 2, 2, 5, 7, inputs, outputs, steps, nullptr});
  };
  for (const Backend* backend : cpuBackends()) {
    Floats in0 = x, in1 = y, out5(x.size()), out6(x.size());
    run(*backend, in0.data(), in1.data(), out5.data(), out6.data());
    run(*backend, in0.data(), in1.data(), in0.data(), in1.data());
    CHECK(sameBits(in0, out5));
    CHECK(sameBits(in1, out6));
  }
}

}  // namespace
}  // namespace anneal
