// What one JavaScript environment (the main thread or a worker) holds: its tensors, its error classes, its promises.
#pragma once
#include <node_api.h>

#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "binding/errors.h"
#include "binding/promises.h"
#include "binding/skips.h"
#include "compile/trace.h"
#include "core/context.h"
#include "core/pooled.h"
#include "core/tensor.h"

namespace anneal::binding {

class Environment;

// A tensor that JavaScript holds, named by its number. JavaScript keeps the number in an object, whose finalizer comes here.
struct Handle : Pooled<Handle> {
  Environment* environment;
  Tensor tensor;  // undefined once disposed
  int32_t number;
  bool owned = false;        // by an object of JavaScript's
  uint64_t collectedAt = 0;  // entry during which the object died
};

// A function of JavaScript's that the engine calls. What holds it may die in the middle of a garbage collection, or after the environment has ended
// (a program's finalizer may be the last to run); then the function is gone already.
class JsFunction {
 public:
  JsFunction(Environment& environment, napi_value function);
  ~JsFunction();  // may run in the middle of a garbage collection
  JsFunction(const JsFunction&) = delete;
  JsFunction& operator=(const JsFunction&) = delete;

  Environment& environment() const { return *environment_; }
  napi_value call(std::initializer_list<napi_value> arguments) const;

 private:
  friend class Environment;
  Environment* environment_;  // null once it has ended
  napi_ref reference_ = nullptr;
};

class Environment {
 public:
  static Environment* create(napi_env env);

  napi_env env() const { return env_; }
  Context context;
  Errors errors;
  std::unique_ptr<Trace> trace;  // of the function that is being traced
  Bound bound;                   // what has to be bound in its next trace
  Promises promises;
  Skips skips;

  // Called at the beginning of each entry from JavaScript.
  void enter();

  // ---- handles
  int32_t adopt(napi_value object, Tensor tensor);  // the object's death releases it
  int32_t lend(Tensor tensor);                      // for `claim`
  void claim(napi_value object, int64_t number);
  void takeBack(int32_t number);  // a handle that was lent, unless it was claimed
  const Tensor& tensor(double number, const char* op, const char* param) const;
  void dispose(int64_t number);
  int64_t liveHandles() const { return live_; }

  // ---- garbage
  // The function that collects garbage: collect(major). See `collectIfPressed`.
  std::unique_ptr<JsFunction> collector;
  void releaseCollected();

  // The function that makes typed arrays: makeArray(dtype, length).
  std::unique_ptr<JsFunction> arrayMaker;

 private:
  friend class JsFunction;
  static constexpr int64_t kStep = 32 << 20;
  static constexpr int64_t kMajorStep = 256 << 20;
  static constexpr int64_t kCountStep = 4096;

  explicit Environment(napi_env env) : errors(env), promises(*this, env), skips(*this, env), env_(env) {}
  static void finalizeHandle(napi_env env, void* data, void* hint);
  static void cleanup(void* data);
  Handle* newHandle(Tensor tensor);
  Handle* find(double number) const;  // null when there is none
  void attach(napi_value object, Handle* handle);
  void release(Handle* handle);
  void deleteReferences();
  int64_t pressure() const;
  void collect(bool major);
  void collectIfPressed();

  napi_env env_;
  std::vector<Handle*> handles_;
  std::vector<int32_t> free_;
  int64_t live_ = 0;      // not disposed, their object alive
  int64_t attached_ = 0;  // with a finalizer to come
  bool closed_ = false;
  uint64_t entries_ = 0;
  std::deque<Handle*> collected_;        // their object is dead; see `finalizeHandle`
  int64_t collectAt_ = kStep;            // a minor collection when the pressure gets here,
  int64_t collectAtCount_ = kCountStep;  // or attached_ here
  int64_t afterMajor_ = 0;               // pressure after the last major one
  std::unordered_set<JsFunction*> functions_;
  std::vector<napi_ref> unused_;  // to be deleted at the next entry
};

}  // namespace anneal::binding
