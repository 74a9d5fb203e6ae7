#include "binding/promises.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "binding/environment.h"
#include "core/spin.h"

namespace anneal::binding {

namespace {

constexpr auto kLongestWait = std::chrono::milliseconds(1);
constexpr auto kLongestRow = std::chrono::milliseconds(2);
constexpr int kMostSkipped = 63;

}  // namespace

struct Promises::Completion {
  enum Stage { Awaited, Left, Done };  // by JavaScript's thread; to `settleLater`; the stream got there

  Completion(Napi::Env env, Napi::Value result, const Settler& settler)
      : deferred(env), result(Napi::Reference<Napi::Value>::New(result, 1)), settler(settler) {
    this->result.SuppressDestruct();  // where the environment ends, this may die on the stream's thread
  }

  Napi::Promise::Deferred deferred;
  Napi::Reference<Napi::Value> result;
  Settler settler;
  FailureRef failure;
  std::atomic<Stage> stage{Awaited};
};

Promises::Promises(Environment& environment, Napi::Env env)
    : environment_(environment), env_(env), settler_(Settler::New(env, "anneal", 0, 1, this)) {
  settler_.Unref(env);
  const Napi::Value setImmediate = env.Global().Get("setImmediate");
  if (!setImmediate.IsFunction()) return;  // as in a simulated browser
  setImmediate_ = Napi::Persistent(setImmediate.As<Napi::Function>());
  onTurn_ = Napi::Persistent(Napi::Function::New<onTurn>(env, "onTurn", this));
}

Promises::~Promises() = default;

void Promises::close() {
  settler_.Abort();
  if (turned_) turned_->result.Reset();
  turned_.reset();
  setImmediate_.Reset();
  onTurn_.Reset();
}

void Promises::arrive(void* data, FailureRef failure) {
  auto* completion = static_cast<Completion*>(data);
  const Settler settler = completion->settler;
  completion->failure = std::move(failure);
  if (completion->stage.exchange(Completion::Done) == Completion::Awaited) return;  // settled by JavaScript's thread
  // Refused only when the environment is closing; nobody waits any more.
  if (settler.NonBlockingCall(completion) != napi_ok) delete completion;
}

Napi::Promise Promises::fence(bool reports) {
  return make({}, [&](Completion* completion) {
    environment_.context.stream->submitFence(reports,
                                             [completion](const FailureRef& failure) { arrive(completion, failure); });
  });
}

Napi::Promise Promises::ofTask(std::function<void()> task) {
  return make({}, [&](Completion* completion) {
    environment_.context.stream->submitFence(false, [completion, task = std::move(task)](const FailureRef&) {
      try {
        task();
        arrive(completion, nullptr);
      } catch (const Error& error) {
        arrive(completion, std::make_shared<const Failure>(error, 0));
      }
    });
  });
}

Napi::Promise Promises::ofRead(Napi::Value result, void (*reader)(const CopyArgs&), const CopyArgs& copy) {
  return make(result, [&](Completion* completion) {
    environment_.context.stream->submitRead(reader, copy, {arrive, completion});
  });
}

template <class Submit>
Napi::Promise Promises::make(Napi::Value result, Submit&& submit) {
  auto owned = std::make_unique<Completion>(env_, result, settler_);
  const Napi::Promise promise = owned->deferred.Promise();
  const Way way = nextWay();
  if (way == Way::Later) leave(*owned);
  Completion* const completion = owned.release();
  submit(completion);
  if (way == Way::Later || (!waitFor(*completion) && leave(*completion))) return promise;
  owned.reset(completion);
  way == Way::NextTurn ? turn(std::move(owned)) : settle(*owned);
  return promise;
}

// To `settleLater`; false: the stream was there first.
bool Promises::leave(Completion& completion) {
  if (pending_++ == 0) settler_.Ref(env_);
  Completion::Stage expected = Completion::Awaited;
  if (completion.stage.compare_exchange_strong(expected, Completion::Left)) return true;
  if (--pending_ == 0) settler_.Unref(env_);
  return false;
}

// Not before others, which settle in order; and not for too long without the event loop.
Promises::Way Promises::nextWay() {
  if (turned_ || pending_ > 0 || (skip_ > 0 && skip_-- > 0)) {
    inRow_ = false;
    return Way::Later;
  }
  const Clock::time_point now = Clock::now();
  if (!inRow_) firstOfRow_ = now;
  inRow_ = now - firstOfRow_ <= kLongestRow;
  return inRow_ ? Way::AtOnce : setImmediate_.IsEmpty() ? Way::Later : Way::NextTurn;
}

bool Promises::waitFor(const Completion& completion) {
  const auto isDone = [&] { return completion.stage.load(std::memory_order_acquire) == Completion::Done; };
  if (spinUntil(isDone, kLongestWait)) {
    penalty_ = 0;
    return true;
  }
  penalty_ = std::min(2 * penalty_ + 1, kMostSkipped);
  skip_ = penalty_;
  inRow_ = false;
  return false;
}

void Promises::settleLater(Napi::Env env, Napi::Function, Promises* self, Completion* arrived) {
  const std::unique_ptr<Completion> completion(arrived);
  if (env == nullptr) return;  // closing
  if (--self->pending_ == 0) self->settler_.Unref(env);
  self->settleTurned();
  self->settle(*completion);
}

// The loop does not sleep when it has something to do in its next turn.
void Promises::turn(std::unique_ptr<Completion> completion) {
  turned_ = std::move(completion);
  setImmediate_.Value().Call(env_.Global(), {onTurn_.Value()});
}

void Promises::onTurn(const Napi::CallbackInfo& info) { static_cast<Promises*>(info.Data())->settleTurned(); }

void Promises::settleTurned() {
  if (const std::unique_ptr<Completion> completion = std::move(turned_)) settle(*completion);
}

// Throws nothing, since it also runs outside of an entry. Node-API refuses only where the environment is ending.
void Promises::settle(Completion& completion) noexcept {
  try {
    const Napi::Value result = completion.result.IsEmpty() ? env_.Undefined() : completion.result.Value();
    completion.result.Reset();
    if (completion.failure) {
      completion.deferred.Reject(environment_.errors.make(completion.failure->error));
    } else {
      completion.deferred.Resolve(result);
    }
  } catch (const Napi::Error&) {}
}

}  // namespace anneal::binding
