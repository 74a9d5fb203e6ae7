// Calling operators: one function for all of them, driven by the operator's record.
#include "binding/entry.h"

namespace anneal::binding {

namespace {

// call(id, out, ...arguments): applies the operator. `id` is its place in the table, plus kNoGrad to leave the tape out, plus
// the device times kDevice for an operator that takes no tensor.
// `out` is the object that will own the result, or an array of as many objects as there are results; returns the handle's
// number, or an array of them. Arguments follow the operator's parameters: a tensor is its handle's number (-1 for an absent
// one), an operand is two arguments (a handle, or -1 and then the number), a list is an array of handles. An attribute that is
// undefined is what the operator's record says.
constexpr int64_t kNoGrad = 1 << 16;
constexpr int64_t kDevice = 1 << 20;
constexpr size_t kFirstArgument = 2;

Attr attributeOf(Entry& js, size_t at, const char* op, const Param& param) {
  const Name name{op, param.name};
  if (isOptional(param.kind) && js.isNull(at)) return noAttr();
  if (param.otherwise.given && js[at].IsUndefined()) {
    const double value = param.otherwise.value;
    return param.kind == ParamKind::Float ? attr(value) : attr(static_cast<int64_t>(value));
  }
  switch (param.kind) {
    case ParamKind::Bool: return attr(js.boolean(at, name));
    case ParamKind::Int:
    case ParamKind::OptionalInt:
    case ParamKind::Device: return attr(js.integer(at, name));
    case ParamKind::Float:
    case ParamKind::OptionalFloat: return attr(js.number(at, name));
    case ParamKind::Ints:
    case ParamKind::OptionalInts: return attr(js.integers(at, name));
    case ParamKind::Choice: return attr(js.choice(at, name, param.choices));
    default: return attr(js.dtype(at, name));
  }
}

void readArguments(Entry& js, Call& call) {
  const Operator& op = *call.op;
  size_t at = kFirstArgument;
  const auto need = [&](size_t more) {
    if (at + more > js.Length()) fail(ErrorKind::Argument, "[%s] too few arguments", op.name);
  };
  for (const Param& param : op.params) {
    const Name name{op.name, param.name};
    if (isInput(param.kind)) need(param.kind == ParamKind::Operand ? 2 : 1);
    switch (param.kind) {
      case ParamKind::Tensor: call.inputs.push_back(js.tensor(at, name)); break;
      case ParamKind::OptionalTensor: {
        const Tensor* tensor = js.optionalTensor(at, name);
        call.inputs.push_back(tensor ? *tensor : Tensor());
        break;
      }
      case ParamKind::Operand: {
        const Tensor* tensor = js.optionalTensor(at, name);
        call.inputs.push_back(tensor ? *tensor : Tensor::scalar(js.number(at + 1, name), call.device));
        ++at;
        break;
      }
      case ParamKind::TensorList: {
        const size_t before = call.inputs.size();
        for (Tensor& tensor : js.tensors(at, name)) call.inputs.push_back(std::move(tensor));
        call.lists.push_back(call.inputs.size() - before);
        break;
      }
      default: call.attrs.push_back(attributeOf(js, at, op.name, param));
    }
    ++at;
  }
  call.settleDevice();
}

napi_value callOperator(Entry& js) {
  const int64_t id = js.integer(0, {"call", "operator"});
  const auto& table = operators();
  const int64_t place = id & (kNoGrad - 1);
  if (id < 0 || place >= static_cast<int64_t>(table.size()))
    fail(ErrorKind::Argument, "there is no operator %lld", static_cast<long long>(id));
  Call call;
  if (id >= kDevice) call.device = deviceOf(id / kDevice);
  call.op = table[static_cast<size_t>(place)];
  readArguments(js, call);
  const int visible = call.op->visible;
  const char* name = call.op->name;
  Tensors outputs;
  {
    GradMode mode((id & kNoGrad) == 0);
    outputs = apply(std::move(call));
  }
  if (visible >= 0) outputs.resize(static_cast<size_t>(visible));
  bool many = false;
  check(js.Env(), napi_is_array(js.Env(), js[1], &many));
  if (many) return js.environment().handles.adoptAll(js[1], std::move(outputs), name);
  if (outputs.empty()) return nullptr;
  napi_value number;
  check(js.Env(), napi_create_int32(js.Env(), js.environment().handles.adopt(js[1], std::move(outputs[0])), &number));
  return number;
}

// What an attribute is when it is left out, as JavaScript would give it; and the names that a choice is among.
void describeDefault(Entry& js, Napi::Object record, const Param& param) {
  if (!param.choices.empty()) record.Set("choices", js.listOf(param.choices));
  if (isOptional(param.kind)) record.Set("default", js.Env().Null());
  if (!param.otherwise.given) return;
  const double value = param.otherwise.value;
  const auto place = static_cast<size_t>(value < 0 ? 0 : value);
  switch (param.kind) {
    case ParamKind::Bool: record.Set("default", value != 0); break;
    case ParamKind::Choice: record.Set("default", param.choices[place]); break;
    case ParamKind::DType: record.Set("default", nameOf(static_cast<DType>(place))); break;
    default: record.Set("default", value);
  }
}

// operators(): the table, for the TypeScript side, tests and documentation.
Napi::Array listOperators(Entry& js) {
  Napi::Array list = js.list();
  for (const Operator* op : operators()) {
    Napi::Array params = js.list();
    for (const Param& param : op->params) {
      Napi::Object described = Napi::Object::New(js.Env());
      described.Set("name", param.name);
      described.Set("kind", nameOf(param.kind));
      describeDefault(js, described, param);
      params.Set(params.Length(), described);
    }
    Napi::Object record = Napi::Object::New(js.Env());
    record.Set("name", op->name);
    record.Set("doc", op->doc);
    record.Set("params", params);
    record.Set("outputs", op->visible >= 0 ? op->visible : op->outputs);
    record.Set("differentiable", op->differentiable());
    list.Set(list.Length(), record);
  }
  return list;
}

}  // namespace

std::vector<Function> operatorFunctions() {
  return {{"call", entry<callOperator>}, {"operators", entry<listOperators>}};
}

}  // namespace anneal::binding
