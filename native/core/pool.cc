#include "core/pool.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "core/pause.h"
#include "core/system.h"

namespace anneal {

namespace {

constexpr int kSpins =
    2000;  // about 50 us: longer than the gap between the kernels of a step, short against a time slice
constexpr int64_t kWorthWaking = 16;  // cost of a job for which parked workers are woken, which takes some 5 us
constexpr int kCountBits = 20;
constexpr int64_t kMaxTasks = (int64_t{1} << kCountBits) - 1;

thread_local bool insideTask = false;

// A ticket: the job's number, how many tasks were taken from the end, and how many from the beginning.
uint64_t numberOf(uint64_t ticket) { return ticket >> (2 * kCountBits); }
uint64_t firstTicket(uint64_t number) { return number << (2 * kCountBits); }
uint64_t closedTicket(uint64_t number) { return firstTicket(number) | static_cast<uint64_t>(kMaxTasks); }
int64_t takenFirst(uint64_t ticket) { return static_cast<int64_t>(ticket) & kMaxTasks; }
int64_t takenLast(uint64_t ticket) { return static_cast<int64_t>(ticket >> kCountBits) & kMaxTasks; }

void runInPlace(int64_t tasks, void (*body)(void*, int64_t), void* context) {
  for (int64_t i = 0; i < tasks; ++i) body(context, i);
}

}  // namespace

// Never destroyed: threads may still be parked in it while the process exits.
Pool& Pool::instance() {
  static Pool* pool = new Pool;
  return *pool;
}

// ANNEAL_NUM_THREADS, or as many as there are processors.
Pool::Pool() {
  const char* text = std::getenv("ANNEAL_NUM_THREADS");
  const int asked = text ? std::atoi(text) : 0;
  if (asked > 0) {
    setThreads(asked, "ANNEAL_NUM_THREADS");
  } else {
    setThreads(availableProcessors(), quotaProcessors() < affinityProcessors() ? "quota" : "affinity");
  }
}

void Pool::setThreads(int threads, const char* from) {
  std::lock_guard<std::mutex> lock(runMutex_);
  threads = std::clamp(threads, 1, 1024);
  threads_.store(threads, std::memory_order_relaxed);
  threadsFrom_.store(from, std::memory_order_relaxed);
  startWorkers(threads - 1);
}

void Pool::startWorkers(int count) {
  for (; started_ < count; ++started_) std::thread([this, index = started_] { work(index); }).detach();
}

// Takes tasks of the job that `ticket` belongs to, from the beginning or from the end, until none is left. From both ends, so
// that from kernel to kernel the same thread meets the same part of the memory, still in its cache.
void Pool::drain(uint64_t ticket, bool fromEnd) {
  const uint64_t one = fromEnd ? uint64_t{1} << kCountBits : 1;
  const uint64_t number = numberOf(ticket);
  const int64_t tasks = tasks_.load(std::memory_order_acquire);
  const auto body = body_.load(std::memory_order_relaxed);
  void* const context = context_.load(std::memory_order_relaxed);
  while (numberOf(ticket) == number && takenFirst(ticket) + takenLast(ticket) < tasks) {
    const int64_t task = fromEnd ? tasks - 1 - takenLast(ticket) : takenFirst(ticket);
    if (!ticket_.compare_exchange_weak(ticket, ticket + one, std::memory_order_acq_rel)) continue;
    // Holding a task keeps the job open, so the fields read above are this job's.
    if (!failed_.load(std::memory_order_relaxed)) {
      insideTask = true;
      try {
        body(context, task);
      } catch (...) {
        std::lock_guard<std::mutex> lock(errorMutex_);
        if (!error_) error_ = std::current_exception();
        failed_.store(true, std::memory_order_relaxed);
      }
      insideTask = false;
    }
    done_.fetch_add(1, std::memory_order_acq_rel);
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

// More tasks than a ticket counts.
void Pool::runInParts(int64_t tasks, int64_t cost, void (*body)(void*, int64_t), void* context) {
  struct Part {
    void (*body)(void*, int64_t);
    void* context;
    int64_t begin;
  } part{body, context, 0};
  for (; part.begin < tasks; part.begin += kMaxTasks - 1) {
    run(
        std::min(tasks - part.begin, kMaxTasks - 1), cost,
        [](void* p, int64_t task) {
          const auto* of = static_cast<const Part*>(p);
          of->body(of->context, of->begin + task);
        },
        &part);
  }
}

void Pool::run(int64_t tasks, int64_t cost, void (*body)(void*, int64_t), void* context) {
  if (tasks <= 0) return;
  if (tasks == 1 || threads() == 1 || insideTask) return runInPlace(tasks, body, context);
  if (tasks >= kMaxTasks) return runInParts(tasks, cost, body, context);
  std::unique_lock<std::mutex> lock(runMutex_, std::try_to_lock);
  if (!lock.owns_lock()) return runInPlace(tasks, body, context);

  // Closed first: a worker that still holds the last ticket of the job before, and reads this job's larger number of tasks,
  // would otherwise take one of them before they are all here. The release keeps the two in order.
  const uint64_t number = numberOf(ticket_.load(std::memory_order_relaxed));
  ticket_.store(closedTicket(number), std::memory_order_relaxed);
  tasks_.store(tasks, std::memory_order_release);
  body_.store(body, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  failed_.store(false, std::memory_order_relaxed);
  const uint64_t ticket = firstTicket(number + 1);
  ticket_.store(ticket, std::memory_order_seq_cst);
  if (cost >= kWorthWaking && parked_.load(std::memory_order_seq_cst) > 0) {
    wakeups_.fetch_add(1, std::memory_order_seq_cst);
    wakeups_.notify_all();
  }
  drain(ticket, false);
  for (int spins = 0; done_.load(std::memory_order_acquire) < tasks; ++spins) {
    if (spins < kSpins) {
      spinPause();
    } else {
      std::this_thread::yield();  // a worker lost its core in the middle of a task
    }
  }
  if (failed_.load(std::memory_order_relaxed)) {
    std::exception_ptr error;
    {
      std::lock_guard<std::mutex> errorLock(errorMutex_);
      std::swap(error, error_);
    }
    std::rethrow_exception(error);
  }
}

void Pool::work(int index) {
  uint64_t seen = 0;
  while (true) {
    uint64_t ticket = ticket_.load(std::memory_order_acquire);
    for (int spins = 0; numberOf(ticket) == seen && spins < kSpins; ++spins) {
      spinPause();
      ticket = ticket_.load(std::memory_order_acquire);
    }
    if (numberOf(ticket) == seen || index + 1 >= threads()) {
      const uint32_t wakeups = wakeups_.load(std::memory_order_seq_cst);
      parked_.fetch_add(1, std::memory_order_seq_cst);
      // Looked at again after announcing to be parked: a job published before saw nobody to wake.
      if (numberOf(ticket_.load(std::memory_order_seq_cst)) == seen || index + 1 >= threads()) wakeups_.wait(wakeups);
      parked_.fetch_sub(1, std::memory_order_seq_cst);
      if (index + 1 >= threads()) seen = numberOf(ticket_.load(std::memory_order_acquire));
      continue;
    }
    seen = numberOf(ticket);
    drain(ticket, index % 2 == 0);
  }
}

void parallelRun(int64_t tasks, int64_t cost, void (*body)(void*, int64_t), void* context) {
  Pool::instance().run(tasks, cost, body, context);
}

int threadCount() { return Pool::instance().threads(); }

void* threadScratch(int slot, size_t bytes) {
  struct Buffer {
    void* data = nullptr;
    size_t size = 0;
    ~Buffer() { systemFree(data); }
  };
  thread_local Buffer buffers[kScratchSlots];
  Buffer& buffer = buffers[slot];
  if (buffer.size < bytes) {
    systemFree(buffer.data);
    buffer.size = 0;
    const size_t size = bytes + bytes / 4;
    buffer.data = systemMemory(size);
    if (!buffer.data) fail(ErrorKind::OutOfMemory, "cannot allocate %zu bytes of scratch memory", size);
    buffer.size = size;
  }
  return buffer.data;
}

}  // namespace anneal
