// The library with the kernels for GPUs: opened on demand, and what is found.
#include "cuda/devices.h"

#include "binding/entry.h"

namespace anneal::binding {

namespace {

// openCuda(paths): enters the GPUs into the table of devices, once per process, and tells what there is; see CudaReport.
Napi::Object open(Entry& js) {
  constexpr Name kPaths{"openCuda", "paths"};
  if (!js[0].IsArray()) unexpected(js[0], kPaths, "an array of strings");
  const auto given = js[0].As<Napi::Array>();
  std::vector<std::string> paths;
  for (uint32_t i = 0; i < given.Length(); ++i) paths.push_back(Entry::textOf(given.Get(i), kPaths));
  const CudaReport& report = openCuda(paths);
  Napi::Array gpus = js.list();
  for (const CudaReport::Gpu& gpu : report.gpus) {
    Napi::Object row = Napi::Object::New(js.Env());
    row.Set("name", gpu.name);
    row.Set("capability", std::to_string(gpu.major) + "." + std::to_string(gpu.minor));
    row.Set("memory", gpu.memory);
    gpus.Set(gpus.Length(), row);
  }
  Napi::Array missing = js.list();
  for (const std::string& family : report.missing) missing.Set(missing.Length(), family);
  Napi::Object result = Napi::Object::New(js.Env());
  result.Set("problem", report.problem.empty() ? js.Env().Null() : js.from(report.problem));
  result.Set("found", report.found);
  result.Set("emulated", report.emulated);
  result.Set("runtime", report.runtime);
  result.Set("driver", report.driver);
  result.Set("architectures", report.architectures);
  result.Set("missing", missing);
  result.Set("gpus", gpus);
  return result;
}

}  // namespace

std::vector<Function> cudaFunctions() { return {{"openCuda", entry<open>}}; }

}  // namespace anneal::binding
