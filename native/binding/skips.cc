#include "binding/skips.h"

#include <utility>

#include "binding/environment.h"

namespace anneal::binding {

namespace {

constexpr size_t kMost = 64;

bool isTold(const FailureRef& failure) { return failure->errorTold->load(std::memory_order_relaxed); }

}  // namespace

Skips::Skips(Environment& environment, Napi::Env env)
    : environment_(environment), announcer_(Announcer::New(env, "anneal", 0, 1, this)) {
  announcer_.Unref(env);
  environment.context.stream->setSkipListener({skipped, this});
}

Skips::~Skips() = default;

void Skips::close() { announcer_.Abort(); }

void Skips::skipped(void* data, const FailureRef& failure) {
  auto* self = static_cast<Skips*>(data);
  {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    if (self->new_.size() == kMost) std::erase_if(self->new_, isTold);
    if (self->new_.size() < kMost) self->new_.push_back(failure);
  }
  if (self->announced_.exchange(true)) return;
  self->announcer_.NonBlockingCall(nullptr);
}

void Skips::announce(Napi::Env env, Napi::Function, Skips* self, void*) {
  if (env == nullptr) return;  // closing
  self->announced_.store(false);
  if (!self->listener) return;
  try {
    self->listener->call({});
  } catch (const Napi::Error&) {
    // This runs outside of an entry.
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
