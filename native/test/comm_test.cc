// Collectives over TCP, with several ranks as threads of this process: values, order of reduction, mismatches, lost ranks.
#include <cmath>
#include <cstring>
#include <functional>
#include <thread>

#include "comm/communicator.h"
#include "comm/reduce.h"
#include "comm/socket.h"
#include "comm/tcp.h"
#include "test/check.h"

namespace anneal::comm {

namespace {

// A port that was free a moment ago.
int freePort() {
  std::string problem;
  return Socket::listenOn("127.0.0.1", 0, problem).localPort();
}

TcpOptions optionsOf(int rank, int size, int port, double timeout = 20) {
  TcpOptions options;
  options.rank = rank;
  options.size = size;
  options.port = port;
  options.timeout = timeout;
  options.token = "a test";
  return options;
}

void together(int size, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) threads.emplace_back([&body, rank] { body(rank); });
  for (std::thread& thread : threads) thread.join();
}

// Runs body(collectives) on each rank.
void onRanks(int size, const std::function<void(Collectives&)>& body, double timeout = 20) {
  const int port = freePort();
  together(size, [&](int rank) {
    Collectives collectives(openTcp(optionsOf(rank, size, port, timeout)));
    body(collectives);
  });
}

Request requestOf(Collective kind, DType dtype, void* out, int64_t count, const char* name = "x") {
  Request request;
  request.kind = kind;
  request.dtype = dtype;
  request.out = out;
  request.count = count;
  request.name = name;
  return request;
}

std::string messageOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

// The message with which a collective fails. The others are told, as by a communicator.
std::string failureOf(Collectives& group, const Request& request) {
  try {
    group.run(request);
  } catch (const TransportError& error) {
    group.transport().abort(error);
    return error.what();
  }
  return {};
}

std::string beginningOf(const std::string& text, const std::string& like) { return text.substr(0, like.size()); }

void sleepFor(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

const std::string kRank1IsGone = "rank 1 is gone: its process has ended, or the connection to it is lost";

float valueOf(int rank, int64_t i) { return std::sin(static_cast<float>(rank * 1000 + i)) * 100; }

}  // namespace

TEST(comm_reduces_in_the_order_of_ranks) {
  // (1e8 + 1) - 1e8 is 0 in float32, and (1e8 - 1e8) + 1 is 1.
  const float a = 1e8F, b = 1, c = -1e8F;
  float out = 0;
  reduceInOrder(DType::Float32, GroupOp::Sum, {&a, &b, &c}, &out, 1);
  CHECK_EQ(out, 0.0F);
  reduceInOrder(DType::Float32, GroupOp::Sum, {&a, &c, &b}, &out, 1);
  CHECK_EQ(out, 1.0F);
  const int32_t most = INT32_MAX, one = 1;
  int32_t wrapped = 0;
  reduceInOrder(DType::Int32, GroupOp::Sum, {&most, &one}, &wrapped, 1);
  CHECK_EQ(wrapped, INT32_MIN);
  const double nan = NAN, two = 2;
  double least = 0;
  reduceInOrder(DType::Float64, GroupOp::Min, {&nan, &two}, &least, 1);
  CHECK(std::isnan(least));
  reduceInOrder(DType::Float64, GroupOp::Max, {&two, &nan}, &least, 1);
  CHECK(std::isnan(least));
}

TEST(comm_all_reduce_has_the_bits_of_a_sum_in_order) {
  for (const int size : {1, 2, 3, 5}) {
    for (const int64_t count : {int64_t{0}, int64_t{1}, int64_t{7}, int64_t{1024}, int64_t{1025}, int64_t{100003}}) {
      onRanks(size, [&](Collectives& group) {
        std::vector<float> data(static_cast<size_t>(count));
        for (int64_t i = 0; i < count; ++i) data[i] = valueOf(group.transport().rank(), i);
        group.run(requestOf(Collective::AllReduce, DType::Float32, data.data(), count));
        int wrong = 0;
        for (int64_t i = 0; i < count; ++i) {
          float sum = valueOf(0, i);
          for (int rank = 1; rank < size; ++rank) sum += valueOf(rank, i);
          wrong += data[i] != sum;
        }
        CHECK_EQ(wrong, 0);
      });
    }
  }
}

TEST(comm_other_reductions_and_dtypes) {
  onRanks(3, [](Collectives& group) {
    const int rank = group.transport().rank();
    const auto reduced = [&](auto value, DType dtype, GroupOp op) {
      std::vector<decltype(value)> data(3000, value);
      Request request = requestOf(Collective::AllReduce, dtype, data.data(), 3000);
      request.op = op;
      group.run(request);
      CHECK(data.front() == data.back());
      return data[1234];
    };
    CHECK_EQ(reduced(static_cast<double>(rank), DType::Float64, GroupOp::Mean), 1.0);
    CHECK_EQ(reduced(static_cast<int64_t>(rank) << 40, DType::Int64, GroupOp::Sum), int64_t{3} << 40);
    CHECK_EQ(reduced(static_cast<int32_t>(5 - rank), DType::Int32, GroupOp::Min), 3);
    CHECK_EQ(int{reduced(static_cast<uint8_t>(rank), DType::UInt8, GroupOp::Max)}, 2);
  });
}

TEST(comm_broadcast_gather_scatter) {
  for (const int size : {1, 2, 5}) {
    for (int root = 0; root < size; ++root) {
      onRanks(size, [&](Collectives& group) {
        const int rank = group.transport().rank();
        std::vector<int32_t> data(1000, rank);
        Request request = requestOf(Collective::Broadcast, DType::Int32, data.data(), 1000);
        request.root = root;
        group.run(request);
        CHECK_EQ(data[0], root);
        CHECK_EQ(data[999], root);
        std::vector<int32_t> own(3, rank), all(static_cast<size_t>(3 * size));
        request = requestOf(Collective::AllGather, DType::Int32, all.data(), 3);
        request.in = own.data();
        request.received = 3 * size;
        group.run(request);
        for (int i = 0; i < 3 * size; ++i) CHECK_EQ(all[i], i / 3);
        std::vector<int32_t> share(3);
        request = requestOf(Collective::ReduceScatter, DType::Int32, share.data(), 3);
        request.in = all.data();
        group.run(request);
        for (const int32_t x : share) CHECK_EQ(x, rank * size);
        group.run(requestOf(Collective::Barrier, DType::UInt8, nullptr, 0));
        group.run(requestOf(Collective::Finalize, DType::UInt8, nullptr, 0));
      });
    }
  }
}

TEST(comm_mismatches_are_errors_on_every_rank) {
  onRanks(3, [](Collectives& group) {
    const int rank = group.transport().rank();
    std::vector<float> data(10);
    const std::string message = messageOf([&] {
      group.run(requestOf(Collective::AllReduce, DType::Float32, data.data(), rank == 2 ? 9 : 10, "fc1.weight"));
    });
    CHECK_EQ(
        message,
        "rank 2 calls allReduce (sum) of 'fc1.weight', float32 x 9 where rank 0 calls allReduce (sum) of 'fc1.weight', "
        "float32 x 10: all ranks must call the same collectives in the same order");
  });
}

TEST(comm_lost_data_are_told_and_the_group_goes_on) {
  onRanks(2, [](Collectives& group) {
    float data = 1;
    Request request = requestOf(Collective::AllReduce, DType::Float32, &data, 1, "w");
    if (group.transport().rank() == 1) request.lost = "index 12 is outside [0, 10)";
    CHECK_EQ(messageOf([&] { group.run(request); }), "rank 1 has lost 'w': index 12 is outside [0, 10)");
    request.lost.clear();
    group.run(request);
    CHECK_EQ(data, 2.0F);
  });
}

TEST(comm_a_rank_that_ends_is_named) {
  onRanks(3, [](Collectives& group) {
    const int rank = group.transport().rank();
    std::vector<float> data(100000, 1);
    if (rank == 1) return;  // its sockets close
    const std::string message = failureOf(group, requestOf(Collective::AllReduce, DType::Float32, data.data(), 100000));
    CHECK_EQ(beginningOf(message, kRank1IsGone), kRank1IsGone);
  });
}

// Rank 0 has said why, and closed the connection, before rank 2 begins.
TEST(comm_a_rank_that_ends_is_named_to_one_that_is_late) {
  onRanks(3, [](Collectives& group) {
    const int rank = group.transport().rank();
    if (rank > 0) sleepFor(rank == 1 ? 20 : 100);
    if (rank == 1) return;
    float data = 1;
    const std::string message = failureOf(group, requestOf(Collective::AllReduce, DType::Float32, &data, 1));
    CHECK_EQ(beginningOf(message, kRank1IsGone), kRank1IsGone);
  });
}

// Rank 0 learns of it in the middle of a message to rank 2, which does not wait for rank 1 at all.
TEST(comm_a_rank_that_ends_is_named_behind_a_message_that_had_begun) {
  onRanks(3, [](Collectives& group) {
    Transport& transport = group.transport();
    if (transport.rank() == 1) return sleepFor(50);
    std::vector<char> data(size_t{32} << 20, static_cast<char>(1 + transport.rank()));
    char last = 0;
    std::string message;
    try {
      if (transport.rank() == 0) transport.exchange({{2, false, data.data(), data.size()}, {1, true, &last, 1}});
      sleepFor(100);
      transport.exchange({{0, true, data.data(), data.size()}});
      CHECK_EQ(static_cast<int>(data.back()), 1);
      transport.exchange({{0, true, &last, 1}});
    } catch (const TransportError& error) {
      transport.abort(error);
      message = error.what();
    }
    CHECK_EQ(beginningOf(message, kRank1IsGone), kRank1IsGone);
  });
}

TEST(comm_a_rank_that_hangs_is_named_in_time) {
  constexpr double kTimeout = 0.5;
  std::atomic<int> done{0};
  onRanks(
      3,
      [&](Collectives& group) {
        std::vector<float> data(10, 1);
        if (group.transport().rank() == 1) {
          while (done < 2) sleepFor(5);
          return;
        }
        const auto begin = Clock::now();
        const std::string message = failureOf(group, requestOf(Collective::AllReduce, DType::Float32, data.data(), 10));
        const std::string like = "rank 1 has not answered for 0.5 s (ANNEAL_COMM_TIMEOUT)";
        CHECK_EQ(beginningOf(message, like), like);
        CHECK(Clock::now() - begin < std::chrono::seconds(10));  // a loaded machine, and sanitizers
        ++done;
      },
      kTimeout);
}

TEST(comm_a_failing_rank_says_why) {
  onRanks(2, [](Collectives& group) {
    float data = 1;
    if (group.transport().rank() == 1) {
      group.transport().abort({1, "rank 1 ended: the disk is full"});
      return;
    }
    CHECK_EQ(messageOf([&] { group.run(requestOf(Collective::AllReduce, DType::Float32, &data, 1)); }),
             "rank 1 ended: the disk is full");
  });
}

TEST(comm_rendezvous_names_what_is_wrong) {
  const int port = freePort();
  CHECK_EQ(messageOf([&] { openTcp(optionsOf(0, 3, port, 0.2)); }),
           "ranks 1 and 2 have not come to 127.0.0.1:" + std::to_string(port) + " within 0.2 s (ANNEAL_COMM_TIMEOUT)");
  std::string messages[3];
  // Ranks that expect another number of ranks, and strangers.
  together(3, [&](int rank) {
    TcpOptions options = optionsOf(rank == 2 ? 1 : rank, rank == 2 ? 2 : 2 + rank, port, 1);
    if (rank == 2) options.token = "another job";
    messages[rank] = messageOf([&] { openTcp(options); });
  });
  CHECK_EQ(messages[0], "rank 1 expects 3 ranks, where rank 0 expects 2");
  CHECK_EQ(messages[1], messages[0]);
  CHECK(!messages[2].empty());
}

TEST(comm_communicators_run_in_order_beside_their_callers) {
  const int port = freePort();
  together(2, [&](int rank) {
    Communicator communicator([&](const Interrupt&) { return openTcp(optionsOf(rank, 2, port)); });
    communicator.wait(Communicator::kOpening);
    CHECK_EQ(communicator.place().first, rank);
    std::vector<std::vector<float>> buffers(20, std::vector<float>(5000, static_cast<float>(rank + 1)));
    for (std::vector<float>& buffer : buffers)
      communicator.startOn(requestOf(Collective::AllReduce, DType::Float32, buffer.data(), 5000));
    for (std::vector<float>& buffer : buffers) {
      communicator.waitOn(buffer.data());
      CHECK_EQ(buffer[4999], 3.0F);
    }
    CHECK_EQ(communicator.traffic().collectives, uint64_t{20});
    CHECK_THROWS(communicator.waitOn(&port), Error);
    communicator.finalize();
  });
}

TEST(comm_aborting_ends_whatever_waits) {
  const int port = freePort();
  Communicator alone([&](const Interrupt& interrupt) {
    TcpOptions options = optionsOf(0, 2, port, 1000);
    options.interrupt = &interrupt;
    return openTcp(options);
  });
  std::thread waiter([&] { CHECK_THROWS(alone.wait(Communicator::kOpening), Error); });
  alone.abort("the test says so");
  waiter.join();
}

}  // namespace anneal::comm
