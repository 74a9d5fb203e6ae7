// What one JavaScript environment (the main thread or a worker) holds: its tensors, its error classes, its promises.
#pragma once
#include <napi.h>

#include <initializer_list>
#include <memory>
#include <unordered_set>
#include <vector>

#include "binding/errors.h"
#include "binding/hot.h"
#include "binding/promises.h"
#include "binding/skips.h"
#include "compile/trace.h"
#include "core/context.h"
#include "core/tensor.h"

namespace anneal::binding {

class Environment;

// A function of JavaScript's that the engine calls. What holds it may die in the middle of a garbage collection, where no
// reference may be deleted, or after the environment has ended (a program's finalizer may be the last to run); then the function
// is gone already.
class JsFunction {
 public:
  JsFunction(Environment& environment, Napi::Function function);
  ~JsFunction();
  JsFunction(const JsFunction&) = delete;
  JsFunction& operator=(const JsFunction&) = delete;

  Environment& environment() const { return *environment_; }
  Napi::Value call(std::initializer_list<napi_value> arguments) const;

 private:
  friend class Environment;
  Environment* environment_;  // null once it has ended
  Napi::FunctionReference reference_;
};

class Environment {
 public:
  static Environment* create(Napi::Env env);

  const Napi::Env env;
  Context context;
  Errors errors;
  Handles handles;
  std::unique_ptr<Trace> trace;  // of the function that is being traced
  Bound bound;                   // what has to be bound in its next trace
  Promises promises;
  Skips skips;

  // Called at the beginning of each entry from JavaScript.
  void enter() {
    setContext(&context);
    if (!unused_.empty()) unused_.clear();
    handles.beginEntry();
  }

  // The function that collects garbage: collect(major).
  std::unique_ptr<JsFunction> collector;
  void collectIfPressed() {
    if (pressure() > collectAt_ || handles.attached() > collectAtCount_) collectUnderPressure();
  }

  // The function that makes typed arrays: makeArray(dtype, length).
  std::unique_ptr<JsFunction> arrayMaker;

 private:
  friend class JsFunction;
  static constexpr int64_t kStep = 32 << 20;
  static constexpr int64_t kMajorStep = 256 << 20;
  static constexpr int64_t kCountStep = 4096;
  // An object's own share, so that many tiny tensors count too.
  static constexpr int64_t kHandleBytes = 256;

  explicit Environment(Napi::Env env)
      : env(env), errors(env), handles(*this, env), promises(*this, env), skips(*this, env) {}
  static void cleanup(Environment* self);
  // Bytes that this environment keeps, the graphs behind its tensors included.
  int64_t pressure() const { return Storage::liveHere() + handles.attached() * kHandleBytes; }
  void collect(bool major);
  void collectUnderPressure();

  int64_t collectAt_ = kStep;            // a minor collection when the pressure gets here,
  int64_t collectAtCount_ = kCountStep;  // or the attached handles here
  int64_t afterMajor_ = 0;               // pressure after the last major one
  std::unordered_set<JsFunction*> functions_;
  std::vector<Napi::FunctionReference> unused_;  // to be deleted at the next entry
};

}  // namespace anneal::binding
