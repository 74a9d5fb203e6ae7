// How errors reach JavaScript: a function of the addon returns its failure, and lib/native.ts throws it.
//
// No function returns while a JavaScript exception is pending. Node (20 to 26) would throw that exception after the return, which
// allocates. If a collection falls into it and runs a basic finalizer of this addon, Node takes the exception for the finalizer's,
// and aborts the process. So whatever fails, the exception is taken off the environment before anything else is allocated.
#pragma once
#include <node_api.h>

#include "core/error.h"

namespace anneal::binding {

// A call of Node-API failed, perhaps with a JavaScript exception pending. Unwinds to the function that JavaScript called.
struct PendingException {};
inline void check(napi_status status) {
  if (status != napi_ok) throw PendingException{};
}

class Errors {
 public:
  explicit Errors(napi_env env);
  void close();

  // In the order of ErrorKind.
  void setClasses(napi_value array);

  // The object that a failing function returns; its property `thrown` is what to throw.
  napi_value failure() const;
  // To be called in a catch block, first thing: what the function is to return. It knows every kind of exception that can get there.
  napi_value failed() const noexcept;

  // The JavaScript error for one of the engine, or what was thrown by the attempt to make it.
  napi_value make(const Error& error) const noexcept;
  // Takes the pending JavaScript exception off the environment. Null when there is none.
  napi_value take() const noexcept;

 private:
  napi_env env_;
  napi_ref failure_ = nullptr, classes_ = nullptr;
};

}  // namespace anneal::binding
