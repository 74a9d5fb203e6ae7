#include "core/context.h"

#include <memory>
#include <mutex>
#include <vector>

namespace anneal {

ANNEAL_THREAD_LOCAL Context* currentContext = nullptr;

// A thread's own, for callers without an environment. Kept for good: the thread may end before its kernels do.
Context& defaultContext() {
  static auto* mutex = new std::mutex;
  static auto* all = new std::vector<std::unique_ptr<Context>>;
  thread_local Context* mine = nullptr;
  if (!mine) {
    const std::lock_guard<std::mutex> lock(*mutex);
    mine = all->emplace_back(std::make_unique<Context>()).get();
  }
  return *mine;
}

}  // namespace anneal
