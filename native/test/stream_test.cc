// The stream: order, the ring's wrap and bound, failures, fences, cancelled clients, several producers.
#include "core/stream.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "test/check.h"

namespace anneal {

namespace {

Stream& stream() { return Stream::instance(); }

// Ends when nothing of it is left on the stream.
struct Client : StreamClient {
  ~Client() { stream().wait(stream().submitted()); }
};

// A gate that holds the stream's thread up until it is opened.
struct Gate {
  std::atomic<bool> open{false}, reached{false};
  void hold(StreamClient* client) {
    struct Args {
      Gate* gate;
    };
    void (*kernel)(const Args&) = [](const Args& a) {
      a.gate->reached = true;
      while (!a.gate->open) std::this_thread::yield();
    };
    stream().submit(client, kernel, Args{this});
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
  void submit(StreamClient* client, int64_t expected) { stream().submit(client, count, Args{this, expected}); }
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
std::string lossOf(StreamClient& client, const int64_t* value) {
  static std::vector<uint64_t> known;
  CopyArgs copy{};
  copy.from = copy.to = DType::Int64;
  copy.src = value;
  FailureRef failure;
  const auto arrived = [](void* place, FailureRef found) { *static_cast<FailureRef*>(place) = std::move(found); };
  stream().submitRead(&client, nullptr, copy, {arrived, &failure});
  stream().wait(stream().submitted());
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
  static void submit(StreamClient* client, Counter* counter, int64_t expected) {
    Payload args{counter, expected, {}};
    for (int i = 0; i < N; ++i) args.bytes[i] = static_cast<unsigned char>(expected + i);
    stream().submit(client, run, args);
  }
};

}  // namespace

TEST(streamRunsInOrder) {
  Client client;
  Counter counter;
  for (int64_t i = 0; i < 50000; ++i) counter.submit(&client, i);
  stream().synchronize(&client);
  CHECK_EQ(counter.value, 50000);
  CHECK_EQ(counter.wrong, 0);
}

TEST(streamRingWrapsWithRecordsOfAnySize) {
  Client client;
  Counter counter;
  using Submit = void (*)(StreamClient*, Counter*, int64_t);
  constexpr Submit kSizes[] = {Payload<1>::submit,   Payload<15>::submit,   Payload<16>::submit,
                               Payload<17>::submit,  Payload<100>::submit,  Payload<333>::submit,
                               Payload<777>::submit, Payload<4096>::submit, Payload<40000>::submit};
  uint32_t random = 1;
  for (int64_t i = 0; i < 20000; ++i) {
    random = random * 1664525u + 1013904223u;
    kSizes[(random >> 16) % (i % 64 == 0 ? 9 : 7)](&client, &counter, i);
  }
  stream().synchronize(&client);
  CHECK_EQ(counter.value, 20000);
  CHECK_EQ(counter.wrong, 0);
}

TEST(streamBoundsHowFarTheCallerRunsAhead) {
  Client client;
  Gate gate;
  Counter counter;
  gate.hold(&client);
  std::atomic<int64_t> submitted{0};
  constexpr int64_t kCalls = 60000;
  std::thread producer([&] {
    for (int64_t i = 0; i < kCalls; ++i) {
      counter.submit(&client, i);
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
  CHECK(stream().depth() >= static_cast<uint64_t>(before));
  gate.open = true;
  producer.join();
  stream().synchronize(&client);
  CHECK_EQ(counter.value, kCalls);
  CHECK_EQ(counter.wrong, 0);
}

TEST(streamLosesWhatDependsOnAFailedKernelAndNothingElse) {
  Client client;
  int64_t a = 1, b = 0, c = 0, d = 0;
  const auto add = [&](const int64_t& from, int64_t& to, Role role = Role::Write) {
    stream().submit(&client, Sum::run, Sum{&from, &to, role, false});
  };
  stream().submit(&client, Sum::run, Sum{&a, &b, Role::Write, true});  // b fails,
  add(b, c);                                                           // c is lost with it,
  add(a, d);
  CHECK_EQ(lossOf(client, &a), "");
  CHECK_EQ(lossOf(client, &b), "failure 1");
  CHECK_EQ(lossOf(client, &c), "failure 1");
  CHECK_EQ(lossOf(client, &c), "failure 1");
  CHECK_EQ(lossOf(client, &d), "");
  CHECK_EQ(d, 2);
  // In place: a lost source leaves the target as it is.
  add(c, d, Role::Assign);
  add(c, d, Role::Update);
  CHECK_EQ(lossOf(client, &d), "");
  CHECK_EQ(d, 2);
  // Written as a whole, memory is there again.
  add(a, c, Role::Assign);
  add(c, b);
  CHECK_EQ(lossOf(client, &c), "");
  CHECK_EQ(lossOf(client, &b), "");
  CHECK_EQ(b, 3);
  // A kernel that fails in place loses its target; the earliest of several failures is the one that is told.
  stream().submit(&client, Sum::run, Sum{&a, &b, Role::Update, true});
  stream().submit(&client, Sum::run, Sum{&a, &c, Role::Write, true});
  add(c, d);
  add(b, d, Role::Update);
  CHECK_EQ(lossOf(client, &b), "failure 2");
  CHECK_EQ(lossOf(client, &c), "failure 3");
  CHECK_EQ(lossOf(client, &d), "failure 3");  // as an update of it with b did not happen
  stream().submitForget(&b, &b + 1);
  CHECK_EQ(lossOf(client, &b), "");
  for (int64_t* value : {&a, &c, &d}) stream().submitForget(value, value + 1);
  stream().synchronize(&client);  // all failures have been told
  CHECK(!stream().hasLost());
}

TEST(streamTellsOfEachFailureOnceWhenItSynchronizes) {
  Client client, other;
  int count = 0;
  stream().submit(&client, increment, Increment{&count});
  stream().submit(&client, failing<ErrorKind::Index>, Increment{nullptr});
  stream().submit(&client, failing<ErrorKind::Shape>, Increment{nullptr});
  stream().submit(&client, increment, Increment{&count});
  // A fence without a client tells of no failure, and clears none; that of another client of its own.
  bool passed = false;
  stream().submitFence(nullptr, [&](const FailureRef& failure) { passed = !failure; });
  stream().synchronize(&other);
  CHECK(passed);
  CHECK_EQ(count, 2);
  std::optional<ErrorKind> kind;
  try {
    stream().synchronize(&client);
  } catch (const Error& error) {
    kind = error.kind();
    CHECK_EQ(error.message(), "as asked");
  }
  CHECK(kind == ErrorKind::Index);
  stream().synchronize(&client);
}

TEST(streamTurnsAnyExceptionIntoAnError) {
  Client client;
  void (*exhausted)(const Increment&) = [](const Increment&) { throw std::bad_alloc(); };
  void (*strange)(const Increment&) = [](const Increment&) { throw std::runtime_error("strange"); };
  void (*stranger)(const Increment&) = [](const Increment&) { throw 42; };
  for (auto kernel : {exhausted, strange, stranger}) {
    stream().submit(&client, kernel, Increment{nullptr});
    std::optional<ErrorKind> kind;
    try {
      stream().synchronize(&client);
    } catch (const Error& error) {
      kind = error.kind();
    }
    CHECK(kind == (kernel == exhausted ? ErrorKind::OutOfMemory : ErrorKind::Argument));
  }
}

TEST(streamSkipsACancelledClient) {
  Client client, other;
  Gate gate;
  int count = 0, fences = 0, others = 0;
  gate.hold(&other);
  for (int i = 0; i < 100; ++i) stream().submit(&client, increment, Increment{&count});
  stream().submitFence(&client, [&](const FailureRef&) { ++fences; });
  stream().submit(&other, increment, Increment{&others});
  client.cancelled = true;
  gate.open = true;
  stream().wait(stream().submitted());
  CHECK_EQ(count, 0);
  CHECK_EQ(fences, 1);
  CHECK_EQ(others, 1);
}

TEST(streamTakesSeveralProducers) {
  constexpr int kProducers = 4;
  constexpr int64_t kCalls = 20000;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < kProducers; ++t) {
    threads.emplace_back([&failures, t] {
      Client client;
      Counter counter;
      int reported = 0;
      for (int64_t i = 0; i < kCalls; ++i) {
        if (i % 2 == 0) {
          counter.submit(&client, i);
        } else {
          Payload<200>::submit(&client, &counter, i);
        }
        if (i % 1000 == 999) stream().synchronize(&client);
        // One client's failures are its own.
        if (t == 0 && i % 5000 == 4999) {
          stream().submit(&client, failing<ErrorKind::Index>, Increment{nullptr});
          try {
            stream().synchronize(&client);
          } catch (const Error&) {
            ++reported;
          }
        }
      }
      stream().synchronize(&client);
      if (counter.value != kCalls || counter.wrong != 0 || reported != (t == 0 ? 4 : 0)) ++failures;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(failures.load(), 0);
}

// The stream's thread sleeps between these; a lost wake-up would hang here.
TEST(streamWakesUp) {
  Client client;
  int count = 0;
  for (int i = 0; i < 300; ++i) {
    stream().submit(&client, increment, Increment{&count});
    stream().synchronize(&client);
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i % 2 == 0 ? 200 : 60));
  }
  CHECK_EQ(count, 300);
}

TEST(streamLetsSeveralThreadsWait) {
  Client client;
  Gate gate;
  gate.hold(&client);
  const uint64_t target = stream().submitted();
  std::atomic<int> returned{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      stream().wait(target);
      ++returned;
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK_EQ(returned.load(), 0);
  gate.open = true;
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(returned.load(), 3);
  stream().wait(0);  // long past
}

}  // namespace anneal
