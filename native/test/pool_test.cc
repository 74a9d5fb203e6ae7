// The compute pool: each task once, exceptions, changes of the number of threads, several callers, scratch memory.
#include "core/pool.h"

#include <cstring>
#include <set>
#include <thread>

#include "core/error.h"
#include "test/check.h"

namespace anneal {

namespace {

// Restores the number of threads that the process began with.
struct Threads {
  int before = Pool::instance().threads();
  explicit Threads(int count) { Pool::instance().setThreads(count); }
  ~Threads() { Pool::instance().setThreads(before); }
};

constexpr int64_t kCostly = 1000;  // wakes the workers

template <class Body>
void forEach(int64_t tasks, Body body) {
  parallelRun(
      tasks, kCostly, [](void* context, int64_t task) { (*static_cast<Body*>(context))(task); }, &body);
}

// How many of the tasks did not run exactly once.
int64_t missed(int64_t tasks) {
  std::vector<std::atomic<int>> runs(static_cast<size_t>(tasks));
  forEach(tasks, [&](int64_t i) { ++runs[static_cast<size_t>(i)]; });
  int64_t wrong = 0;
  for (const auto& count : runs) wrong += count != 1;
  return wrong;
}

}  // namespace

TEST(poolRunsEachTaskOnce) {
  for (int threads : {1, 2, 3, 8}) {
    const Threads set(threads);
    CHECK_EQ(threadCount(), threads);
    for (int64_t tasks : {0, 1, 2, 3, 7, 64, 1000, 20000, 2200000}) CHECK_EQ(missed(tasks), 0);
  }
}

TEST(poolRethrowsAnException) {
  for (int threads : {1, 2, 4}) {
    const Threads set(threads);
    for (int64_t bad : {0, 5, 99}) {
      std::atomic<int> runs{0};
      std::string message;
      try {
        forEach(100, [&](int64_t i) {
          if (i == bad) fail(ErrorKind::Index, "task %d", static_cast<int>(i));
          ++runs;
        });
      } catch (const Error& error) {
        message = error.message();
      }
      CHECK_EQ(message, "task " + std::to_string(bad));
      CHECK(runs <= 99);
      CHECK_EQ(missed(100), 0);  // goes on working
    }
    // When all fail, one of them is reported.
    CHECK_THROWS(forEach(50, [](int64_t) { throw std::runtime_error("all"); }), std::runtime_error);
    CHECK_EQ(missed(50), 0);
  }
}

TEST(poolStaysWithinItsThreads) {
  for (int threads : {1, 2, 3}) {
    const Threads set(threads);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    for (int round = 0; round < 20; ++round) {
      forEach(64, [&](int64_t) {
        const std::lock_guard<std::mutex> lock(mutex);
        seen.insert(std::this_thread::get_id());
      });
    }
    CHECK(static_cast<int>(seen.size()) <= threads);
    CHECK(seen.contains(std::this_thread::get_id()) || threads > 1);
  }
}

TEST(poolRunsInnerJobsInPlace) {
  const Threads set(3);
  std::atomic<int64_t> sum{0};
  forEach(10, [&](int64_t i) { forEach(10, [&](int64_t j) { sum += i * 10 + j; }); });
  CHECK_EQ(sum.load(), 99 * 100 / 2);
}

TEST(poolStress) {
  const Threads set(4);
  int64_t wrong = 0;
  for (int job = 0; job < 20000; ++job) {
    const int64_t tasks = 1 + job % 13;
    std::atomic<int64_t> sum{0};
    forEach(tasks, [&](int64_t i) { sum.fetch_add(i + 1, std::memory_order_relaxed); });
    wrong += sum != tasks * (tasks + 1) / 2;
    // Lets workers park now and then.
    if (job % 2000 == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  CHECK_EQ(wrong, 0);
}

TEST(poolServesSeveralCallers) {
  const Threads set(3);
  std::atomic<int64_t> wrong{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&] {
      for (int job = 0; job < 300; ++job) wrong += missed(1 + job % 50);
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK_EQ(wrong.load(), 0);
}

TEST(poolChangesItsThreadsWhileJobsRun) {
  const Threads set(2);
  std::atomic<bool> stop{false};
  std::atomic<int64_t> wrong{0}, jobs{0};
  std::thread caller([&] {
    while (!stop) {
      wrong += missed(40);
      ++jobs;
    }
  });
  for (int i = 0; i < 200; ++i) {
    Pool::instance().setThreads(1 + i % 5);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  while (jobs < 10) std::this_thread::yield();
  stop = true;
  caller.join();
  CHECK_EQ(wrong.load(), 0);
  Pool::instance().setThreads(0);  // at least one
  CHECK_EQ(threadCount(), 1);
}

TEST(scratchBelongsToItsThread) {
  const Threads set(4);
  std::atomic<int> wrong{0};
  forEach(200, [&](int64_t i) {
    for (int slot = 0; slot < 4; ++slot) {
      const size_t bytes = static_cast<size_t>(1 + (i * 977 + slot) % 20000);
      auto* data = static_cast<unsigned char*>(threadScratch(slot, bytes));
      if (reinterpret_cast<uintptr_t>(data) % 64 != 0) ++wrong;
      std::memset(data, static_cast<int>(i + slot), bytes);
    }
    for (int slot = 0; slot < 4; ++slot) {
      const auto* data = static_cast<const unsigned char*>(threadScratch(slot, 1));
      if (data[0] != static_cast<unsigned char>(i + slot)) ++wrong;
    }
  });
  CHECK_EQ(wrong.load(), 0);
  CHECK_THROWS(threadScratch(0, size_t{1} << 60), Error);
  CHECK(threadScratch(0, 100) != nullptr);
}

}  // namespace anneal
