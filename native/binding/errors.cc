#include "binding/errors.h"

#include <exception>
#include <new>

namespace anneal::binding {

namespace {

// What JavaScript threw, or the error that node-addon-api made of a refusal.
napi_value thrownIn(const Napi::Error& error) {
  // Error::Value asks the object for a property, which a proxy may answer as it likes, or throw. It has to where what is no object
  // cannot be referred to.
  if (!hasBasicFinalizers()) {
    const Napi::Value value = error.Value();
    if (error.Env().IsExceptionPending()) error.Env().GetAndClearPendingException();
    return value;
  }
  return static_cast<const Napi::ObjectReference&>(error).Value();
}

}  // namespace

Errors::Errors(Napi::Env env) : env_(env), failure_(Napi::Persistent(Napi::Object::New(env))) {}

void Errors::close() {
  failure_.Reset();
  classes_.Reset();
}

void Errors::setClasses(Napi::Value classes) {
  bool valid = classes.IsArray() && classes.As<Napi::Array>().Length() == kErrorKinds;
  for (uint32_t i = 0; valid && i < kErrorKinds; ++i) valid = classes.As<Napi::Array>().Get(i).IsFunction();
  if (!valid) fail(ErrorKind::Argument, "[setErrorClasses] expected an array of %d classes", kErrorKinds);
  classes_ = Napi::Persistent(classes.As<Napi::Object>());
}

napi_value Errors::make(const Error& error) const noexcept {
  try {
    if (classes_.IsEmpty()) return thrownIn(Napi::Error::New(env_, error.message()));
    const auto errorClass = classes_.Value().Get(static_cast<uint32_t>(error.kind())).As<Napi::Function>();
    return errorClass.New({Napi::String::New(env_, error.message())});
  } catch (const Napi::Error& thrown) {
    return thrownIn(thrown);  // such as the RangeError of a full stack
  }
}

napi_value Errors::failed() const noexcept {
  napi_value thrown = nullptr;
  try {
    throw;
  } catch (const Napi::Error& error) {
    thrown = thrownIn(error);
  } catch (const Error& error) {
    thrown = make(error);
  } catch (const std::bad_alloc&) {
    thrown = make(Error(ErrorKind::OutOfMemory, "out of memory"));
  } catch (const std::exception& error) {
    thrown = make(Error(ErrorKind::Argument, error.what()));
  } catch (...) {
    thrown = make(Error(ErrorKind::Argument, "unknown failure"));
  }
  const Napi::Object failure = failure_.Value();
  try {
    failure.Set("thrown", thrown);
  } catch (const Napi::Error&) {
    // Refused only when the environment is ending, and runs no more JavaScript.
  }
  return failure;
}

}  // namespace anneal::binding
