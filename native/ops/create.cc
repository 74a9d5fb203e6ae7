// Tensors from nothing.
#include <cmath>

#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kFull[] = {
    {"shape", ParamKind::Ints}, {"value", ParamKind::Float}, {"dtype", ParamKind::DType, DType::Float32}};
constexpr Param kArange[] = {
    {"start", ParamKind::Float}, {"end", ParamKind::Float}, {"step", ParamKind::Float}, {"dtype", ParamKind::DType}};
constexpr Param kLinspace[] = {{"start", ParamKind::Float},
                               {"end", ParamKind::Float},
                               {"count", ParamKind::Int},
                               {"dtype", ParamKind::DType, DType::Float32}};
constexpr Param kEye[] = {
    {"rows", ParamKind::Int}, {"columns", ParamKind::Int}, {"dtype", ParamKind::DType, DType::Float32}};

void checkFits(const Call& call, double value, DType dtype) {
  if (holds(dtype, value)) return;
  fail(ErrorKind::Argument, "[%s] %.17g does not fit %s, which holds %s", call.name(), value, nameOf(dtype),
       rangeOf(dtype));
}

void run(const Call& call, const Tensor& out, FillArgs args) {
  if (out.size() == 0) return;
  args.dtype = out.dtype();
  args.count = out.size();
  args.out = out.data();
  launch(call.name(), call.device, args);
}

FillArgs filling(FillOp op, double start = 0, double step = 0, double end = 0) {
  FillArgs args{};
  args.op = op;
  args.start = start;
  args.step = step;
  args.end = end;
  return args;
}

// A range of truth values would hold bytes that are neither.
void checkRange(const Call& call, DType dtype) {
  if (dtype == DType::Bool) fail(ErrorKind::DType, "[%s] makes numbers, not bool; compare or cast them", call.name());
}

void inferArange(const Call& call, Specs& out) {
  checkRange(call, call.dtype(3));
  const double start = call.real(0), end = call.real(1), step = call.real(2);
  const double count = std::ceil((end - start) / step);
  if (!(step != 0) || !std::isfinite(count)) {
    fail(ErrorKind::Argument, "[%s] there is no finite range from %g to %g by %g", call.name(), start, end, step);
  }
  if (count > 9007199254740992.0) fail(ErrorKind::OutOfMemory, "[%s] the range is too long", call.name());
  if (count > 0) {
    checkFits(call, start, call.dtype(3));
    checkFits(call, start + (count - 1) * step, call.dtype(3));
  }
  out.push_back({call.dtype(3), {count > 0 ? static_cast<int64_t>(count) : 0}});
}

void checkCount(const Call& call, int64_t count, const char* what) {
  if (count < 0) {
    fail(ErrorKind::Argument, "[%s] %s must not be negative: %lld", call.name(), what, static_cast<long long>(count));
  }
}

const Operator kOperators[] = {
    {.name = "full",
     .doc = "every element is `value`, which must fit the dtype; integers are truncated",
     .params = kFull,
     .infer =
         [](const Call& call, Specs& out) {
           checkFits(call, call.real(1), call.dtype(2));
           out.push_back({call.dtype(2), toShape(call.name(), call.list(0))});
         },
     .run = [](const Call& call, Tensors& out) { run(call, out[0], filling(FillOp::Constant, call.real(1))); }},
    {.name = "arange",
     .doc = "start, start + step, ... before end",
     .params = kArange,
     .infer = inferArange,
     .run = [](const Call& call,
               Tensors& out) { run(call, out[0], filling(FillOp::Range, call.real(0), call.real(2))); }},
    {.name = "linspace",
     .doc = "`count` numbers evenly from start to end, both included",
     .params = kLinspace,
     .infer =
         [](const Call& call, Specs& out) {
           checkRange(call, call.dtype(3));
           checkCount(call, call.integer(2), "count");
           checkFits(call, call.real(0), call.dtype(3));
           checkFits(call, call.real(1), call.dtype(3));
           out.push_back({call.dtype(3), {call.integer(2)}});
         },
     .run =
         [](const Call& call, Tensors& out) {
           const double start = call.real(0), end = call.real(1), gaps = static_cast<double>(call.integer(2) - 1);
           const double step = gaps > 0 ? (end - start) / gaps : 0;
           run(call, out[0], filling(FillOp::Linspace, start, step, end));
         }},
    {.name = "eye",
     .doc = "ones on the diagonal, zeros elsewhere",
     .params = kEye,
     .infer =
         [](const Call& call, Specs& out) {
           checkCount(call, call.integer(0), "rows");
           checkCount(call, call.integer(1), "columns");
           out.push_back({call.dtype(2), {call.integer(0), call.integer(1)}});
         },
     .run =
         [](const Call& call, Tensors& out) {
           FillArgs args = filling(FillOp::Eye);
           args.columns = call.integer(1);
           run(call, out[0], args);
         }},
};

}  // namespace

Family createFamily() { return kOperators; }

}  // namespace anneal
