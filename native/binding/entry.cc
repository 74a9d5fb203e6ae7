#include "binding/entry.h"

#include <algorithm>
#include <string>

namespace anneal::binding {

void unexpected(Napi::Value value, Name name, const char* expected) {
  // In the order of napi_valuetype.
  constexpr const char* kKinds[] = {"undefined", "null",   "boolean",  "number", "string",
                                    "symbol",    "object", "function", "object", "bigint"};
  if (value.IsNumber()) {
    fail(ErrorKind::Argument, "[%s] expected %s for '%s' but received %g", name.op, expected, name.param,
         value.As<Napi::Number>().DoubleValue());
  }
  fail(ErrorKind::Argument, "[%s] expected %s for '%s' but received %s", name.op, expected, name.param,
       kKinds[value.Type()]);
}

bool Entry::boolean(size_t i, Name name) const {
  const Napi::Value value = (*this)[i];
  if (!value.IsBoolean()) unexpected(value, name, "a boolean");
  return value.As<Napi::Boolean>();
}

bool Entry::isNull(size_t i) const {
  const napi_valuetype type = (*this)[i].Type();
  return type == napi_null || type == napi_undefined;
}

int64_t Entry::choice(size_t i, Name name, std::span<const char* const> choices) const {
  const Napi::Value value = (*this)[i];
  std::string given;
  if (value.IsString()) {
    given = value.As<Napi::String>().Utf8Value();
    const auto found = std::find(choices.begin(), choices.end(), given);
    if (found != choices.end()) return found - choices.begin();
  }
  std::string names;
  for (size_t c = 0; c < choices.size(); ++c) {
    names += (c == 0 ? "'" : c + 1 == choices.size() ? " or '" : ", '") + std::string(choices[c]) + "'";
  }
  if (!value.IsString()) unexpected(value, name, names.c_str());
  fail(ErrorKind::Argument, "[%s] expected %s for '%s', received '%.63s'", name.op, names.c_str(), name.param,
       given.c_str());
}

std::string Entry::textOf(Napi::Value value, Name name) {
  if (!value.IsString()) unexpected(value, name, "a string");
  return value.As<Napi::String>();
}

Napi::Function Entry::function(size_t i, Name name) const {
  const Napi::Value value = (*this)[i];
  if (!value.IsFunction()) unexpected(value, name, "a function");
  return value.As<Napi::Function>();
}

DType Entry::dtype(size_t i, Name name) const {
  const int64_t code = integer(i, name);
  if (code < 0 || code >= kDTypeCount || !isSupported(static_cast<DType>(code))) {
    fail(ErrorKind::DType, "[%s] dtype %lld is not supported", name.op, static_cast<long long>(code));
  }
  return static_cast<DType>(code);
}

std::vector<int64_t> Entry::integers(size_t i, Name name) const {
  const Napi::Value value = (*this)[i];
  if (!value.IsArray()) unexpected(value, name, "an array of integers");
  const auto array = value.As<Napi::Array>();
  std::vector<int64_t> result;
  const uint32_t length = array.Length();
  for (uint32_t j = 0; j < length; ++j) result.push_back(toInteger(Env(), array.Get(j), name));
  return result;
}

const Tensor* Entry::optionalTensor(size_t i, Name name) const {
  const double handle = number(i, name);
  return handle < 0 ? nullptr : &environment_.handles.tensor(handle, name);
}

Napi::Uint8Array Entry::typedArray(Napi::Value value, Name name) const {
  if (!value.IsTypedArray()) unexpected(value, name, "a typed array");
  return value.As<Napi::Uint8Array>();
}

}  // namespace anneal::binding
