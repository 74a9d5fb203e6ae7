// Tracing a function, and running the program that it became.
#include "compile/program.h"

#include <cstring>
#include <utility>

#include "binding/entry.h"
#include "ops/functional.h"

namespace anneal::binding {

namespace {

constexpr const char* kName = "compile";
// Tells objects that hold a program from those that hold something of another addon's.
constexpr napi_type_tag kProgramTag{0x6f1c7a2b94d80e35, 0xa3e5c90817b46d2f};

// While its trace is set aside, operators compute as usual.
void switchTrace(Environment& environment, bool on) {
  environment.context.capture = on ? environment.trace.get() : nullptr;
}

Trace& traceOf(Entry& js) {
  if (!js.environment().trace) fail(ErrorKind::Argument, "[compile] no function is being traced");
  return *js.environment().trace;
}

// beginTrace(again): after an endTrace that asks for it.
napi_value beginTrace(Entry& js) {
  if (js.environment().trace) fail(ErrorKind::Argument, "[compile] a function is being traced already");
  Bound bound = std::exchange(js.environment().bound, {});
  js.environment().trace =
      js.boolean(0, {kName, "again"}) ? std::make_unique<Trace>(std::move(bound)) : std::make_unique<Trace>();
  switchTrace(js.environment(), true);
  return js.undefined();
}

napi_value abortTrace(Entry& js) {
  switchTrace(js.environment(), false);
  js.environment().trace.reset();
  return js.undefined();
}

// suspendTrace(whether)
napi_value suspendTrace(Entry& js) {
  traceOf(js);
  switchTrace(js.environment(), !js.boolean(0, {kName, "suspended"}));
  return js.undefined();
}

// traceInput(out, like, shape): a tensor that stands for one given at every run, like `like` but for the shape; -1 where that must be
// `like` itself.
napi_value traceInput(Entry& js) {
  const Tensor& like = js.tensor(1, {kName, "input"});
  const Trace::Input& input = traceOf(js).input(like, toShape(kName, js.integers(2, {kName, "shape"})));
  return js.from(input.itself ? int32_t{-1} : js.environment().adopt(js[0], input.stand));
}

// traceDynamicValues(from): names and values of the dynamic values that the trace has met, without the first so many.
napi_value traceDynamicValues(Entry& js) {
  const auto& dynamicValues = traceOf(js).dynamicValues;
  const auto from = static_cast<size_t>(js.integer(0, {kName, "from"}));
  napi_value list = js.newArray(0);
  uint32_t length = 0;
  for (size_t i = from; i < dynamicValues.size(); ++i) {
    js.setElement(list, length++, js.from(std::string(dynamicValues[i].name)));
    js.setElement(list, length++, js.from(dynamicValues[i].value));
  }
  return list;
}

// endTrace(owner, outputs, inputs): the program belongs to the object `owner`. Returns 1 where it can run several iterations in a row,
// 0 where it cannot, and -1 if there is no program, and the function must be traced again, because of how these inputs share memory.
napi_value endTrace(Entry& js) {
  Trace& trace = traceOf(js);
  Tensors outputs = js.tensors(1, {kName, "result"});
  const Tensors inputs = js.tensors(2, {kName, "inputs"});
  if (inputs.size() != trace.inputs.size())
    fail(ErrorKind::Argument, "[compile] a trace of %zu inputs", trace.inputs.size());
  for (const Tensor& output : outputs) trace.hold(output);
  switchTrace(js.environment(), false);
  const std::unique_ptr<Trace> taken = std::move(js.environment().trace);
  Bound bound = taken->conflicts(inputs, outputs);
  if (bound.size() > taken->bound.size()) {
    taken->keepGraphs();
    js.environment().bound = std::move(bound);
    return js.from(int32_t{-1});
  }
  taken->check();
  auto program = std::make_unique<Program>(std::move(*taken), outputs);
  const bool repeats = program->repeats();
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Program*>(data); };
  check(napi_wrap(js.env(), js[0], program.get(), finalize, nullptr, nullptr));
  program.release();
  check(napi_type_tag_object(js.env(), js[0], &kProgramTag));
  return js.from(int32_t{repeats ? 1 : 0});
}

Program& programOf(Entry& js) {
  bool ours = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(js.env(), js[0], &kProgramTag, &ours) != napi_ok || !ours ||
      napi_unwrap(js.env(), js[0], &data) != napi_ok) {
    fail(ErrorKind::Argument, "[compile] expected a program");
  }
  return *static_cast<Program*>(data);
}

// programDynamicValues(program): the dynamic values as they were traced, as a BigUint64Array.
napi_value programDynamicValues(Entry& js) {
  const std::vector<uint64_t>& dynamicValues = programOf(js).dynamicValues();
  void* data;
  napi_value buffer, array;
  check(napi_create_arraybuffer(js.env(), dynamicValues.size() * sizeof(uint64_t), &data, &buffer));
  if (!dynamicValues.empty()) std::memcpy(data, dynamicValues.data(), dynamicValues.size() * sizeof(uint64_t));
  check(napi_create_typedarray(js.env(), napi_biguint64_array, dynamicValues.size(), buffer, 0, &array));
  return array;
}

// programFits(program, inputs)
napi_value programFits(Entry& js) { return js.from(programOf(js).fits(js.tensors(1, {kName, "inputs"}))); }
napi_value programExplain(Entry& js) { return js.from(programOf(js).explain()); }

// A BigUint64Array, or null for none.
std::vector<uint64_t> words(Entry& js, size_t i) {
  if (js.isNull(i)) return {};
  napi_typedarray_type type;
  size_t length, offset;
  void* data;
  napi_value buffer;
  if (napi_get_typedarray_info(js.env(), js[i], &type, &length, &data, &buffer, &offset) != napi_ok ||
      type != napi_biguint64_array) {
    fail(ErrorKind::Argument, "[compile] expected dynamic values as a BigUint64Array");
  }
  std::vector<uint64_t> result(length);
  if (length > 0) std::memcpy(result.data(), data, length * sizeof(uint64_t));
  return result;
}

// programRun(program, outs, inputs, dynamicValues, increments, iterations, stepped, gate): handles of the outputs. With `iterations` 0 it
// runs once; else that many times, with results stacked, and inputs too where the bits of `stepped` say so. `gate` is a scalar or
// null; where a failure took it, iterations are left out.
napi_value programRun(Entry& js) {
  Program& program = programOf(js);
  Replay replay;
  replay.inputs = js.tensors(2, {kName, "inputs"});
  replay.dynamicValues = words(js, 3);
  replay.increments = words(js, 4);
  const int64_t iterations = js.integer(5, {kName, "iterations"});
  replay.stacked = iterations > 0;
  replay.iterations = replay.stacked ? iterations : 1;
  const auto stepped = static_cast<uint64_t>(js.integer(6, {kName, "stepped"}));
  for (size_t i = 0; i < replay.inputs.size(); ++i) replay.stepped.push_back(i < 64 && (stepped >> i & 1) != 0);
  if (!js.isNull(7)) replay.gate = js.tensor(7, {kName, "gate"});
  Tensors outputs = program.run(replay);
  if (js.length(js[1]) != outputs.size())
    fail(ErrorKind::Argument, "[compile] a program of %zu results", outputs.size());
  napi_value numbers = js.newArray(outputs.size());
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    js.setElement(numbers, i, js.from(js.environment().adopt(js.element(js[1], i), std::move(outputs[i]))));
  }
  return numbers;
}

}  // namespace

std::vector<Function> compileFunctions() {
  return {{"beginTrace", entry<beginTrace>},
          {"abortTrace", entry<abortTrace>},
          {"suspendTrace", entry<suspendTrace>},
          {"traceInput", entry<traceInput>},
          {"traceDynamicValues", entry<traceDynamicValues>},
          {"endTrace", entry<endTrace>},
          {"programDynamicValues", entry<programDynamicValues>},
          {"programFits", entry<programFits>},
          {"programExplain", entry<programExplain>},
          {"programRun", entry<programRun>}};
}

}  // namespace anneal::binding
