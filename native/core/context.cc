#include "core/context.h"

namespace anneal {

namespace {
thread_local Context* current = nullptr;
}

Context& context() {
  if (!current) current = new Context;  // a thread's default lives as long as the process
  return *current;
}

void setContext(Context* context) { current = context; }

}  // namespace anneal
