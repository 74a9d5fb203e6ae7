// What the machine can do at most, measured on `threads` threads at once: `fma`, multiply-adds in registers; `triad`,
// a = b + s * c; `read`, a sum. Compiled for the processor it runs on, so that vectors are as wide as it has them.
#include <cstdint>
#include <functional>
#include <thread>
#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "buffer.h"
#include "serve.h"

namespace {

#if defined(__AVX512F__)
constexpr long kBytes = 64;
#elif defined(__AVX__)
constexpr long kBytes = 32;
#else
constexpr long kBytes = 16;
#endif
constexpr long kLanes = kBytes / sizeof(float);
typedef float Vector __attribute__((vector_size(kBytes)));

volatile float sink;  // results go here, so that nothing is left out

// A value that the compiler cannot know: of known factors and terms it finds the chain that stays as it is, and leaves
// its multiply-adds out.
float unknown(float value) {
  volatile float hidden = value;
  return hidden;
}

void consume(const Vector* values, int count) {
  Vector sum{};
  for (int i = 0; i < count; ++i) sum += values[i];
  sink = sum[0] + sum[kLanes - 1];
}

// Past the caches, where the processor has stores that do so.
void storePast(Vector* to, Vector value) {
#if defined(__AVX512F__)
  _mm512_stream_ps(reinterpret_cast<float*>(to), reinterpret_cast<__m512>(value));
#elif defined(__AVX__)
  _mm256_stream_ps(reinterpret_cast<float*>(to), reinterpret_cast<__m256>(value));
#elif defined(__SSE__)
  _mm_stream_ps(reinterpret_cast<float*>(to), reinterpret_cast<__m128>(value));
#else
  *to = value;
#endif
}

// On the processor of that number among those allowed: the scheduler starts threads beside their parent, and would take
// milliseconds to move them.
void placeOn([[maybe_unused]] std::thread& thread, [[maybe_unused]] size_t number) {
#if defined(__linux__)
  cpu_set_t allowed, one;
  CPU_ZERO(&one);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  size_t seen = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed) && seen++ == number) CPU_SET(cpu, &one);
  }
  if (CPU_COUNT(&one) == 1) pthread_setaffinity_np(thread.native_handle(), sizeof one, &one);
#endif
}

// One thread's share of the work.
struct Worker {
  virtual ~Worker() = default;
  virtual void run(long iterations) = 0;
};

// Enough independent chains to hide the latency of two units, few enough for 16 registers.
class Fma : public Worker {
 public:
  explicit Fma(long flops) : steps_(flops / (2 * kChains * kLanes)) {}
  void run(long iterations) override {
    Vector chains[kChains];
    for (int i = 0; i < kChains; ++i) chains[i] = Vector{} + static_cast<float>(i);
    const Vector factor = Vector{} + unknown(0.5f), term = Vector{} + unknown(1.5f);
    for (long step = 0; step < iterations * steps_; ++step) {
      for (int i = 0; i < kChains; ++i) chains[i] = chains[i] * factor + term;
    }
    consume(chains, kChains);
  }

 private:
  static constexpr int kChains = 12;
  const long steps_;
};

class Memory : public Worker {
 public:
  Memory(int arrays, long bytes) : count_(bytes / arrays / kBytes) {
    for (int i = 0; i < arrays; ++i) {
      data_.push_back(bench::allocate(count_ * kLanes));
      std::fill_n(data_.back().get(), count_ * kLanes, 1.0f);
    }
  }

 protected:
  Vector* array(int i) { return reinterpret_cast<Vector*>(data_[static_cast<size_t>(i)].get()); }
  const long count_;  // vectors an array

 private:
  std::vector<bench::Floats> data_;
};

class Triad : public Memory {
 public:
  explicit Triad(long bytes) : Memory(3, bytes) { past_ = seconds(true) < seconds(false); }
  void run(long iterations) override { past_ ? pass<true>(iterations) : pass<false>(iterations); }

 private:
  template <bool past>
  void pass(long iterations) {
    Vector* __restrict a = array(0);
    const Vector* __restrict b = array(1), * __restrict c = array(2);
    for (long iteration = 0; iteration < iterations; ++iteration) {
      const Vector scale = Vector{} + static_cast<float>(iteration);
      for (long i = 0; i < count_; ++i) past ? storePast(a + i, b[i] + scale * c[i]) : void(a[i] = b[i] + scale * c[i]);
    }
    sink = a[count_ - 1][0];
  }
  double seconds(bool past) {
    past_ = past;
    double least = 1e9;
    for (int i = 0; i < 5; ++i) {
      const double begin = bench::secondsOf(CLOCK_MONOTONIC);
      run(1);
      least = std::min(least, bench::secondsOf(CLOCK_MONOTONIC) - begin);
    }
    return least;
  }
  bool past_ = false;
};

class Read : public Memory {
 public:
  explicit Read(long bytes) : Memory(1, bytes) {}
  void run(long iterations) override {
    const Vector* data = array(0);
    Vector sums[kSums]{};
    for (long iteration = 0; iteration < iterations; ++iteration) {
      for (long i = 0; i + kSums <= count_; i += kSums) {
        for (int j = 0; j < kSums; ++j) sums[j] += data[i + j];
      }
    }
    consume(sums, kSums);
  }

 private:
  static constexpr int kSums = 8;
};

std::unique_ptr<Worker> makeWorker(const bench::Job& job) {
  if (job.text("kind") == "fma") return std::make_unique<Fma>(job.number("amount"));
  if (job.text("kind") == "triad") return std::make_unique<Triad>(job.number("amount"));
  return std::make_unique<Read>(job.number("amount"));
}

class Peak : public bench::Contender {
 public:
  explicit Peak(const bench::Job& job) : workers_(static_cast<size_t>(job.number("threads"))) {
    everywhere([&](std::unique_ptr<Worker>& worker) { worker = makeWorker(job); });
  }
  std::vector<double> check() override { return {1}; }  // nothing to agree on
  void run(long iterations) override {
    everywhere([&](std::unique_ptr<Worker>& worker) { worker->run(iterations); });
  }

 private:
  void everywhere(const std::function<void(std::unique_ptr<Worker>&)>& body) {
    if (workers_.size() == 1) return body(workers_[0]);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < workers_.size(); ++i) {
      threads.emplace_back([&, i] { body(workers_[i]); });
      placeOn(threads.back(), i);
    }
    for (std::thread& thread : threads) thread.join();
  }

  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

int main() {
  const auto width = [] { return std::to_string(8 * kBytes) + "-bit vectors"; };
  return bench::serve("peak", width, [](const bench::Job& job) { return std::make_unique<Peak>(job); });
}
