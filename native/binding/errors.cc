#include "binding/errors.h"

#include <exception>
#include <new>
#include <string>

namespace anneal::binding {

Errors::Errors(napi_env env) : env_(env) {
  napi_value failure;
  check(napi_create_object(env, &failure));
  check(napi_create_reference(env, failure, 1, &failure_));
}

void Errors::close() {
  napi_delete_reference(env_, failure_);
  if (classes_) napi_delete_reference(env_, classes_);
  failure_ = classes_ = nullptr;
}

void Errors::setClasses(napi_value array) {
  uint32_t count = 0;
  bool valid = napi_get_array_length(env_, array, &count) == napi_ok && count == kErrorKinds;
  for (uint32_t i = 0; valid && i < count; ++i) {
    napi_value element;
    napi_valuetype type;
    check(napi_get_element(env_, array, i, &element));
    check(napi_typeof(env_, element, &type));
    valid = type == napi_function;
  }
  if (!valid) fail(ErrorKind::Argument, "[setErrorClasses] expected an array of %d classes", kErrorKinds);
  napi_ref classes;
  check(napi_create_reference(env_, array, 1, &classes));
  if (classes_) napi_delete_reference(env_, classes_);
  classes_ = classes;
}

napi_value Errors::failure() const {
  napi_value value;
  check(napi_get_reference_value(env_, failure_, &value));
  return value;
}

napi_value Errors::take() const noexcept {
  bool pending = false;
  napi_value thrown;
  if (napi_is_exception_pending(env_, &pending) != napi_ok || !pending) return nullptr;
  return napi_get_and_clear_last_exception(env_, &thrown) == napi_ok ? thrown : nullptr;
}

napi_value Errors::make(const Error& error) const noexcept {
  const auto attempt = [&](napi_value* result) {
    napi_value message, classes, constructor;
    return napi_create_string_utf8(env_, error.message().c_str(), error.message().size(), &message) == napi_ok &&
           napi_get_reference_value(env_, classes_, &classes) == napi_ok &&
           napi_get_element(env_, classes, static_cast<uint32_t>(error.kind()), &constructor) == napi_ok &&
           napi_new_instance(env_, constructor, 1, &message, result) == napi_ok;
  };
  const auto plain = [&](napi_value* result) {
    napi_value message;
    return napi_create_string_utf8(env_, error.message().c_str(), error.message().size(), &message) == napi_ok &&
           napi_create_error(env_, nullptr, message, result) == napi_ok;
  };
  napi_value result = nullptr;
  if (classes_ && attempt(&result)) return result;
  if (napi_value thrown = take()) return thrown;  // such as the RangeError of a full stack
  if (plain(&result)) return result;
  take();
  napi_get_undefined(env_, &result);
  return result;
}

napi_value Errors::failed() const noexcept {
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env_, &info);
  const char* message = info ? info->error_message : nullptr;
  napi_value thrown = take();
  try {
    throw;
  } catch (const PendingException&) {
    if (!thrown) thrown = make(Error(ErrorKind::Argument, message ? message : "a call of Node-API failed"));
  } catch (const Error& error) {
    thrown = make(error);
  } catch (const std::bad_alloc&) {
    thrown = make(Error(ErrorKind::OutOfMemory, "out of memory"));
  } catch (const std::exception& error) {
    thrown = make(Error(ErrorKind::Argument, error.what()));
  } catch (...) {
    thrown = make(Error(ErrorKind::Argument, "unknown failure"));
  }
  napi_value failure = nullptr;
  napi_get_reference_value(env_, failure_, &failure);
  // It fails only when the environment is ending, and runs no more JavaScript.
  if (napi_set_named_property(env_, failure, "thrown", thrown) != napi_ok) take();
  return failure;
}

}  // namespace anneal::binding
