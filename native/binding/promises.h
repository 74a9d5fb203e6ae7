// Promises that settle when the stream has got to where it stands now.
//
// Telling JavaScript's thread from another one costs 20 to 100 us, as much as a small network. So the thread waits for short
// results itself where that has paid lately, and the promise is settled when it is given out. Since a program that awaits nothing but
// such promises would never get back to the event loop, every 2 ms one is settled only in the loop's next turn.
#pragma once
#include <napi.h>

#include <chrono>
#include <functional>
#include <memory>

#include "core/kernels.h"
#include "core/stream.h"

namespace anneal::binding {

class Environment;

class Promises {
 public:
  Promises(Environment& environment, Napi::Env env);
  ~Promises();
  void close();

  // Settled when the stream gets here. Rejects, if `reports`, with the first failure that nobody has been told of yet.
  Napi::Promise fence(bool reports);
  // Settled when the stream has got here and run `task`, which may wait for other threads. Rejects with what it throws.
  Napi::Promise ofTask(std::function<void()> task);
  // Settled when the stream has made the copy, with `result`, which is kept alive until then, or with undefined where that is empty.
  // Rejects with the failure that took what was to be read. Without a destination nothing is copied.
  Napi::Promise ofRead(Napi::Value result, void (*reader)(const CopyArgs&), const CopyArgs& copy);

 private:
  using Clock = std::chrono::steady_clock;
  struct Completion;

  // What becomes of a promise whose result is there soon: settled when given out, or in the next turn of the event loop; or
  // else when the stream says so.
  enum class Way { AtOnce, NextTurn, Later };

  // A promise that settles when `submit`, which puts something on the stream, is answered through the completion it is given.
  template <class Submit>
  Napi::Promise make(Napi::Value result, Submit&& submit);
  static void arrive(void* completion, FailureRef failure);
  Way nextWay();
  bool waitFor(const Completion& completion);
  bool leave(Completion& completion);
  void settle(Completion& completion) noexcept;
  void settleTurned();
  void turn(std::unique_ptr<Completion> completion);
  static void onTurn(const Napi::CallbackInfo& info);
  static void settleLater(Napi::Env env, Napi::Function, Promises* self, Completion* completion);
  using Settler = Napi::TypedThreadSafeFunction<Promises, Completion, settleLater>;

  Environment& environment_;
  const Napi::Env env_;
  Settler settler_;
  int pending_ = 0;  // to be settled later
  Napi::FunctionReference setImmediate_, onTurn_;
  std::unique_ptr<Completion> turned_;  // to be settled in the next turn
  // ---- when to wait
  bool inRow_ = false;  // of promises that were settled when they were given out
  Clock::time_point firstOfRow_;
  int skip_ = 0;     // promises for which not to wait,
  int penalty_ = 0;  // after a wait in vain
};

}  // namespace anneal::binding
