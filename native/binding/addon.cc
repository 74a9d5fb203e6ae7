// The addon's entry: which Node-API version it asks for, and the functions it exports.
#include <napi.h>

#ifdef _WIN32
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include "binding/entry.h"

namespace anneal::binding {

bool hasBasicFinalizers() {
  constexpr const char* kCameWithThem = "node_api_post_finalizer";
#ifdef _WIN32
  static const bool has = GetProcAddress(GetModuleHandleA(nullptr), kCameWithThem) != nullptr;
#else
  static const bool has = dlsym(RTLD_DEFAULT, kCameWithThem) != nullptr;
#endif
  return has;
}

namespace {

// The engine's threads outlive an environment: its code must stay mapped when the addon is closed. On Linux the linker sees to it.
void stayMapped() {
#ifdef _WIN32
  HMODULE module;
  GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCSTR>(&stayMapped), &module);
#elif defined(__APPLE__)
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&stayMapped), &info)) dlopen(info.dli_fname, RTLD_LAZY | RTLD_NODELETE);
#endif
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  stayMapped();
  Environment* environment = Environment::create(env);
  exports.Set("failure", environment->errors.failure());
  for (const auto& functions : {operatorFunctions(), tensorFunctions(), autogradFunctions(), compileFunctions(),
                                cudaFunctions(), engineFunctions(), commFunctions()}) {
    for (const Function& function : functions) {
      napi_value value;
      check(env, napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, environment, &value));
      exports.Set(function.name, value);
    }
  }
  return exports;
}

}  // namespace

}  // namespace anneal::binding

// What NODE_API_MODULE writes, but for the version.
extern "C" {

NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1() {
  constexpr int32_t kExperimental = 0x7fffffff;
  return anneal::binding::hasBasicFinalizers() ? kExperimental : NAPI_VERSION;
}

NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  return Napi::RegisterModule(env, exports, anneal::binding::initialize);
}
}
