// Random numbers. The caller passes seed and offset of its generator: element i of a call is a function of them and i alone.
#include <cmath>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kUniform[] = {{"shape", ParamKind::Ints},    {"low", ParamKind::Float, 0},
                              {"high", ParamKind::Float, 1}, {"dtype", ParamKind::DType, DType::Float32},
                              {"seed", ParamKind::Int},      {"offset", ParamKind::Int}};
constexpr Param kNormal[] = {{"shape", ParamKind::Ints},   {"mean", ParamKind::Float, 0},
                             {"std", ParamKind::Float, 1}, {"dtype", ParamKind::DType, DType::Float32},
                             {"seed", ParamKind::Int},     {"offset", ParamKind::Int}};
constexpr Param kIntegers[] = {{"shape", ParamKind::Ints}, {"low", ParamKind::Int},
                               {"high", ParamKind::Int},   {"dtype", ParamKind::DType, DType::Int64},
                               {"seed", ParamKind::Int},   {"offset", ParamKind::Int}};
constexpr Param kBernoulli[] = {{"shape", ParamKind::Ints},
                                {"probability", ParamKind::Float},
                                {"dtype", ParamKind::DType, DType::Float32},
                                {"seed", ParamKind::Int},
                                {"offset", ParamKind::Int}};
constexpr Param kPermutation[] = {{"count", ParamKind::Int}, {"seed", ParamKind::Int}, {"offset", ParamKind::Int}};
constexpr Param kDropout[] = {
    {"x", ParamKind::Tensor}, {"probability", ParamKind::Float}, {"seed", ParamKind::Int}, {"offset", ParamKind::Int}};

void inferShaped(const Call& call, Specs& out, int dtype) {
  out.push_back({call.dtype(dtype), toShape(call.name(), call.list(0))});
}

void checkProbability(const Call& call, double p) {
  if (!(p >= 0 && p <= 1)) fail(ErrorKind::Argument, "[%s] a probability is from 0 to 1, not %g", call.name(), p);
}

RandomArgs argsFor(const Call& call, RandomOp op, const Tensor& out, int seed) {
  RandomArgs args{};
  args.op = op;
  args.dtype = out.dtype();
  args.count = out.size();
  args.seed = static_cast<uint64_t>(call.integer(seed));
  args.offset = static_cast<uint64_t>(call.integer(seed + 1));
  args.out = out.data();
  return args;
}

void start(const Call& call, const RandomArgs& args) {
  if (args.count > 0) launch(call.name(), call.device, args);
}

template <RandomOp Op>
void runTwoParameters(const Call& call, Tensors& out) {
  RandomArgs args = argsFor(call, Op, out[0], 4);
  args.a = call.real(1);
  args.b = call.real(2);
  start(call, args);
}

void inferUniform(const Call& call, Specs& out) {
  if (call.dtype(3) == DType::Bool) fail(ErrorKind::DType, "[%s] makes numbers, not bool; use bernoulli", call.name());
  const double low = call.real(1), high = call.real(2);
  if (!(low <= high)) fail(ErrorKind::Argument, "[%s] low %g lies above high %g", call.name(), low, high);
  inferShaped(call, out, 3);
}

void inferNormal(const Call& call, Specs& out) {
  if (!isFloating(call.dtype(3))) {
    fail(ErrorKind::DType, "[%s] makes floating tensors, not %s", call.name(), nameOf(call.dtype(3)));
  }
  if (!(call.real(2) >= 0)) {
    fail(ErrorKind::Argument, "[%s] a standard deviation is at least 0, not %g", call.name(), call.real(2));
  }
  inferShaped(call, out, 3);
}

// The largest whole number up to which a dtype has all.
double lastInteger(DType dtype) {
  switch (dtype) {
    case DType::UInt8: return 255;
    case DType::Int32: return INT32_MAX;
    case DType::Float32: return 0x1p24;
    default: return 0x1p53;
  }
}

void inferIntegers(const Call& call, Specs& out) {
  const DType dtype = call.dtype(3);
  if (dtype == DType::Bool) fail(ErrorKind::DType, "[randint] makes numbers, not bool; use bernoulli");
  const int64_t low = call.integer(1), high = call.integer(2);
  if (low >= high) {
    fail(ErrorKind::Argument, "[randint] low %lld must lie below high %lld", static_cast<long long>(low),
         static_cast<long long>(high));
  }
  const double last = lastInteger(dtype), least = dtype == DType::UInt8 ? 0 : dtype == DType::Int32 ? -last - 1 : -last;
  if (static_cast<double>(low) < least || static_cast<double>(high) - 1 > last) {
    fail(ErrorKind::Argument, "[randint] %s has not all integers from %lld to %lld", nameOf(dtype),
         static_cast<long long>(low), static_cast<long long>(high - 1));
  }
  inferShaped(call, out, 3);
}

void runIntegers(const Call& call, Tensors& out) {
  RandomArgs args = argsFor(call, RandomOp::Integers, out[0], 4);
  args.a = static_cast<double>(call.integer(1));
  args.b = static_cast<double>(call.integer(2));
  start(call, args);
}

void inferDropout(const Call& call, Specs& out) {
  checkProbability(call, call.real(0));
  out.push_back(call.in(0).spec());
  out.push_back({DType::Bool, call.in(0).shape()});
}

void runDropout(const Call& call, Tensors& out) {
  const Tensor x = dense(call.name(), call.in(0));
  RandomArgs args = argsFor(call, RandomOp::Dropout, out[0], 1);
  args.a = call.real(0);
  args.in = x.data();
  args.mask = out[1].data();
  start(call, args);
}

void dropoutGradient(GradCall& g) {
  const double keep = 1 - g.real(0);
  g.set(0, mul(mul(g.dout(), cast(g.out(1), g.spec(0).dtype)), keep > 0 ? 1 / keep : 0));
}

const Operator kOperators[] = {
    {.name = "uniform",
     .doc = "evenly from low (included) to high (excluded)",
     .params = kUniform,
     .infer = inferUniform,
     .run = runTwoParameters<RandomOp::Uniform>},
    {.name = "normal",
     .doc = "normally, with the given mean and standard deviation (Box-Muller)",
     .params = kNormal,
     .infer = inferNormal,
     .run = runTwoParameters<RandomOp::Normal>},
    {.name = "randint",
     .doc = "whole numbers from low (included) to high (excluded), each as often as any other",
     .params = kIntegers,
     .infer = inferIntegers,
     .run = runIntegers},
    {.name = "bernoulli",
     .doc = "1 with the given probability, else 0",
     .params = kBernoulli,
     .infer =
         [](const Call& call, Specs& out) {
           checkProbability(call, call.real(1));
           inferShaped(call, out, 2);
         },
     .run =
         [](const Call& call, Tensors& out) {
           RandomArgs args = argsFor(call, RandomOp::Bernoulli, out[0], 3);
           args.a = call.real(1);
           start(call, args);
         }},
    {.name = "randperm",
     .doc = "the numbers 0 to count - 1 in random order; int64",
     .params = kPermutation,
     .infer =
         [](const Call& call, Specs& out) {
           if (call.integer(0) < 0) fail(ErrorKind::Argument, "[%s] count must not be negative", call.name());
           out.push_back({DType::Int64, {call.integer(0)}});
         },
     .run = [](const Call& call, Tensors& out) { start(call, argsFor(call, RandomOp::Permutation, out[0], 1)); }},
    {.name = "dropout",
     .doc = "x with elements zeroed at the given probability and the rest divided by 1 - probability",
     .params = kDropout,
     .outputs = 2,
     .visible = 1,
     .prepare = prepareDifferentiable,
     .infer = inferDropout,
     .run = runDropout,
     .gradient = dropoutGradient,
     .saves = saveOut(1)},
};

}  // namespace

Family randomFamily() { return kOperators; }

}  // namespace anneal
