// Promises that settle when the stream has got to where it stands now.
//
// Telling JavaScript's thread from another one costs 20 to 100 us, as much as a small network. So the thread waits for short
// results itself where that has paid lately, and the promise is settled when it is given out. Since a program that awaits nothing but
// such promises would never get back to the event loop, it is sent there every 2 ms.
#pragma once
#include <node_api.h>

#include <chrono>

#include "core/stream.h"

namespace anneal::binding {

class Environment;

class Promises {
 public:
  Promises(Environment& environment, napi_env env);
  void close();

  // Resolves with what `keep` refers to and keeps alive until then, or with undefined. Rejects with the environment's failure
  // if `reports`.
  napi_value ofFence(napi_ref keep, bool reports);

 private:
  using Clock = std::chrono::steady_clock;
  struct Completion;

  static void settleLater(napi_env env, napi_value callback, void* context, void* data);
  void settle(Completion& completion);
  bool leave(Completion& completion);
  bool mayWait();
  bool waitFor(const Completion& completion);

  Environment& environment_;
  const napi_env env_;
  napi_threadsafe_function function_ = nullptr;
  int pending_ = 0;  // to be settled later
  // ---- when to wait
  int inARow_ = 0;  // promises that were settled when they were given out
  Clock::time_point firstOfRow_;
  int skip_ = 0;     // promises for which not to wait,
  int penalty_ = 0;  // after a wait in vain
};

}  // namespace anneal::binding
