// How errors reach JavaScript: a function of the addon returns its failure, and lib/native.ts throws it.
//
// No function returns while a JavaScript exception is pending. Node (20 to 26) would throw that exception after the return, which
// allocates. If a collection falls into it and runs a basic finalizer of this addon, Node takes the exception for the finalizer's,
// and aborts the process. Napi::Error takes a pending exception off the environment before anything else is allocated.
#pragma once
#include <napi.h>

#include "core/error.h"

namespace anneal::binding {

// Ordinary finalizers run when the event loop turns, so a synchronous loop would never free a tensor. Basic finalizers run in
// the collection itself; a runtime gives them to modules that ask for the experimental version of Node-API. Ours keep to their
// rule (no call into JavaScript). A runtime without them, told by the function that came with them, gets the stable version.
bool hasBasicFinalizers();

class Errors {
 public:
  explicit Errors(Napi::Env env);
  void close();

  // In the order of ErrorKind.
  void setClasses(Napi::Value classes);

  // The object that a failing function returns; its property `thrown` is what to throw.
  Napi::Object failure() const { return failure_.Value(); }
  // To be called in a catch block, first thing: what the function is to return. It knows every kind of exception that can get there.
  napi_value failed() const noexcept;
  // The JavaScript error for one of the engine, or what was thrown by the attempt to make it.
  napi_value make(const Error& error) const noexcept;

 private:
  const Napi::Env env_;
  Napi::ObjectReference failure_, classes_;
};

}  // namespace anneal::binding
