// The stream: order, the ring's wrap and bound, failures, fences, cancelled and several streams.
#include "core/stream.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "test/check.h"

namespace anneal {

namespace {

// A stream for the time of a test.
class Own {
 public:
  ~Own() {
    stream_.wait(stream_.submitted());
    stream_.giveBack();
  }
  Stream* operator->() { return &stream_; }
  operator Stream&() { return stream_; }

 private:
  Stream& stream_ = Stream::take();
};

// A gate that holds the stream's thread up until it is opened.
struct Gate {
  std::atomic<bool> open{false}, reached{false};
  void hold(Stream& stream) {
    struct Args {
      Gate* gate;
    };
    void (*kernel)(const Args&) = [](const Args& a) {
      a.gate->reached = true;
      while (!a.gate->open) std::this_thread::yield();
    };
    stream.submit(kernel, Args{this});
    while (!reached) std::this_thread::yield();
  }
};

// Counts calls, and whether each found the count that the calls before it left.
struct Counter {
  int64_t value = 0, wrong = 0;
  struct Args {
    Counter* counter;
    int64_t expected;
  };
  static void count(const Args& a) {
    if (a.counter->value++ != a.expected) ++a.counter->wrong;
  }
  void submit(Stream& stream, int64_t expected) { stream.submit(count, Args{this, expected}); }
};

struct Increment {
  int* target;
};
void increment(const Increment& a) { ++*a.target; }

template <ErrorKind Kind>
void failing(const Increment&) {
  throw Error(Kind, "as asked");
}

// *to += *from, or a failure.
struct Sum {
  const int64_t* from;
  int64_t* to;
  Role role;
  bool fails;

  template <class F>
  void pointers(F&& f) {
    f(from, Role::Read, denseExtent(DType::Int64, 1));
    f(to, role, denseExtent(DType::Int64, 1));
  }
  static void run(const Sum& a) {
    if (a.fails) throw Error(ErrorKind::Index, "as asked");
    if (a.role == Role::Update) *a.to += *a.from;
    if (a.role != Role::Update) *a.to = *a.from + 1;
  }
};

// Which failure has taken a number, counted from the first that was asked about; empty where none has.
std::string lossOf(Stream& stream, const int64_t* value) {
  static std::vector<uint64_t> known;
  CopyArgs copy{};
  copy.from = copy.to = DType::Int64;
  copy.src = value;
  FailureRef failure;
  const auto arrived = [](void* place, FailureRef found) { *static_cast<FailureRef*>(place) = std::move(found); };
  stream.submitRead(nullptr, copy, {arrived, &failure});
  stream.wait(stream.submitted());
  if (!failure) return "";
  CHECK_EQ(failure->error.message(), "as asked");
  if (std::find(known.begin(), known.end(), failure->number) == known.end()) known.push_back(failure->number);
  const auto place = std::find(known.begin(), known.end(), failure->number) - known.begin();
  return "failure " + std::to_string(place + 1);
}

// A record of N bytes that knows what it must hold.
template <int N>
struct Payload {
  Counter* counter;
  int64_t expected;
  unsigned char bytes[N];
  static void run(const Payload& a) {
    for (int i = 0; i < N; ++i) {
      if (a.bytes[i] != static_cast<unsigned char>(a.expected + i)) ++a.counter->wrong;
    }
    Counter::count({a.counter, a.expected});
  }
  static void submit(Stream& stream, Counter* counter, int64_t expected) {
    Payload args{counter, expected, {}};
    for (int i = 0; i < N; ++i) args.bytes[i] = static_cast<unsigned char>(expected + i);
    stream.submit(run, args);
  }
};

}  // namespace

TEST(streamRunsInOrder) {
  Own own;
  Counter counter;
  for (int64_t i = 0; i < 50000; ++i) counter.submit(own, i);
  own->synchronize();
  CHECK_EQ(counter.value, 50000);
  CHECK_EQ(counter.wrong, 0);
}

TEST(streamRingWrapsWithRecordsOfAnySize) {
  Own own;
  Counter counter;
  using Submit = void (*)(Stream&, Counter*, int64_t);
  constexpr Submit kSizes[] = {Payload<1>::submit,   Payload<15>::submit,   Payload<16>::submit,
                               Payload<17>::submit,  Payload<100>::submit,  Payload<333>::submit,
                               Payload<777>::submit, Payload<4096>::submit, Payload<40000>::submit};
  uint32_t random = 1;
  for (int64_t i = 0; i < 20000; ++i) {
    random = random * 1664525u + 1013904223u;
    kSizes[(random >> 16) % (i % 64 == 0 ? 9 : 7)](own, &counter, i);
  }
  own->synchronize();
  CHECK_EQ(counter.value, 20000);
  CHECK_EQ(counter.wrong, 0);
}

TEST(streamBoundsHowFarTheCallerRunsAhead) {
  Own own;
  Gate gate;
  Counter counter;
  gate.hold(own);
  std::atomic<int64_t> submitted{0};
  constexpr int64_t kCalls = 60000;
  std::thread producer([&] {
    for (int64_t i = 0; i < kCalls; ++i) {
      counter.submit(own, i);
      ++submitted;
    }
  });
  // Runs ahead until the ring is full, and then stands still.
  int64_t before = -1;
  for (int still = 0; still < 20;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    still = submitted == before && before > 0 ? still + 1 : 0;
    before = submitted;
  }
  CHECK(before > 1000);
  CHECK(before < kCalls);
  CHECK_EQ(counter.value, 0);
  CHECK(own->depth() >= static_cast<uint64_t>(before));
  gate.open = true;
  producer.join();
  own->synchronize();
  CHECK_EQ(counter.value, kCalls);
  CHECK_EQ(counter.wrong, 0);
}

TEST(streamLosesWhatDependsOnAFailedKernelAndNothingElse) {
  Own own;
  int64_t a = 1, b = 0, c = 0, d = 0;
  const auto add = [&](const int64_t& from, int64_t& to, Role role = Role::Write) {
    own->submit(Sum::run, Sum{&from, &to, role, false});
  };
  own->submit(Sum::run, Sum{&a, &b, Role::Write, true});  // b fails,
  add(b, c);                                              // c is lost with it,
  add(a, d);
  CHECK_EQ(lossOf(own, &a), "");
  CHECK_EQ(lossOf(own, &b), "failure 1");
  CHECK_EQ(lossOf(own, &c), "failure 1");
  CHECK_EQ(lossOf(own, &c), "failure 1");
  CHECK_EQ(lossOf(own, &d), "");
  CHECK_EQ(d, 2);
  // In place: a lost source leaves the target as it is.
  add(c, d, Role::Assign);
  add(c, d, Role::Update);
  CHECK_EQ(lossOf(own, &d), "");
  CHECK_EQ(d, 2);
  // Written as a whole, memory is there again.
  add(a, c, Role::Assign);
  add(c, b);
  CHECK_EQ(lossOf(own, &c), "");
  CHECK_EQ(lossOf(own, &b), "");
  CHECK_EQ(b, 3);
  // A kernel that fails in place loses its target; the earliest of several failures is the one that is told.
  own->submit(Sum::run, Sum{&a, &b, Role::Update, true});
  own->submit(Sum::run, Sum{&a, &c, Role::Write, true});
  add(c, d);
  add(b, d, Role::Update);
  CHECK_EQ(lossOf(own, &b), "failure 2");
  CHECK_EQ(lossOf(own, &c), "failure 3");
  CHECK_EQ(lossOf(own, &d), "failure 3");  // as an update of it with b did not happen
  own->submitForget(&b, &b + 1);
  CHECK_EQ(lossOf(own, &b), "");
  for (int64_t* value : {&a, &c, &d}) own->submitForget(value, value + 1);
  own->synchronize();  // all failures have been told
  CHECK(!own->hasLost());
}

TEST(streamTellsOfEachFailureOnceWhenItSynchronizes) {
  Own own, other;
  int count = 0;
  own->submit(increment, Increment{&count});
  own->submit(failing<ErrorKind::Index>, Increment{nullptr});
  own->submit(failing<ErrorKind::Shape>, Increment{nullptr});
  own->submit(increment, Increment{&count});
  // A fence that does not report tells of no failure, and clears none; other streams have failures of their own.
  bool passed = false;
  own->submitFence(false, [&](const FailureRef& failure) { passed = !failure; });
  other->synchronize();
  std::optional<ErrorKind> kind;
  try {
    own->synchronize();
  } catch (const Error& error) {
    kind = error.kind();
    CHECK_EQ(error.message(), "as asked");
  }
  CHECK(kind == ErrorKind::Index);
  CHECK(passed);
  CHECK_EQ(count, 2);
  own->synchronize();
}

TEST(streamTurnsAnyExceptionIntoAnError) {
  Own own;
  void (*exhausted)(const Increment&) = [](const Increment&) { throw std::bad_alloc(); };
  void (*strange)(const Increment&) = [](const Increment&) { throw std::runtime_error("strange"); };
  void (*stranger)(const Increment&) = [](const Increment&) { throw 42; };
  for (auto kernel : {exhausted, strange, stranger}) {
    own->submit(kernel, Increment{nullptr});
    std::optional<ErrorKind> kind;
    try {
      own->synchronize();
    } catch (const Error& error) {
      kind = error.kind();
    }
    CHECK(kind == (kernel == exhausted ? ErrorKind::OutOfMemory : ErrorKind::Argument));
  }
}

TEST(streamLeavesOutWhatIsOnItWhenItIsCancelled) {
  Own own, other;
  Gate gate;
  int count = 0, fences = 0, others = 0;
  gate.hold(own);
  for (int i = 0; i < 100; ++i) own->submit(increment, Increment{&count});
  own->submitFence(true, [&](const FailureRef&) { ++fences; });
  own->cancel();
  other->submit(increment, Increment{&others});
  other->synchronize();  // while a kernel of the first one still runs
  CHECK_EQ(others, 1);
  CHECK_EQ(fences, 0);
  gate.open = true;
  own->wait(own->submitted());
  CHECK_EQ(count, 0);
  CHECK_EQ(fences, 1);
}

// A stream that was given back knows nothing of the environment that had it.
TEST(streamsAreUsedAgain) {
  int64_t value = 0;
  int count = 0;
  Stream& first = Stream::take();
  first.submit(Sum::run, Sum{&value, &value, Role::Write, true});
  first.giveBack();
  Stream& second = Stream::take();
  CHECK_EQ(&first, &second);
  CHECK(!second.hasLost());
  second.submit(increment, Increment{&count});
  second.synchronize();
  CHECK_EQ(count, 1);
  CHECK_EQ(lossOf(second, &value), "");
  second.giveBack();
}

TEST(streamsRunSideBySide) {
  constexpr int kProducers = 4;
  constexpr int64_t kCalls = 20000;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < kProducers; ++t) {
    threads.emplace_back([&failures, t] {
      Own own;
      Counter counter;
      int reported = 0;
      for (int64_t i = 0; i < kCalls; ++i) {
        if (i % 2 == 0) {
          counter.submit(own, i);
        } else {
          Payload<200>::submit(own, &counter, i);
        }
        if (i % 1000 == 999) own->synchronize();
        // One stream's failures are its own.
        if (t == 0 && i % 5000 == 4999) {
          own->submit(failing<ErrorKind::Index>, Increment{nullptr});
          try {
            own->synchronize();
          } catch (const Error&) {
            ++reported;
          }
        }
      }
      own->synchronize();
      if (counter.value != kCalls || counter.wrong != 0 || reported != (t == 0 ? 4 : 0)) ++failures;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(failures.load(), 0);
}

// The stream's thread sleeps between these; a lost wake-up would hang here.
TEST(streamWakesUp) {
  Own own;
  int count = 0;
  for (int i = 0; i < 300; ++i) {
    own->submit(increment, Increment{&count});
    own->synchronize();
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i % 2 == 0 ? 200 : 60));
  }
  CHECK_EQ(count, 300);
}

TEST(streamLetsSeveralThreadsWait) {
  Own own;
  Gate gate;
  gate.hold(own);
  const uint64_t target = own->submitted();
  std::atomic<int> returned{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      own->wait(target);
      ++returned;
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK_EQ(returned.load(), 0);
  gate.open = true;
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(returned.load(), 3);
  own->wait(0);  // long past
}

}  // namespace anneal
