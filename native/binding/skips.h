// Failures because of which updates in place did not happen, until JavaScript warns of those that nobody has been told of.
#pragma once
#include <napi.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "core/lost_memory.h"

namespace anneal::binding {

class Environment;
class JsFunction;

class Skips {
 public:
  Skips(Environment& environment, Napi::Env env);
  ~Skips();
  void close();

  // The function that is called, without arguments, when there are new ones. It keeps no process alive.
  std::unique_ptr<JsFunction> listener;

  // Those that nobody has been told of, though all has run that was on the stream when they were first asked for: reads of them
  // may have been under way. Each is given once. With `all`, those too for which there may be reads.
  std::vector<FailureRef> take(bool all);
  // Whether there are more for a later `take`.
  bool pending();

 private:
  static void skipped(void* self, const FailureRef& failure);
  static void announce(Napi::Env env, Napi::Function, Skips* self, void*);
  using Announcer = Napi::TypedThreadSafeFunction<Skips, void, announce>;

  Environment& environment_;
  Announcer announcer_;
  std::atomic<bool> announced_{false};
  std::mutex mutex_;
  std::vector<FailureRef> new_;    // under the mutex; not all, if they are many
  std::vector<FailureRef> asked_;  // when the stream stood at `askedAt_`
  uint64_t askedAt_ = 0;
};

}  // namespace anneal::binding
