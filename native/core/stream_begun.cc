// Kernels that a worker runs: whether they fail is known some time after they have begun. Until then the stream notes which memory
// they and the kernels after them use. It asks, and keeps account of what is lost, before anything is read or updated in place, so
// that the rules of docs/architecture.md, "Failures", hold for workers too. By then the kernel in question is usually done: a loss,
// say, when the optimizer's turn has come, behind the kernels of the gradients.
#include <algorithm>
#include <new>
#include <utility>

#include "core/stream.h"

namespace anneal {

namespace {

constexpr size_t kMostBegun = 256;  // kernels that are noted before the stream asks

// What a worker has to say, if anything.
template <class F>
std::optional<Error> said(F&& ask) {
  try {
    ask();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace

void Stream::began(Worker& worker, uint64_t ticket) {
  if (std::find(workers_.begin(), workers_.end(), &worker) == workers_.end()) workers_.push_back(&worker);
  if (ticket == 0) return;
  beganOn_ = &worker;
  ticket_ = ticket;
  asks_ = true;
}

bool Stream::updates(const Kind& kind, const void* args) {
  uses_.clear();
  if (kind.uses) kind.uses(args, uses_);
  return std::any_of(uses_.begin(), uses_.end(),
                     [](const MemoryUse& use) { return use.role == Role::Update || use.role == Role::Assign; });
}

// A kernel behind one that may still fail. Where memory is lost already, that is known before the next kernel.
void Stream::stepBegun(const Kind& kind, Thunk kernel, const void* args) {
  if (!lost_.empty() || begun_.size() >= kMostBegun || updates(kind, args)) settle();
  if (!lost_.empty() && kind.uses) return stepWhereLost(kind, kernel, args);
  if (std::optional<Error> error = attempt(kind, kernel, args)) {
    settle();
    return fails(kind, args, *std::move(error));
  }
  noteBegun(kind, args);
}

void Stream::noteBegun(const Kind& kind, const void* args) {
  const uint64_t ticket = std::exchange(ticket_, 0);
  if (ticket == 0 && (begun_.empty() || !kind.uses)) return;
  begun_.push_back({ticket ? beganOn_ : nullptr, ticket, {}});
  if (kind.uses) kind.uses(args, begun_.back().uses);
  publish();
}

void Stream::settle() {
  asks_ = false;
  if (begun_.empty()) return;
  for (const Begun& begun : std::exchange(begun_, {})) {
    std::optional<Error> error;
    if (begun.ticket) error = said([&] { begun.worker->settle(begun.ticket); });
    uses_ = begun.uses;
    renewWholes();
    if (const FailureRef failure = lossOfSources())
      leaveOut(failure);
    else if (error)
      fails(*std::move(error));
    else if (!lost_.empty())
      hasWritten();
  }
  publish();
}

FailureRef Stream::waitForWorkers() {
  FailureRef first;
  for (Worker* worker : workers_) {
    const std::optional<Error> error = said([&] { worker->wait(); });
    if (error && !first) first = std::make_shared<const Failure>(*error, ++failures_);
  }
  workers_.clear();
  return first;
}

}  // namespace anneal
