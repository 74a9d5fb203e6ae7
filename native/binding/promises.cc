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

  napi_deferred deferred = nullptr;
  napi_ref keep;
  napi_threadsafe_function function;
  FailureRef failure;
  std::atomic<Stage> stage{Awaited};
};

Promises::Promises(Environment& environment, napi_env env) : environment_(environment), env_(env) {
  napi_value name;
  check(napi_create_string_utf8(env, "anneal", NAPI_AUTO_LENGTH, &name));
  check(napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, settleLater,
                                        &function_));
  check(napi_unref_threadsafe_function(env, function_));

  napi_value global, setImmediate, onTurn;
  check(napi_get_global(env, &global));
  check(napi_get_named_property(env, global, "setImmediate", &setImmediate));
  napi_valuetype type;
  check(napi_typeof(env, setImmediate, &type));
  if (type != napi_function) return;  // as in a simulated browser
  check(napi_create_reference(env, setImmediate, 1, &setImmediate_));
  check(napi_create_function(env, "onTurn", NAPI_AUTO_LENGTH, Promises::onTurn, this, &onTurn));
  check(napi_create_reference(env, onTurn, 1, &onTurn_));
}

Promises::~Promises() = default;

void Promises::close() {
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
  if (turned_ && turned_->keep) napi_delete_reference(env_, turned_->keep);
  turned_.reset();
  for (napi_ref reference : {setImmediate_, onTurn_}) {
    if (reference) napi_delete_reference(env_, reference);
  }
}

void Promises::arrive(void* data, FailureRef failure) {
  auto* completion = static_cast<Completion*>(data);
  const napi_threadsafe_function function = completion->function;
  completion->failure = std::move(failure);
  if (completion->stage.exchange(Completion::Done) == Completion::Awaited) return;  // settled by JavaScript's thread
  // Refused only when the environment is closing; nobody waits any more.
  if (napi_call_threadsafe_function(function, completion, napi_tsfn_nonblocking) != napi_ok) delete completion;
}

napi_value Promises::fence(bool reports) {
  return make(nullptr, [&](Completion* completion) {
    environment_.context.stream->submitFence(reports,
                                             [completion](const FailureRef& failure) { arrive(completion, failure); });
  });
}

napi_value Promises::ofRead(napi_ref keep, void (*reader)(const CopyArgs&), const CopyArgs& copy) {
  return make(keep, [&](Completion* completion) {
    environment_.context.stream->submitRead(reader, copy, {arrive, completion});
  });
}

template <class Submit>
napi_value Promises::make(napi_ref keep, Submit&& submit) {
  auto owned = std::make_unique<Completion>();
  owned->keep = keep;
  owned->function = function_;
  napi_value promise;
  check(napi_create_promise(env_, &owned->deferred, &promise));
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
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, function_);
  Completion::Stage expected = Completion::Awaited;
  if (completion.stage.compare_exchange_strong(expected, Completion::Left)) return true;
  if (--pending_ == 0) napi_unref_threadsafe_function(env_, function_);
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
  return inRow_ ? Way::AtOnce : setImmediate_ ? Way::NextTurn : Way::Later;
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

void Promises::settleLater(napi_env env, napi_value, void* context, void* data) {
  const std::unique_ptr<Completion> completion(static_cast<Completion*>(data));
  if (!env) return;  // closing
  auto* self = static_cast<Promises*>(context);
  if (--self->pending_ == 0) napi_unref_threadsafe_function(self->env_, self->function_);
  self->settleTurned();
  self->settle(*completion);
}

// The loop does not sleep when it has something to do in its next turn.
void Promises::turn(std::unique_ptr<Completion> completion) {
  turned_ = std::move(completion);
  napi_value global, setImmediate, onTurn;
  check(napi_get_global(env_, &global));
  check(napi_get_reference_value(env_, setImmediate_, &setImmediate));
  check(napi_get_reference_value(env_, onTurn_, &onTurn));
  check(napi_call_function(env_, global, setImmediate, 1, &onTurn, nullptr));
}

napi_value Promises::onTurn(napi_env env, napi_callback_info info) {
  void* self = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &self) == napi_ok) {
    static_cast<Promises*>(self)->settleTurned();
  }
  return nullptr;
}

void Promises::settleTurned() {
  if (const std::unique_ptr<Completion> completion = std::move(turned_)) settle(*completion);
}

// Leaves no exception behind, since it also runs outside of an entry. Node-API refuses only where the environment is ending.
void Promises::settle(Completion& completion) noexcept {
  napi_value value;
  napi_get_undefined(env_, &value);
  if (completion.keep) {
    napi_get_reference_value(env_, completion.keep, &value);
    napi_delete_reference(env_, completion.keep);
  }
  const napi_status status =
      completion.failure
          ? napi_reject_deferred(env_, completion.deferred, environment_.errors.make(completion.failure->error))
          : napi_resolve_deferred(env_, completion.deferred, value);
  if (status != napi_ok) environment_.errors.take();
}

}  // namespace anneal::binding
