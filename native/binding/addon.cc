// The addon's entry: which Node-API version it asks for, and the functions it exports.
#include <node_api.h>

#ifndef _WIN32
#include <dlfcn.h>
#endif

#include "binding/entry.h"

namespace anneal::binding {

namespace {

// Ordinary finalizers run when the event loop turns, so a synchronous loop would never free a tensor. Basic finalizers run in
// the collection itself; a runtime gives them to modules that ask for the experimental version. Ours keep to their rule (no
// call into JavaScript). A runtime without them, told by the function that came with them, gets the stable version.
// What basic finalizers ask of the rest of the addon stands in errors.h.
int32_t apiVersion() {
  constexpr int32_t kExperimental = 0x7fffffff, kStable = 8;
#ifdef _WIN32
  return kStable;
#else
  return dlsym(RTLD_DEFAULT, "node_api_post_finalizer") ? kExperimental : kStable;
#endif
}

void initialize(napi_env env, napi_value exports) {
  Environment* environment = Environment::create(env);
  check(napi_set_named_property(env, exports, "failure", environment->errors.failure()));
  for (const auto& functions : {operatorFunctions(), tensorFunctions(), autogradFunctions(), compileFunctions(),
                                cudaFunctions(), engineFunctions()}) {
    for (const Function& function : functions) {
      napi_value value;
      check(napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, environment, &value));
      check(napi_set_named_property(env, exports, function.name, value));
    }
  }
}

}  // namespace

}  // namespace anneal::binding

extern "C" {

NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1() { return anneal::binding::apiVersion(); }

NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  try {
    anneal::binding::initialize(env, exports);
  } catch (...) {
    napi_throw_error(env, nullptr, "anneal: the addon could not be initialized");
  }
  return exports;
}
}
