// What one JavaScript environment (the main thread or a worker) holds: its tensors, its error classes, its promises.
#pragma once
#include <node_api.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "binding/promises.h"
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

class Environment {
 public:
  static Environment* create(napi_env env);

  napi_env env() const { return env_; }
  Context context;
  std::unique_ptr<Trace> trace;  // of the function that is being traced
  Promises promises;

  // Called at the beginning of each entry from JavaScript.
  void enter();

  // ---- handles
  int32_t adopt(napi_value object, Tensor tensor);  // the object's death releases it
  int32_t lend(Tensor tensor);                      // for `claim`
  void claim(napi_value object, int64_t number);
  const Tensor& tensor(double number, const char* op, const char* param) const;
  void dispose(int64_t number);
  int64_t liveHandles() const { return live_; }

  // ---- garbage
  // The function that collects garbage: collect(major). See `relieve`.
  void setCollector(napi_value function);
  void releaseCollected();

  // ---- errors
  void setErrorClasses(napi_value array);
  void raise(const Error& error);  // leaves a JavaScript exception pending
  napi_value makeError(const Error& error) const;

  // ---- references dropped where no call into JavaScript is allowed
  void bury(napi_ref ref) { buried_.push_back(ref); }

 private:
  static constexpr int64_t kStep = 32 << 20;
  static constexpr int64_t kMajorStep = 256 << 20;
  static constexpr int64_t kCountStep = 4096;

  explicit Environment(napi_env env) : promises(*this, env), env_(env) {}
  static void finalizeHandle(napi_env env, void* data, void* hint);
  static void cleanup(void* data);
  Handle* newHandle(Tensor tensor);
  Handle* find(double number) const;  // null when there is none
  void attach(napi_value object, Handle* handle);
  void release(Handle* handle);
  void clearBuried();
  int64_t pressure() const;
  void collect(bool major);
  void relieve();

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
  napi_ref collector_ = nullptr;
  napi_ref errorClasses_ = nullptr;
  std::vector<napi_ref> buried_;
};

// A JavaScript exception is pending: unwinds to the entry, which returns to JavaScript.
struct PendingException {};
void check(napi_status status);

}  // namespace anneal::binding
