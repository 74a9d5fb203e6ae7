#include "binding/entry.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace anneal::binding {

namespace {

constexpr double kLargestInteger = 9007199254740992.0;  // 2^53

const char* kindOf(napi_env env, napi_value value) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok) return "unknown";
  switch (type) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "boolean";
    case napi_number: return "number";
    case napi_string: return "string";
    case napi_symbol: return "symbol";
    case napi_function: return "function";
    case napi_bigint: return "bigint";
    default: return "object";
  }
}

}  // namespace

Entry::Entry(napi_env env, napi_callback_info info) : env_(env) {
  void* data;
  check(napi_get_cb_info(env, info, &count_, arguments_, nullptr, &data));
  environment_ = static_cast<Environment*>(data);
}

void Entry::unexpected(napi_value value, Name name, const char* expected) const {
  double number;
  if (napi_get_value_double(env_, value, &number) == napi_ok) {
    fail(ErrorKind::Argument, "[%s] expected %s for '%s' but received %g", name.op, expected, name.param, number);
  }
  fail(ErrorKind::Argument, "[%s] expected %s for '%s' but received %s", name.op, expected, name.param,
       kindOf(env_, value));
}

double Entry::toNumber(napi_value value, Name name) const {
  double result;
  if (napi_get_value_double(env_, value, &result) != napi_ok) unexpected(value, name, "a number");
  return result;
}

int64_t Entry::toInteger(napi_value value, Name name) const {
  double result;
  if (napi_get_value_double(env_, value, &result) == napi_ok) {
    if (std::trunc(result) != result || std::fabs(result) > kLargestInteger) unexpected(value, name, "an integer");
    return static_cast<int64_t>(result);
  }
  int64_t big;
  bool lossless;
  if (napi_get_value_bigint_int64(env_, value, &big, &lossless) != napi_ok) unexpected(value, name, "an integer");
  return big;  // seeds: the low 64 bits
}

bool Entry::boolean(size_t i, Name name) const {
  bool result;
  if (napi_get_value_bool(env_, arguments_[i], &result) != napi_ok) unexpected(arguments_[i], name, "a boolean");
  return result;
}

bool Entry::isNull(size_t i) const {
  napi_valuetype type;
  check(napi_typeof(env_, arguments_[i], &type));
  return type == napi_null || type == napi_undefined;
}

bool Entry::isUndefined(size_t i) const {
  napi_valuetype type;
  check(napi_typeof(env_, arguments_[i], &type));
  return type == napi_undefined;
}

int64_t Entry::choice(size_t i, Name name, std::span<const char* const> choices) const {
  char text[64];
  size_t length = 0;
  const napi_status status = napi_get_value_string_utf8(env_, arguments_[i], text, sizeof(text), &length);
  if (status == napi_ok) {
    const std::string_view given(text, length);
    const auto found = std::find(choices.begin(), choices.end(), given);
    if (found != choices.end()) return found - choices.begin();
  }
  std::string names;
  for (size_t c = 0; c < choices.size(); ++c) {
    names += (c == 0 ? "'" : c + 1 == choices.size() ? " or '" : ", '") + std::string(choices[c]) + "'";
  }
  if (status != napi_ok) unexpected(arguments_[i], name, names.c_str());
  fail(ErrorKind::Argument, "[%s] expected %s for '%s', received '%s'", name.op, names.c_str(), name.param, text);
}

napi_value Entry::function(size_t i, Name name) const {
  napi_valuetype type;
  check(napi_typeof(env_, arguments_[i], &type));
  if (type != napi_function) unexpected(arguments_[i], name, "a function");
  return arguments_[i];
}

DType Entry::dtype(size_t i, Name name) const {
  const int64_t code = integer(i, name);
  if (code < 0 || code >= kDTypeCount || !isSupported(static_cast<DType>(code))) {
    fail(ErrorKind::DType, "[%s] dtype %lld is not supported", name.op, static_cast<long long>(code));
  }
  return static_cast<DType>(code);
}

uint32_t Entry::length(napi_value array) const {
  uint32_t length;
  check(napi_get_array_length(env_, array, &length));
  return length;
}

TypedArray Entry::typedArray(napi_value value, Name name) const {
  bool isTyped = false;
  check(napi_is_typedarray(env_, value, &isTyped));
  if (!isTyped) unexpected(value, name, "a typed array");
  napi_typedarray_type type;
  size_t length, offset;
  void* data;
  napi_value buffer;
  check(napi_get_typedarray_info(env_, value, &type, &length, &data, &buffer, &offset));
  switch (type) {
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array: return {data, length, 8};
    case napi_float32_array:
    case napi_int32_array:
    case napi_uint32_array: return {data, length, 4};
    case napi_int16_array:
    case napi_uint16_array: return {data, length, 2};
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array: return {data, length, 1};
    default: unexpected(value, name, "a typed array of another kind");
  }
}

napi_value Entry::element(napi_value array, uint32_t i) const {
  napi_value value;
  check(napi_get_element(env_, array, i, &value));
  return value;
}

std::vector<int64_t> Entry::integers(size_t i, Name name) const {
  bool isArray = false;
  check(napi_is_array(env_, arguments_[i], &isArray));
  if (!isArray) unexpected(arguments_[i], name, "an array of integers");
  std::vector<int64_t> result;
  const uint32_t count = length(arguments_[i]);
  for (uint32_t j = 0; j < count; ++j) result.push_back(toInteger(element(arguments_[i], j), name));
  return result;
}

const Tensor& Entry::tensor(size_t i, Name name) const {
  return environment_->tensor(toNumber(arguments_[i], name), name.op, name.param);
}

const Tensor* Entry::optionalTensor(size_t i, Name name) const {
  const double handle = toNumber(arguments_[i], name);
  return handle < 0 ? nullptr : &environment_->tensor(handle, name.op, name.param);
}

Tensors Entry::tensors(size_t i, Name name, bool optional) const {
  bool isArray = false;
  check(napi_is_array(env_, arguments_[i], &isArray));
  if (!isArray) unexpected(arguments_[i], name, "an array of tensors");
  Tensors result;
  const uint32_t count = length(arguments_[i]);
  for (uint32_t j = 0; j < count; ++j) {
    const double handle = toNumber(element(arguments_[i], j), name);
    result.push_back(optional && handle < 0 ? Tensor() : environment_->tensor(handle, name.op, name.param));
  }
  return result;
}

napi_value Entry::undefined() const {
  napi_value value;
  check(napi_get_undefined(env_, &value));
  return value;
}

napi_value Entry::null() const {
  napi_value value;
  check(napi_get_null(env_, &value));
  return value;
}

napi_value Entry::from(double number) const {
  napi_value value;
  check(napi_create_double(env_, number, &value));
  return value;
}

napi_value Entry::from(int32_t number) const {
  napi_value value;
  check(napi_create_int32(env_, number, &value));
  return value;
}

napi_value Entry::from(bool flag) const {
  napi_value value;
  check(napi_get_boolean(env_, flag, &value));
  return value;
}

napi_value Entry::from(const std::string& text) const {
  napi_value value;
  check(napi_create_string_utf8(env_, text.c_str(), text.size(), &value));
  return value;
}

napi_value Entry::from(const Dims& dims) const {
  napi_value array = newArray(dims.size());
  for (int i = 0; i < dims.size(); ++i) setElement(array, i, from(static_cast<double>(dims[i])));
  return array;
}

napi_value Entry::newArray(size_t length) const {
  napi_value array;
  check(napi_create_array_with_length(env_, length, &array));
  return array;
}

napi_value Entry::newObject() const {
  napi_value object;
  check(napi_create_object(env_, &object));
  return object;
}

void Entry::setElement(napi_value array, uint32_t i, napi_value value) const {
  check(napi_set_element(env_, array, i, value));
}

void Entry::setProperty(napi_value object, const char* key, napi_value value) const {
  check(napi_set_named_property(env_, object, key, value));
}

}  // namespace anneal::binding
