// Collectives of the processes of a group (native/comm), on the stream like every other operator.
#include "comm/names.h"
#include "ops/copy.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr const char* kOps[] = {"sum", "mean", "min", "max"};  // GroupOp
constexpr Param kAllReduceStart[] = {
    {"x", ParamKind::Tensor}, {"op", ParamKind::Choice, GroupOp::Sum, kOps}, {"name", ParamKind::Int, 0}};
constexpr Param kAllReduceWait[] = {{"x", ParamKind::Tensor}};
constexpr Param kBroadcast[] = {{"x", ParamKind::Tensor}, {"root", ParamKind::Int, 0}, {"name", ParamKind::Int, 0}};
constexpr Param kAllGather[] = {{"x", ParamKind::Tensor}, {"ranks", ParamKind::Int}, {"name", ParamKind::Int, 0}};

void checkDense(const Call& call) {
  if (call.in(0).contiguous()) return;
  fail(ErrorKind::Argument, "[%s] expected a contiguous tensor: other processes write into it", call.name());
}

void inferAllReduceStart(const Call& call, Specs&) {
  const DType dtype = call.in(0).dtype();
  checkDense(call);
  if (categoryOf(dtype) == Category::Bool) {
    fail(ErrorKind::DType, "[%s] expected numbers, received bool; convert it to uint8, and reduce by min or max",
         call.name());
  }
  if (call.choice<GroupOp>(0) == GroupOp::Mean && !isFloating(dtype)) {
    fail(ErrorKind::DType, "[%s] the mean of %s is no %s; reduce by sum, or convert it", call.name(), nameOf(dtype),
         nameOf(dtype));
  }
}

void inferInPlace(const Call& call, Specs&) { checkDense(call); }

void inferAllGather(const Call& call, Specs& out) {
  const Tensor& x = call.in(0);
  Dims shape = x.shape();
  shape.insert(0, call.integer(0));
  out.push_back({x.dtype(), shape});
}

CollectiveArgs argsOf(Collective kind, CollectiveStage stage, const Tensor& data, int64_t name) {
  CollectiveArgs args{};
  args.stage = stage;
  args.kind = kind;
  args.dtype = data.dtype();
  args.data = data.data();
  args.count = args.received = data.size();
  args.name = comm::nameAt(name);
  data.storage().bumpVersion();
  return args;
}

void runAllReduceStart(const Call& call, Tensors&) {
  CollectiveArgs args = argsOf(Collective::AllReduce, CollectiveStage::Start, call.in(0), call.integer(1));
  args.op = call.choice<GroupOp>(0);
  launch(call.name(), call.device, args);
}

void runAllReduceWait(const Call& call, Tensors&) {
  launch(call.name(), call.device, argsOf(Collective::AllReduce, CollectiveStage::Wait, call.in(0), 0));
}

void runBroadcast(const Call& call, Tensors&) {
  CollectiveArgs args = argsOf(Collective::Broadcast, CollectiveStage::Whole, call.in(0), call.integer(1));
  args.root = static_cast<int32_t>(call.integer(0));
  launch(call.name(), call.device, args);
}

void runAllGather(const Call& call, Tensors& outputs) {
  const Tensor x = dense(call.name(), call.in(0));
  CollectiveArgs args = argsOf(Collective::AllGather, CollectiveStage::Whole, outputs[0], call.integer(1));
  args.in = x.data();
  args.count = x.size();
  launch(call.name(), call.device, args);
}

const Operator kOperators[] = {
    {.name = "allReduceStart",
     .doc = "begins to reduce x over all processes, in place; nothing may use x before allReduceWait",
     .params = kAllReduceStart,
     .outputs = 0,
     .infer = inferAllReduceStart,
     .run = runAllReduceStart},
    {.name = "allReduceWait",
     .doc = "waits until what allReduceStart has begun on x is done",
     .params = kAllReduceWait,
     .outputs = 0,
     .infer = inferInPlace,
     .run = runAllReduceWait},
    {.name = "broadcastFrom",
     .doc = "gives x of process `root` to all processes, in place",
     .params = kBroadcast,
     .outputs = 0,
     .infer = inferInPlace,
     .run = runBroadcast},
    {.name = "allGather",
     .doc = "x of all processes, one after the other along a new first dimension",
     .params = kAllGather,
     .infer = inferAllGather,
     .run = runAllGather},
};

}  // namespace

Family collectiveFamily() { return kOperators; }

}  // namespace anneal
