// What the stream does about kernels that fail: it keeps account of the memory that is lost, leaves out the kernels that depend on
// it, and tells the reads of it. The rule is in docs/architecture.md, "Failures".
#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include "core/allocator.h"
#include "core/device.h"
#include "core/stream.h"

namespace anneal {

namespace {

constexpr size_t kMostUntold = 64, kMostRecent = 16;
// Kernels from one sweep of the allocators' free blocks to the next, and more where there are many blocks to look at.
constexpr uint64_t kKernelsBetweenIdleSweeps = 64, kKernelsBetweenSweeps = 4096, kBlocksPerKernel = 8;

}  // namespace

std::optional<Error> Stream::attempt(const Kind& kind, Thunk kernel, const void* args) {
  try {
    kind.invoke(kernel, args);
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::OutOfMemory, "out of memory while a kernel ran");
  } catch (const std::exception& error) {
    return Error(ErrorKind::Argument, error.what());
  } catch (...) {
    return Error(ErrorKind::Argument, "a kernel failed");
  }
}

void Stream::step(const Kind& kind, Thunk kernel, const void* args) {
  if (cancelled_.load(std::memory_order_relaxed)) return;
  if (asks_) return stepBegun(kind, kernel, args);
  if (!lost_.empty() && kind.uses) return stepWhereLost(kind, kernel, args);
  if (std::optional<Error> error = attempt(kind, kernel, args)) return fails(kind, args, *std::move(error));
  if (asks_) noteBegun(kind, args);
}

void Stream::stepWhereLost(const Kind& kind, Thunk kernel, const void* args) {
  uses_.clear();
  kind.uses(args, uses_);
  renewWholes();
  const FailureRef failure = lossOfSources();
  if (!failure) return stepWhole(kind, kernel, args);
  if (!kind.stepParts) return leaveOut(failure);
  try {
    kind.stepParts(*this, kind, kernel, args);
  } catch (const std::bad_alloc&) {
    leaveOut(kind, args, failure);
  }
}

void Stream::stepWhole(const Kind& kind, Thunk kernel, const void* args) {
  if (std::optional<Error> error = attempt(kind, kernel, args)) return fails(kind, args, *std::move(error));
  if (asks_) noteBegun(kind, args);
  uses_.clear();
  kind.uses(args, uses_);
  hasWritten();
  publish();
}

void Stream::hasWritten() {
  for (const MemoryUse& use : uses_) {
    // What is written with gaps is not written as a whole.
    if ((use.role == Role::Write || use.role == Role::Assign) && use.whole) lost_.remove(use.begin, use.end);
  }
}

void Stream::renewWholes() {
  for (const MemoryUse& use : uses_) {
    if (use.role == Role::NewWhole) lost_.remove(use.begin, use.end);
  }
}

FailureRef Stream::lossOfSources() const {
  FailureRef failure;
  for (const MemoryUse& use : uses_) {
    if (reads(use.role)) failure = earlier(failure, lost_.in(use.begin, use.end));
  }
  return failure;
}

void Stream::leaveOut(const Kind& kind, const void* args, const FailureRef& failure) {
  uses_.clear();
  kind.uses(args, uses_);
  leaveOut(failure);
}

// What would have been updated in place stays.
void Stream::leaveOut(const FailureRef& failure) {
  bool updates = false;
  for (const MemoryUse& use : uses_) {
    if (use.role == Role::Update || use.role == Role::Assign)
      updates = true;
    else
      loses(use, failure);
  }
  if (updates) noteSkip(failure);
}

void Stream::noteSkip(const FailureRef& failure) {
  const bool first = failure->skipped.fetch_add(1, std::memory_order_relaxed) == 0;
  if (first && skipListener_.skipped) skipListener_.skipped(skipListener_.listener, failure);
}

// The memory of an operand that its kernel did not write, or not to the end.
void Stream::loses(const MemoryUse& use, const FailureRef& failure) {
  switch (use.role) {
    case Role::Read:
    case Role::Part: return;
    case Role::Whole:
    case Role::NewWhole: return lost_.add(use.begin, use.end, earlier(failure, lost_.in(use.begin, use.end)));
    case Role::Write:
    case Role::Update:
    case Role::Assign: return lost_.add(use.begin, use.end, failure);
  }
}

// A kernel that fails may have got half-way, so what it updates is lost too.
void Stream::fails(const Kind& kind, const void* args, Error error) {
  uses_.clear();
  if (kind.uses) kind.uses(args, uses_);
  fails(std::move(error));
}

void Stream::fails(Error error) {
  const Failure* like = findLike(error);
  const auto failure = std::make_shared<const Failure>(std::move(error), ++failures_, like);
  recent_.push_back(failure);
  if (recent_.size() > kMostRecent) recent_.pop_front();
  while (!untold_.empty() && untold_.front()->told.load(std::memory_order_relaxed)) {
    untold_.pop_front();
  }
  if (untold_.size() < kMostUntold) untold_.push_back(failure);
  for (const MemoryUse& use : uses_) loses(use, failure);
  publish();
}

// The same but for the name of the operator.
const Failure* Stream::findLike(const Error& error) const {
  const auto words = [](const Error& one) {
    const std::string_view message = one.message();
    return message.substr(std::min(message.find("] "), message.size()));
  };
  const auto same = [&](const FailureRef& failure) { return words(failure->error) == words(error); };
  const auto like = std::find_if(recent_.begin(), recent_.end(), same);
  return like == recent_.end() ? nullptr : like->get();
}

// ---- telling failures --------------------------------------------------------------------------------------------------------

FailureRef Stream::read(void (*kernel)(const CopyArgs&), const CopyArgs& copy) {
  if (cancelled_.load(std::memory_order_relaxed)) return nullptr;
  settle();
  if (!lost_.empty()) {
    const Extent source = stridedExtent(copy.from, copy.rank, copy.shape, copy.srcStrides);
    const MemoryUse use = memoryUse(copy.src, Role::Read, source);
    if (FailureRef failure = lost_.in(use.begin, use.end)) {
      failure->tell();
      return failure;
    }
  }
  if (!copy.dst) return nullptr;
  const auto error = attempt(*kindOf<CopyArgs>(), reinterpret_cast<Thunk>(kernel), &copy);
  return error ? std::make_shared<const Failure>(*error, ++failures_) : nullptr;
}

void Stream::submitRead(void (*kernel)(const CopyArgs&), const CopyArgs& copy, Reader reader) {
  struct Args {
    CopyArgs copy;
    void (*kernel)(const CopyArgs&);
    Reader reader;
    Stream* stream;
  };
  const Args args{copy, kernel, reader, this};
  void (*read)(const Args&) = [](const Args& a) {
    a.reader.arrived(a.reader.reader, a.stream->read(a.kernel, a.copy));
  };
  append(reinterpret_cast<Thunk>(read), kindOf<Args>(), &args, sizeof args, true);
}

FailureRef Stream::nextUntold() {
  FailureRef first;
  for (const FailureRef& failure : untold_) {
    if (!failure->told.load(std::memory_order_relaxed) && !first) first = failure;
    failure->tell();
  }
  untold_.clear();
  return first;
}

void Stream::submitFence(bool reports, Fence fence) {
  struct Args {
    Fence* fence;
    Stream* stream;
    bool reports;
  };
  const Args args{new Fence(std::move(fence)), this, reports};
  void (*kernel)(const Args&) = [](const Args& a) {
    const std::unique_ptr<Fence> owned(a.fence);
    const FailureRef ofWorkers = a.stream->waitForWorkers();
    const FailureRef untold = a.reports ? a.stream->nextUntold() : nullptr;
    (*owned)(untold || !a.reports ? untold : ofWorkers);
  };
  append(reinterpret_cast<Thunk>(kernel), kindOf<Args>(), &args, sizeof args, true);
}

void Stream::synchronize() {
  FailureRef found;
  submitFence(true, [&found](const FailureRef& failure) { found = failure; });
  wait(submitted());
  if (found) throw found->error;
}

// ---- memory that changes its owner ---------------------------------------------------------------------------------------------

void Stream::submitForget(const void* begin, const void* end) {
  struct Args {
    Stream* stream;
    const void *begin, *end;
  };
  const Args args{this, begin, end};
  void (*kernel)(const Args&) = [](const Args& a) {
    a.stream->lost_.remove(a.begin, a.end);
    a.stream->publish();
  };
  append(reinterpret_cast<Thunk>(kernel), kindOf<Args>(), &args, sizeof args, true);
}

// Nobody reads what lies in free blocks before it is written again. It is not done when a block is given back: that may be before
// the kernel has run that fails.
void Stream::forgetDead(bool idle) {
  const uint64_t completed = completed_.load(std::memory_order_relaxed);
  const uint64_t interval = idle ? kKernelsBetweenIdleSweeps : kKernelsBetweenSweeps;
  if (completed - sweptAt_ < std::max(interval, sweepCost_ / kBlocksPerKernel)) return;
  sweptAt_ = completed;
  sweepCost_ = 0;
  for (const DeviceState& device : deviceStates) {
    if (device.memory) sweepCost_ += device.memory->forgetFree(*this);
  }
  publish();
}

}  // namespace anneal
