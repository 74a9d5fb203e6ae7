// The state of a caller of the engine: one per JavaScript environment (a native test has its own).
#pragma once
#include <functional>

#include "core/stream.h"
#include "core/thread_local.h"

namespace anneal {

class Capture;    // core/capture.h
struct Recorder;  // ops/operator.h: sees every operator that may need a gradient

struct Context {
  Context() : stream(&Stream::take()) {}
  // What is on the stream is left out, and waited for.
  ~Context() { stream->giveBack(); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Stream* const stream;
  bool gradEnabled = true;
  uint64_t gradChanges = 0;  // of requiresGrad and of hooks, of any tensor: programs look again when it has moved
  Recorder* recorder = nullptr;
  Capture* capture = nullptr;  // while a function is traced
  // Called when memory runs out: frees tensors that are garbage, if the caller has a way to find them.
  std::function<void()> reclaim;
};

// The context of the calling thread. An environment sets its own at every entry; otherwise it is a default one.
extern ANNEAL_THREAD_LOCAL Context* currentContext;
Context& defaultContext();
inline Context& context() { return currentContext ? *currentContext : defaultContext(); }
inline void setContext(Context* context) { currentContext = context; }

// Switches recording off or on for a scope.
class GradMode {
 public:
  explicit GradMode(bool enabled) : context_(context()), before_(context_.gradEnabled) {
    context_.gradEnabled = enabled;
  }
  ~GradMode() { context_.gradEnabled = before_; }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  Context& context_;
  const bool before_;
};

}  // namespace anneal
