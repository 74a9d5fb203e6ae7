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
  const Entry::Name name{op, param.name};
  if (isOptional(param.kind) && js.isNull(at)) return noAttr();
  if (param.otherwise.given && js.isUndefined(at)) {
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
    if (at + more > js.count()) fail(ErrorKind::Argument, "[%s] too few arguments", op.name);
  };
  for (const Param& param : op.params) {
    const Entry::Name name{op.name, param.name};
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
  Tensors outputs;
  {
    GradMode mode((id & kNoGrad) == 0);
    outputs = apply(std::move(call));
  }
  if (visible >= 0) outputs.resize(static_cast<size_t>(visible));
  bool many = false;
  check(napi_is_array(js.env(), js[1], &many));
  if (!many) {
    if (outputs.empty()) return js.undefined();
    return js.from(js.environment().adopt(js[1], std::move(outputs[0])));
  }
  if (js.length(js[1]) != outputs.size()) {
    fail(ErrorKind::Argument, "[%s] %zu results, not %u", table[static_cast<size_t>(place)]->name, outputs.size(),
         js.length(js[1]));
  }
  napi_value numbers = js.newArray(outputs.size());
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    js.setElement(numbers, i, js.from(js.environment().adopt(js.element(js[1], i), std::move(outputs[i]))));
  }
  return numbers;
}

// What an attribute is when it is left out, as JavaScript would give it; and the names that a choice is among.
void describeDefault(Entry& js, napi_value record, const Param& param) {
  if (!param.choices.empty()) {
    napi_value choices = js.newArray(param.choices.size());
    for (uint32_t i = 0; i < param.choices.size(); ++i) {
      js.setElement(choices, i, js.from(std::string(param.choices[i])));
    }
    js.setProperty(record, "choices", choices);
  }
  if (isOptional(param.kind)) js.setProperty(record, "default", js.null());
  if (!param.otherwise.given) return;
  const double value = param.otherwise.value;
  const auto place = static_cast<size_t>(value < 0 ? 0 : value);
  switch (param.kind) {
    case ParamKind::Bool: return js.setProperty(record, "default", js.from(value != 0));
    case ParamKind::Choice: return js.setProperty(record, "default", js.from(std::string(param.choices[place])));
    case ParamKind::DType:
      return js.setProperty(record, "default", js.from(std::string(nameOf(static_cast<DType>(place)))));
    default: return js.setProperty(record, "default", js.from(value));
  }
}

// operators(): the table, for the TypeScript side, tests and documentation.
napi_value listOperators(Entry& js) {
  const auto& table = operators();
  napi_value list = js.newArray(table.size());
  for (uint32_t i = 0; i < table.size(); ++i) {
    const Operator& op = *table[i];
    napi_value record = js.newObject(), params = js.newArray(op.params.size());
    for (uint32_t p = 0; p < op.params.size(); ++p) {
      napi_value param = js.newObject();
      js.setProperty(param, "name", js.from(std::string(op.params[p].name)));
      js.setProperty(param, "kind", js.from(std::string(nameOf(op.params[p].kind))));
      describeDefault(js, param, op.params[p]);
      js.setElement(params, p, param);
    }
    js.setProperty(record, "name", js.from(std::string(op.name)));
    js.setProperty(record, "doc", js.from(std::string(op.doc)));
    js.setProperty(record, "params", params);
    js.setProperty(record, "outputs", js.from(static_cast<int32_t>(op.visible >= 0 ? op.visible : op.outputs)));
    js.setProperty(record, "differentiable", js.from(op.differentiable()));
    js.setElement(list, i, record);
  }
  return list;
}

}  // namespace

std::vector<Function> operatorFunctions() {
  return {{"call", entry<callOperator>}, {"operators", entry<listOperators>}};
}

}  // namespace anneal::binding
