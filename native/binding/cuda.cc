// The library with the kernels for GPUs: opened on demand, and what is found.
#include "cuda/devices.h"

#include "binding/entry.h"

namespace anneal::binding {

namespace {

std::string toString(Entry& js, napi_value value, Entry::Name name) {
  size_t length;
  if (napi_get_value_string_utf8(js.env(), value, nullptr, 0, &length) != napi_ok)
    js.unexpected(value, name, "a string");
  std::string text(length, '\0');
  check(napi_get_value_string_utf8(js.env(), value, text.data(), length + 1, &length));
  return text;
}

// openCuda(paths): enters the GPUs into the table of devices, once per process, and tells what there is; see CudaReport.
napi_value open(Entry& js) {
  bool isArray = false;
  check(napi_is_array(js.env(), js[0], &isArray));
  if (!isArray) js.unexpected(js[0], {"openCuda", "paths"}, "an array of strings");
  std::vector<std::string> paths;
  for (uint32_t i = 0; i < js.length(js[0]); ++i) {
    paths.push_back(toString(js, js.element(js[0], i), {"openCuda", "paths"}));
  }
  const CudaReport& report = openCuda(paths);
  napi_value gpus = js.newArray(report.gpus.size());
  for (uint32_t i = 0; i < report.gpus.size(); ++i) {
    const CudaReport::Gpu& gpu = report.gpus[i];
    napi_value row = js.newObject();
    js.setProperty(row, "name", js.from(gpu.name));
    js.setProperty(row, "capability", js.from(std::to_string(gpu.major) + "." + std::to_string(gpu.minor)));
    js.setProperty(row, "memory", js.from(gpu.memory));
    js.setElement(gpus, i, row);
  }
  napi_value result = js.newObject();
  js.setProperty(result, "problem", report.problem.empty() ? js.null() : js.from(report.problem));
  js.setProperty(result, "found", js.from(report.found));
  js.setProperty(result, "emulated", js.from(report.emulated));
  js.setProperty(result, "runtime", js.from(report.runtime));
  js.setProperty(result, "driver", js.from(report.driver));
  js.setProperty(result, "architectures", js.from(report.architectures));
  js.setProperty(result, "gpus", gpus);
  return result;
}

}  // namespace

std::vector<Function> cudaFunctions() { return {{"openCuda", entry<open>}}; }

}  // namespace anneal::binding
