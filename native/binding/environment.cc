#include "binding/environment.h"

#include <algorithm>

#include "autograd/tape.h"
#include "core/stream.h"
#include "core/system.h"

namespace anneal::binding {

namespace {

// An object's own share, so that many tiny tensors count too.
constexpr int64_t kHandleBytes = 256;

// Entries for which a handle outlives its object.
constexpr uint64_t kGrace = 8;

}  // namespace

Environment* Environment::create(napi_env env) {
  auto* self = new Environment(env);
  preferShortSlices();
  self->context.recorder = tapeRecorder();
  self->context.reclaim = [self] {
    if (self->collector) self->collect(true);
    self->releaseCollected();
  };
  // Hooks run last in, first out: this one before the threadsafe function's own.
  check(napi_add_env_cleanup_hook(env, cleanup, self));
  return self;
}

// The environment ends, perhaps in the middle of a step: what it still has on the stream is skipped, and waited for, because
// it may write into buffers that are about to go. Finalizers of its objects may still come, so the last of them deletes it.
void Environment::cleanup(void* data) {
  auto* self = static_cast<Environment*>(data);
  Stream& stream = *self->context.stream;
  stream.cancel();
  stream.wait(stream.submitted());
  self->promises.close();
  self->skips.close();
  self->closed_ = true;
  self->context.reclaim = nullptr;
  setContext(nullptr);
  self->releaseCollected();
  self->trace.reset();
  for (JsFunction* function : self->functions_) {
    self->unused_.push_back(function->reference_);
    function->environment_ = nullptr;
  }
  self->functions_.clear();
  self->deleteReferences();
  self->errors.close();
  if (self->attached_ == 0) delete self;
}

// ---- handles -----------------------------------------------------------------------------------------------------------------

void Environment::enter() {
  ++entries_;
  setContext(&context);
  if (!unused_.empty()) deleteReferences();
  while (!collected_.empty() && collected_.front()->collectedAt + kGrace < entries_) {
    Handle* handle = collected_.front();
    collected_.pop_front();
    release(handle);
  }
}

Handle* Environment::newHandle(Tensor tensor) {
  if (pressure() > collectAt_ || attached_ > collectAtCount_) collectIfPressed();
  int32_t number;
  if (free_.empty()) {
    number = static_cast<int32_t>(handles_.size());
    handles_.push_back(nullptr);
  } else {
    number = free_.back();
    free_.pop_back();
  }
  auto* handle = new Handle{{}, this, std::move(tensor), number};
  handles_[number] = handle;
  ++live_;
  return handle;
}

void Environment::attach(napi_value object, Handle* handle) {
  if (napi_add_finalizer(env_, object, handle, finalizeHandle, nullptr, nullptr) != napi_ok) throw PendingException{};
  handle->owned = true;
  ++attached_;
}

int32_t Environment::adopt(napi_value object, Tensor tensor) {
  Handle* handle = newHandle(std::move(tensor));
  try {
    attach(object, handle);
  } catch (const PendingException&) {
    --live_;
    release(handle);
    throw;
  }
  return handle->number;
}

int32_t Environment::lend(Tensor tensor) { return newHandle(std::move(tensor))->number; }

void Environment::claim(napi_value object, int64_t number) {
  Handle* handle = find(static_cast<double>(number));
  if (!handle || handle->owned) {
    fail(ErrorKind::Disposed, "there is no tensor %lld to claim", static_cast<long long>(number));
  }
  attach(object, handle);
}

void Environment::takeBack(int32_t number) {
  Handle* handle = find(static_cast<double>(number));
  if (!handle || handle->owned) return;
  if (handle->tensor.defined()) --live_;
  release(handle);
}

// May run in the middle of a garbage collection: frees memory, and never calls into JavaScript.
//
// An object can be found dead between the reading of its number and the call that passes it, since the compiler sees no
// later use of the object; so the number stays good for a few entries.
void Environment::finalizeHandle(napi_env, void* data, void*) {
  auto* handle = static_cast<Handle*>(data);
  Environment* self = handle->environment;
  --self->attached_;
  if (!self->closed_) {
    handle->collectedAt = self->entries_;
    if (handle->tensor.defined()) --self->live_;
    self->collected_.push_back(handle);
    return;
  }
  if (handle->tensor.defined()) --self->live_;
  self->release(handle);
  if (self->attached_ == 0) delete self;
}

void Environment::releaseCollected() {
  while (!collected_.empty()) {
    Handle* handle = collected_.front();
    collected_.pop_front();
    release(handle);
  }
}

void Environment::release(Handle* handle) {
  handles_[handle->number] = nullptr;
  free_.push_back(handle->number);
  delete handle;
}

Handle* Environment::find(double number) const {
  const bool known = number >= 0 && number < static_cast<double>(handles_.size());
  return known ? handles_[static_cast<size_t>(number)] : nullptr;
}

void Environment::dispose(int64_t number) {
  Handle* handle = find(static_cast<double>(number));
  if (!handle || !handle->tensor.defined()) return;
  handle->tensor = Tensor();
  --live_;
}

const Tensor& Environment::tensor(double number, const char* op, const char* param) const {
  // The TypeScript side passes -1 for a disposed tensor; anything else that is no live number is a stale one.
  const Handle* handle = find(number);
  if (handle && handle->tensor.defined()) return handle->tensor;
  fail(ErrorKind::Disposed, "[%s] '%s' has been disposed", op, param);
}

// Bytes that this environment keeps, the graphs behind its tensors included.
int64_t Environment::pressure() const { return Storage::liveHere() + attached_ * kHandleBytes; }

void Environment::collect(bool major) {
  napi_value argument;
  check(napi_get_boolean(env_, major, &argument));
  try {
    collector->call({argument});
  } catch (const PendingException&) {
    errors.take();  // the stack is full: no reason to fail here
  }
}

// JavaScript's collector sees a tensor as a small object and would leave gigabytes of them lying. Node-API's way of telling it
// (napi_adjust_external_memory) answers with full collections, and aborts in V8 11.3 (Node 20) when one is due while another is
// being marked. So the engine asks for collections itself: minor ones, a fraction of a millisecond, since a step's tensors die
// young; a major one when those no longer help. In a loop of small operators it also asks every few thousand tensors, so that
// what dies is reused while it is still in the processor's cache: a collection costs a tensor 15 ns then, and misses would
// cost it several hundred.
void Environment::collectIfPressed() {
  if (!collector) return;
  collect(false);
  releaseCollected();
  if (pressure() > 2 * afterMajor_ + kMajorStep) {
    collect(true);
    releaseCollected();
    afterMajor_ = pressure();
  }
  collectAt_ = pressure() + std::max(kStep, pressure() / 4);
  collectAtCount_ = attached_ + std::max(kCountStep, attached_ / 4);
}

// ---- functions -----------------------------------------------------------------------------------------------------------------

void Environment::deleteReferences() {
  for (napi_ref reference : unused_) napi_delete_reference(env_, reference);
  unused_.clear();
}

JsFunction::JsFunction(Environment& environment, napi_value function) : environment_(&environment) {
  check(napi_create_reference(environment.env(), function, 1, &reference_));
  environment.functions_.insert(this);
}

JsFunction::~JsFunction() {
  if (!environment_) return;
  environment_->functions_.erase(this);
  environment_->unused_.push_back(reference_);
}

napi_value JsFunction::call(std::initializer_list<napi_value> arguments) const {
  Environment& environment = *environment_;  // the call may be the end of this object
  napi_value function, receiver, result;
  check(napi_get_reference_value(environment.env(), reference_, &function));
  check(napi_get_undefined(environment.env(), &receiver));
  const napi_status status =
      napi_call_function(environment.env(), receiver, function, arguments.size(), arguments.begin(), &result);
  setContext(&environment.context);  // another environment of this thread may have been called
  check(status);
  return result;
}

}  // namespace anneal::binding
