#include "binding/skips.h"

#include <utility>

#include "binding/environment.h"

namespace anneal::binding {

namespace {

constexpr size_t kMost = 64;

bool isTold(const FailureRef& failure) { return failure->errorTold->load(std::memory_order_relaxed); }

}  // namespace

Skips::Skips(Environment& environment, napi_env env) : environment_(environment) {
  napi_value name;
  check(napi_create_string_utf8(env, "anneal", NAPI_AUTO_LENGTH, &name));
  check(
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, announce, &function_));
  check(napi_unref_threadsafe_function(env, function_));
  environment.context.stream->setSkipListener({skipped, this});
}

Skips::~Skips() = default;

void Skips::close() { napi_release_threadsafe_function(function_, napi_tsfn_abort); }

void Skips::skipped(void* data, const FailureRef& failure) {
  auto* self = static_cast<Skips*>(data);
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    if (self->new_.size() == kMost) std::erase_if(self->new_, isTold);
    if (self->new_.size() < kMost) self->new_.push_back(failure);
  }
  if (self->announced_.exchange(true)) return;
  napi_call_threadsafe_function(self->function_, nullptr, napi_tsfn_nonblocking);
}

void Skips::announce(napi_env env, napi_value, void* data, void*) {
  if (!env) return;  // closing
  auto* self = static_cast<Skips*>(data);
  self->announced_.store(false);
  if (!self->listener) return;
  try {
    self->listener->call({});
  } catch (const PendingException&) {
    self->environment_.errors.take();  // this runs outside of an entry
  }
}

std::vector<FailureRef> Skips::take(bool all) {
  const Stream& stream = *environment_.context.stream;
  if (asked_.empty() || all) {
    const std::lock_guard<std::mutex> lock(mutex_);
    asked_.insert(asked_.end(), new_.begin(), new_.end());
    new_.clear();
    askedAt_ = stream.submitted();
  }
  if (!all && stream.completed() < askedAt_) return {};
  std::erase_if(asked_, isTold);
  return std::exchange(asked_, {});
}

bool Skips::pending() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !asked_.empty() || !new_.empty();
}

}  // namespace anneal::binding
