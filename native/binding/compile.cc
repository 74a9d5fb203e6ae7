// Tracing a function, and running the program that it became.
#include "compile/program.h"

#include <algorithm>
#include <string>
#include <utility>

#include "binding/entry.h"
#include "ops/functional.h"

namespace anneal::binding {

namespace {

constexpr const char* kName = "compile";

// While its trace is set aside, operators compute as usual.
void switchTrace(Environment& environment, bool on) {
  environment.context.capture = on ? environment.trace.get() : nullptr;
}

Trace& traceOf(Entry& js) {
  if (!js.environment().trace) fail(ErrorKind::Argument, "[compile] no function is being traced");
  return *js.environment().trace;
}

// beginTrace(again): after an endTrace that asks for it.
void beginTrace(Entry& js) {
  if (js.environment().trace) fail(ErrorKind::Argument, "[compile] a function is being traced already");
  Bound bound = std::exchange(js.environment().bound, {});
  js.environment().trace =
      js.boolean(0, {kName, "again"}) ? std::make_unique<Trace>(std::move(bound)) : std::make_unique<Trace>();
  switchTrace(js.environment(), true);
}

void abortTrace(Entry& js) {
  switchTrace(js.environment(), false);
  js.environment().trace.reset();
}

// suspendTrace(whether)
void suspendTrace(Entry& js) {
  traceOf(js);
  switchTrace(js.environment(), !js.boolean(0, {kName, "suspended"}));
}

// traceInput(out, like, shape): a tensor that stands for one given at every run, like `like` but for the shape; -1 where that must be
// `like` itself.
int32_t traceInput(Entry& js) {
  const Tensor& like = js.tensor(1, {kName, "input"});
  const Trace::Input& input = traceOf(js).input(like, toShape(kName, js.integers(2, {kName, "shape"})));
  return input.itself ? -1 : js.environment().handles.adopt(js[0], input.stand);
}

// traceDynamicValues(from): names and values of the dynamic values that the trace has met, without the first so many.
Napi::Array traceDynamicValues(Entry& js) {
  const auto& dynamicValues = traceOf(js).dynamicValues;
  Napi::Array list = js.list();
  for (auto i = static_cast<size_t>(js.integer(0, {kName, "from"})); i < dynamicValues.size(); ++i) {
    list.Set(list.Length(), dynamicValues[i].name);
    list.Set(list.Length(), dynamicValues[i].value);
  }
  return list;
}

// endTrace(owner, outputs, inputs): the program belongs to the object `owner`. Returns 1 where it can run several iterations in a row,
// 0 where it cannot, and -1 if there is no program, and the function must be traced again, because of how these inputs share memory.
int endTrace(Entry& js) {
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
    return -1;
  }
  taken->check();
  auto program = std::make_unique<Program>(std::move(*taken), outputs);
  const bool repeats = program->repeats();
  attachProgram(js.Env(), js[0], std::move(program));
  return repeats ? 1 : 0;
}

Program& programOf(Entry& js) {
  Program* program = findProgram(js.Env(), js[0]);
  if (!program) fail(ErrorKind::Argument, "[compile] expected a program");
  return *program;
}

// programDynamicValues(program): the dynamic values as they were traced, as a BigUint64Array.
Napi::BigUint64Array programDynamicValues(Entry& js) {
  const std::vector<uint64_t>& dynamicValues = programOf(js).dynamicValues();
  Napi::BigUint64Array array = Napi::BigUint64Array::New(js.Env(), dynamicValues.size());
  std::copy(dynamicValues.begin(), dynamicValues.end(), array.Data());
  return array;
}

// programFits(program, inputs)
bool programFits(Entry& js) { return programOf(js).fits(js.tensors(1, {kName, "inputs"})); }
std::string programExplain(Entry& js) { return programOf(js).explain(); }

// A BigUint64Array, or null for none.
std::vector<uint64_t> words(Entry& js, size_t i) {
  if (js.isNull(i)) return {};
  const Napi::Value value = js[i];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_biguint64_array) {
    fail(ErrorKind::Argument, "[compile] expected dynamic values as a BigUint64Array");
  }
  const auto array = value.As<Napi::BigUint64Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
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
  return js.environment().handles.adoptAll(js[1], program.run(replay), kName);
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
