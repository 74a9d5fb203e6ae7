#include "binding/environment.h"

#include <algorithm>
#include <utility>

#include "autograd/tape.h"
#include "core/stream.h"
#include "core/system.h"

namespace anneal::binding {

Environment* Environment::create(Napi::Env env) {
  auto* self = new Environment(env);
  preferShortSlices();
  self->context.recorder = tapeRecorder();
  self->context.reclaim = [self] {
    if (self->collector) self->collect(true);
    self->handles.releaseCollected();
  };
  // Hooks run last in, first out: this one before the threadsafe functions' own.
  env.AddCleanupHook(cleanup, self);
  return self;
}

// The environment ends, perhaps in the middle of a step: what it still has on the stream is skipped, and waited for, because
// it may write into buffers that are about to go. Finalizers of its objects may still come, so the last of them deletes it,
// and finds no reference of Node-API's in it.
void Environment::cleanup(Environment* self) {
  Stream& stream = *self->context.stream;
  stream.cancel();
  stream.wait(stream.submitted());
  self->promises.close();
  self->skips.close();
  self->context.reclaim = nullptr;
  setContext(nullptr);
  self->handles.close();
  self->trace.reset();
  for (JsFunction* function : self->functions_) {
    self->unused_.push_back(std::move(function->reference_));
    function->environment_ = nullptr;
  }
  self->functions_.clear();
  self->unused_.clear();
  self->errors.close();
  if (self->handles.attached() == 0) delete self;
}

void Environment::collect(bool major) {
  try {
    collector->call({Napi::Boolean::New(env, major)});
  } catch (const Napi::Error&) {
    // The stack is full: no reason to fail here.
  }
}

// JavaScript's collector sees a tensor as a small object and would leave gigabytes of them lying. Node-API's way of telling it
// (napi_adjust_external_memory) answers with full collections, and aborts in V8 11.3 (Node 20) when one is due while another is
// being marked. So the engine asks for collections itself: minor ones, a fraction of a millisecond, since a step's tensors die
// young; a major one when those no longer help. In a loop of small operators it also asks every few thousand tensors, so that
// what dies is reused while it is still in the processor's cache: a collection costs a tensor 15 ns then, and misses would
// cost it several hundred.
void Environment::collectUnderPressure() {
  if (!collector) return;
  collect(false);
  handles.releaseCollected();
  if (pressure() > 2 * afterMajor_ + kMajorStep) {
    collect(true);
    handles.releaseCollected();
    afterMajor_ = pressure();
  }
  collectAt_ = pressure() + std::max(kStep, pressure() / 4);
  collectAtCount_ = handles.attached() + std::max(kCountStep, handles.attached() / 4);
}

// ---- functions -----------------------------------------------------------------------------------------------------------------

JsFunction::JsFunction(Environment& environment, Napi::Function function)
    : environment_(&environment), reference_(Napi::Persistent(function)) {
  environment.functions_.insert(this);
}

JsFunction::~JsFunction() {
  if (!environment_) return;
  environment_->functions_.erase(this);
  environment_->unused_.push_back(std::move(reference_));
}

Napi::Value JsFunction::call(std::initializer_list<napi_value> arguments) const {
  // Another environment of this thread may be called meanwhile, and the call may be the end of this object.
  struct Restore {
    Context& context;
    ~Restore() { setContext(&context); }
  } restore{environment_->context};
  return reference_.Value().Call(arguments);
}

}  // namespace anneal::binding
