// The compute pool: workers that take tasks from both ends of a shared counter, spin briefly between jobs and then park.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>

#include "core/parallel.h"

namespace anneal {

class Pool {
 public:
  static Pool& instance();

  // cost: of all tasks, in microseconds, roughly.
  void run(int64_t tasks, int64_t cost, void (*body)(void*, int64_t), void* context);

  int threads() const { return threads_.load(std::memory_order_relaxed); }
  // At least 1; workers beyond it stay parked. `from` says in a word what has decided the number.
  void setThreads(int threads, const char* from = "setNumThreads");
  // The last `from`: "affinity", "quota", "ANNEAL_NUM_THREADS" or "setNumThreads".
  const char* threadsFrom() const { return threadsFrom_.load(std::memory_order_relaxed); }

 private:
  Pool();
  void startWorkers(int count);
  void work(int index);
  void drain(uint64_t ticket, bool fromEnd);
  void runInParts(int64_t tasks, int64_t cost, void (*body)(void*, int64_t), void* context);

  // The job. `ticket_` holds its number and how many tasks were taken from either end, so that a worker which wakes late
  // cannot take a task of one job with the body of another: the compare-and-swap would see a different number.
  std::atomic<uint64_t> ticket_{0};
  std::atomic<int64_t> tasks_{0}, done_{0};
  std::atomic<void (*)(void*, int64_t)> body_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
  std::mutex errorMutex_;

  std::mutex runMutex_;               // one job at a time; a caller that finds it taken runs in place
  std::atomic<uint32_t> wakeups_{0};  // parked workers wait for this to change
  std::atomic<int> parked_{0};
  std::atomic<int> threads_{1};
  std::atomic<const char*> threadsFrom_{nullptr};
  int started_ = 0;
};

}  // namespace anneal
