// An entry from JavaScript: its arguments, checked conversions of them, and the frame that returns its failures (errors.h).
#pragma once
#include <span>
#include <string>
#include <vector>

#include "binding/environment.h"
#include "ops/operator.h"

namespace anneal::binding {

struct TypedArray {
  void* data;
  size_t length, width;  // elements, bytes of one
};

class Entry {
 public:
  static constexpr size_t kMaxArguments = 24;

  Entry(napi_env env, napi_callback_info info);

  Environment& environment() const { return *environment_; }
  napi_env env() const { return env_; }
  size_t count() const { return count_; }
  napi_value operator[](size_t i) const { return arguments_[i]; }

  // Conversions of argument i; an error names the operator and the parameter.
  struct Name {
    const char* op;
    const char* param;
  };
  double number(size_t i, Name name) const { return toNumber(arguments_[i], name); }
  int64_t integer(size_t i, Name name) const { return toInteger(arguments_[i], name); }
  bool boolean(size_t i, Name name) const;
  bool isNull(size_t i) const;  // or undefined
  bool isUndefined(size_t i) const;
  // The place of a string among `choices`.
  int64_t choice(size_t i, Name name, std::span<const char* const> choices) const;
  napi_value function(size_t i, Name name) const;
  DType dtype(size_t i, Name name) const;
  std::vector<int64_t> integers(size_t i, Name name) const;
  const Tensor& tensor(size_t i, Name name) const;          // a handle's number
  const Tensor* optionalTensor(size_t i, Name name) const;  // null for -1
  Tensors tensors(size_t i, Name name, bool optional = false) const;

  double toNumber(napi_value value, Name name) const;
  int64_t toInteger(napi_value value, Name name) const;
  [[noreturn]] void unexpected(napi_value value, Name name, const char* expected) const;
  napi_value element(napi_value array, uint32_t i) const;
  uint32_t length(napi_value array) const;
  // To be used before anything else is asked of JavaScript, which may detach the array.
  TypedArray typedArray(napi_value value, Name name) const;

  // ---- results
  napi_value undefined() const;
  napi_value null() const;
  napi_value from(double value) const;
  napi_value from(int32_t value) const;
  napi_value from(bool value) const;
  napi_value from(const std::string& text) const;
  napi_value from(const Dims& dims) const;
  napi_value newArray(size_t length) const;
  napi_value newObject() const;
  void setElement(napi_value array, uint32_t i, napi_value value) const;
  void setProperty(napi_value object, const char* key, napi_value value) const;

 private:
  napi_env env_;
  Environment* environment_;
  size_t count_ = kMaxArguments;
  napi_value arguments_[kMaxArguments];
};

// The Node-API callback around a function on an Entry.
template <napi_value (*Function)(Entry&)>
napi_value entry(napi_env env, napi_callback_info info) {
  const Errors* errors = nullptr;
  try {
    Entry call(env, info);
    errors = &call.environment().errors;
    call.environment().enter();
    return Function(call);
  } catch (...) {
    return errors ? errors->failed() : nullptr;
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
std::vector<Function> cudaFunctions();
std::vector<Function> engineFunctions();

}  // namespace anneal::binding
