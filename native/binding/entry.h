// An entry from JavaScript: its arguments, checked conversions of them, and the frame that returns its failures (errors.h).
#pragma once
#include <napi.h>

#include <span>
#include <type_traits>
#include <vector>

#include "binding/environment.h"
#include "ops/operator.h"

namespace anneal::binding {

class Entry : public Arguments {
 public:
  Entry(napi_env env, napi_callback_info info)
      : Arguments(env, info), environment_(*static_cast<Environment*>(Data())) {}

  Environment& environment() const { return environment_; }

  // Conversions of argument i; an error names the operator and the parameter.
  double number(size_t i, Name name) const { return toNumber(Env(), (*this)[i], name); }
  int64_t integer(size_t i, Name name) const { return toInteger(Env(), (*this)[i], name); }
  bool boolean(size_t i, Name name) const;
  bool isNull(size_t i) const;  // or undefined
  // The place of a string among `choices`.
  int64_t choice(size_t i, Name name, std::span<const char* const> choices) const;
  std::string text(size_t i, Name name) const { return textOf((*this)[i], name); }
  static std::string textOf(Napi::Value value, Name name);
  Napi::Function function(size_t i, Name name) const;
  DType dtype(size_t i, Name name) const;
  std::vector<int64_t> integers(size_t i, Name name) const;
  const Tensor& tensor(size_t i, Name name) const { return environment_.handles.tensor((*this)[i], name); }
  const Tensor* optionalTensor(size_t i, Name name) const;  // null for -1
  Tensors tensors(size_t i, Name name, bool optional = false) const {
    return environment_.handles.tensors((*this)[i], name, optional);
  }
  // The bytes of a typed array of any kind. To be used before anything else is asked of JavaScript, which may detach it.
  Napi::Uint8Array typedArray(Napi::Value value, Name name) const;

  // ---- results
  template <class T>
  Napi::Value from(const T& value) const {
    return Napi::Value::From(Env(), value);
  }
  template <class... T>
  Napi::Array list(const T&... values) const {
    Napi::Array array = Napi::Array::New(Env(), sizeof...(values));
    uint32_t i = 0;
    (array.Set(i++, values), ...);
    return array;
  }
  template <class Range>
  Napi::Array listOf(const Range& values) const {
    Napi::Array array = Napi::Array::New(Env(), values.size());
    uint32_t i = 0;
    for (const auto& value : values) array.Set(i++, value);
    return array;
  }

 private:
  Environment& environment_;
};

// The Node-API callback around a function on an Entry. What that returns becomes a value of JavaScript's.
template <auto function>
napi_value entry(napi_env env, napi_callback_info info) {
  Environment* environment = nullptr;
  try {
    Entry js(env, info);
    environment = &js.environment();
    environment->enter();
    if constexpr (std::is_void_v<decltype(function(js))>) {
      function(js);
      return nullptr;
    } else {
      return js.from(function(js));
    }
  } catch (...) {
    return environment ? environment->errors.failed() : nullptr;
  }
}

struct Function {
  const char* name;
  napi_callback callback;
};

// The functions of each file of the binding.
std::vector<Function> operatorFunctions();
std::vector<Function> tensorFunctions();
std::vector<Function> autogradFunctions();
std::vector<Function> compileFunctions();
std::vector<Function> commFunctions();
std::vector<Function> cudaFunctions();
std::vector<Function> engineFunctions();

}  // namespace anneal::binding
