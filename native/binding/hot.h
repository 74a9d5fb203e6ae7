// What every call of an operator and every run of a program goes through, in plain C Node-API for its speed: reading arguments
// and numbers, and attaching, finding and finalizing handles and programs. The rest of the binding uses node-addon-api.
#pragma once
#include <napi.h>

#include <deque>
#include <memory>
#include <vector>

#include "core/pooled.h"
#include "ops/operator.h"

namespace anneal {
class Program;
}

namespace anneal::binding {

class Environment;

// A call of Node-API that failed, perhaps with a JavaScript exception pending, unwinds to the function that JavaScript called.
inline void check(napi_env env, napi_status status) {
  if (status != napi_ok) throw Napi::Error::New(env);
}

// What a function of the addon is called with. Napi::CallbackInfo has room for six arguments: for a run of a program, which has eight,
// it allocates memory and asks twice.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    check(env, napi_get_cb_info(env, info, &count_, values_, nullptr, &data_));
  }
  Napi::Env Env() const { return env_; }
  size_t Length() const { return count_; }
  Napi::Value operator[](size_t i) const { return {env_, values_[i]}; }
  void* Data() const { return data_; }

 private:
  static constexpr size_t kMost = 24;
  const napi_env env_;
  void* data_ = nullptr;
  size_t count_ = kMost;
  napi_value values_[kMost];
};

// How errors name an argument: by its operator and parameter.
struct Name {
  const char* op;
  const char* param;
};
[[noreturn]] void unexpected(Napi::Value value, Name name, const char* expected);

double toNumber(napi_env env, napi_value value, Name name);
int64_t toInteger(napi_env env, napi_value value, Name name);

// The tensors that JavaScript holds, each named by its number. JavaScript keeps the number in an object, whose death releases it.
class Handles {
 public:
  Handles(Environment& environment, napi_env env) : environment_(environment), env_(env) {}
  // When the environment ends. Finalizers may still come, and the last of them deletes the environment.
  void close();

  int32_t adopt(napi_value object, Tensor tensor);
  // One for each object of an array; -1 for a tensor that is undefined.
  napi_value adoptAll(napi_value objects, Tensors tensors, const char* op);
  int32_t lend(Tensor tensor);  // for `claim`
  void claim(napi_value object, int64_t number);
  void takeBack(int32_t number);  // a handle that was lent, unless it was claimed
  void dispose(int64_t number);

  const Tensor& tensor(double number, Name name) const;
  const Tensor& tensor(napi_value number, Name name) const { return tensor(toNumber(env_, number, name), name); }
  // Those of an array; undefined ones for -1, where that is allowed.
  Tensors tensors(napi_value numbers, Name name, bool optional) const;

  void beginEntry();  // releases what has been dead for some entries
  void releaseCollected();
  int64_t live() const { return live_; }          // not disposed, their object alive
  int64_t attached() const { return attached_; }  // with a finalizer to come

 private:
  struct Handle : Pooled<Handle> {
    Handles* all;
    Tensor tensor;  // undefined once disposed
    int32_t number;
    bool owned = false;        // by an object of JavaScript's
    uint64_t collectedAt = 0;  // entry during which the object died
  };

  static void finalize(napi_env env, void* handle, void* hint);
  Handle* add(Tensor tensor);
  Handle* find(double number) const;  // null when there is none
  void attach(napi_value object, Handle* handle);
  void release(Handle* handle);

  Environment& environment_;
  const napi_env env_;
  std::vector<Handle*> handles_;
  std::vector<int32_t> free_;
  std::deque<Handle*> collected_;  // their object is dead; see `finalize`
  int64_t live_ = 0, attached_ = 0;
  uint64_t entries_ = 0;
  bool closed_ = false;
};

// The object that a program belongs to. Napi::ObjectWrap would wrap the receiver of a call only, and its finalizer deletes a
// reference: in the middle of a collection Node 22.0 aborts at that.
void attachProgram(napi_env env, napi_value owner, std::unique_ptr<Program> program);
Program* findProgram(napi_env env, napi_value owner);  // null for an object that has none

}  // namespace anneal::binding
