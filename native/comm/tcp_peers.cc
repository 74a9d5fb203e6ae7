#include "comm/tcp_peers.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

#include "core/format.h"

namespace anneal::comm {

namespace {

constexpr char kMagic[8] = {'a', 'n', 'n', 'e', 'a', 'l', 'c', 'm'};
constexpr uint32_t kProtocol = 1;  // in the byte order of the sender, so that a machine with another one is told apart
constexpr auto kBetweenAttempts = std::chrono::milliseconds(20);
constexpr auto kPatienceWithStrangers = std::chrono::seconds(5);

// What a rank says first on a connection that it makes.
struct Hello {
  char magic[8];
  uint32_t protocol;
  int32_t rank, size, port;
  char token[64];
};

// Where a rank listens, as rank 0 tells the others.
struct Place {
  char host[64];
  int32_t port;
};

void copyText(char* to, size_t bytes, const std::string& text) { std::snprintf(to, bytes, "%s", text.c_str()); }

Clock::time_point in(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// False where the connection ends or the time is up.
bool sendAll(const Socket& socket, const void* data, size_t bytes, Clock::time_point deadline) {
  for (const char* at = static_cast<const char*>(data); bytes > 0;) {
    const int64_t sent = socket.send(at, bytes);
    if (sent == Socket::kClosed || (sent == 0 && Clock::now() >= deadline)) return false;
    at += sent;
    bytes -= static_cast<size_t>(sent);
    std::vector<Watch> watches{{&socket, false, true}};
    if (bytes > 0) Watch::wait(watches, deadline);
  }
  return true;
}

bool receiveAll(const Socket& socket, void* data, size_t bytes, Clock::time_point deadline) {
  for (char* at = static_cast<char*>(data); bytes > 0;) {
    const int64_t received = socket.receive(at, bytes);
    if (received == Socket::kClosed || (received == 0 && Clock::now() >= deadline)) return false;
    at += received;
    bytes -= static_cast<size_t>(received);
    std::vector<Watch> watches{{&socket, true, false}};
    if (bytes > 0) Watch::wait(watches, deadline);
  }
  return true;
}

class Rendezvous {
 public:
  explicit Rendezvous(const TcpOptions& options)
      : options_(options), deadline_(in(options.timeout)), peers_(static_cast<size_t>(options.size)) {}

  std::vector<Socket> run() {
    if (options_.rank == 0)
      lead();
    else
      follow();
    return std::move(peers_);
  }

 private:
  std::string address() const { return format("%s:%d", options_.host.c_str(), options_.port); }

  Hello hello(int port) const {
    Hello hello{};
    std::memcpy(hello.magic, kMagic, sizeof kMagic);
    hello.protocol = kProtocol;
    hello.rank = options_.rank;
    hello.size = options_.size;
    hello.port = port;
    copyText(hello.token, sizeof hello.token, options_.token);
    return hello;
  }

  // Why a rank that has said hello may not take part; empty where it may.
  std::string objectionTo(const Hello& other) const {
    const int size = options_.size;
    if (other.protocol != kProtocol)
      return "a process runs another version of anneal than rank 0, or another kind of machine";
    if (other.size != size) {
      return format("rank %d expects %d ranks, where rank %d expects %d", other.rank, other.size, options_.rank, size);
    }
    if (other.rank <= options_.rank || other.rank >= size) {
      return format("there is no place for rank %d among %d ranks", other.rank, size);
    }
    if (peers_[static_cast<size_t>(other.rank)].isOpen())
      return format("two processes say that they are rank %d", other.rank);
    return {};
  }

  // Takes connections until all higher ranks are there. What is not a rank of this job is sent away without a word.
  void takeHigher(const Socket& listener, std::vector<Place>* places) {
    for (std::vector<int> missing = missingRanks(); !missing.empty(); missing = missingRanks()) {
      Socket waiting = waitFor(listener, missing);
      Hello hello;
      const auto patience = std::min(deadline_, Clock::now() + kPatienceWithStrangers);
      if (!receiveAll(waiting, &hello, sizeof hello, patience)) continue;
      hello.token[sizeof hello.token - 1] = 0;
      if (std::memcmp(hello.magic, kMagic, sizeof kMagic) != 0 || options_.token != hello.token) continue;
      if (const std::string problem = objectionTo(hello); !problem.empty()) {
        sendFarewell(waiting, hello.rank, problem, deadline_);
        for (const Socket& peer : peers_) {
          if (peer.isOpen()) sendFarewell(peer, hello.rank, problem, deadline_);
        }
        throw TransportError(hello.rank, problem);
      }
      if (places) {
        Place& place = (*places)[static_cast<size_t>(hello.rank)];
        copyText(place.host, sizeof place.host, waiting.peerHost());
        place.port = hello.port;
      }
      peers_[static_cast<size_t>(hello.rank)] = std::move(waiting);
    }
  }

  std::vector<int> missingRanks() const {
    std::vector<int> missing;
    for (int rank = options_.rank + 1; rank < options_.size; ++rank) {
      if (!peers_[static_cast<size_t>(rank)].isOpen()) missing.push_back(rank);
    }
    return missing;
  }

  Socket waitFor(const Socket& listener, const std::vector<int>& missing) const {
    for (;;) {
      Socket socket = listener.accept();
      if (socket.isOpen()) return socket;
      if (Clock::now() >= deadline_) {
        throw TransportError(missing[0], format("%s not come to %s within %g s (ANNEAL_COMM_TIMEOUT)",
                                                haveOf(missing).c_str(), address().c_str(), options_.timeout));
      }
      checkInterrupt(options_);
      std::vector<Watch> watches{{&listener, true, false}};
      Watch::wait(watches, deadline_);
    }
  }

  void lead() {
    std::string problem;
    const Socket listener = Socket::listenOn(options_.host, options_.port, problem);
    if (!listener.isOpen()) {
      throw TransportError(0, format("rank 0 cannot listen at %s: %s; MASTER_ADDR and MASTER_PORT name the place",
                                     address().c_str(), problem.c_str()));
    }
    std::vector<Place> places(peers_.size());
    takeHigher(listener, &places);
    const Frame frame{places.size() * sizeof(Place)};
    for (int rank = 1; rank < options_.size; ++rank) {
      const Socket& peer = peers_[static_cast<size_t>(rank)];
      if (!sendAll(peer, &frame, sizeof frame, deadline_) || !sendAll(peer, places.data(), frame.length, deadline_)) {
        throw TransportError(rank, format("the connection to rank %d was lost", rank));
      }
    }
  }

  void follow() {
    Socket leader = connect(0, options_.host, options_.port);
    // Where the leader is reached, so are the others: on this machine alone, if that is where it is.
    std::string problem;
    const Socket listener = Socket::listenOn(leader.localHost(), 0, problem);
    if (!listener.isOpen())
      throw TransportError(options_.rank,
                           format("cannot listen at %s: %s", leader.localHost().c_str(), problem.c_str()));
    const Hello introduction = hello(listener.localPort());
    std::vector<Place> places(peers_.size());
    Frame frame{};
    const bool answered = sendAll(leader, &introduction, sizeof introduction, deadline_) &&
                          receiveAll(leader, &frame, sizeof frame, deadline_);
    if (answered && frame.length == kFarewell) {
      Farewell farewell{};
      receiveAll(leader, &farewell, sizeof farewell, deadline_);
      farewell.message[sizeof farewell.message - 1] = 0;
      throw TransportError(farewell.rank, farewell.message);
    }
    if (!answered || frame.length != places.size() * sizeof(Place) ||
        !receiveAll(leader, places.data(), frame.length, deadline_)) {
      throw TransportError(0, format("rank 0 at %s closed the connection: is it of the same job (ANNEAL_COMM_TOKEN)?",
                                     address().c_str()));
    }
    peers_[0] = std::move(leader);
    for (int rank = 1; rank < options_.rank; ++rank) {
      const Place& place = places[static_cast<size_t>(rank)];
      Socket socket = connect(rank, place.host, place.port);
      if (!sendAll(socket, &introduction, sizeof introduction, deadline_)) {
        throw TransportError(rank, format("the connection to rank %d was lost", rank));
      }
      peers_[static_cast<size_t>(rank)] = std::move(socket);
    }
    takeHigher(listener, nullptr);
  }

  // The other side may not listen yet.
  Socket connect(int rank, const std::string& host, int port) const {
    std::string problem;
    while (Clock::now() < deadline_) {
      Socket socket = Socket::connectTo(host, port, deadline_, problem);
      if (socket.isOpen()) return socket;
      checkInterrupt(options_);
      std::this_thread::sleep_for(kBetweenAttempts);
    }
    throw TransportError(
        rank, format("rank %d is not to be reached at %s:%d: %s", rank, host.c_str(), port, problem.c_str()));
  }

  const TcpOptions& options_;
  const Clock::time_point deadline_;
  std::vector<Socket> peers_;
};

}  // namespace

std::vector<Socket> connectPeers(const TcpOptions& options) { return Rendezvous(options).run(); }

void sendFarewell(const Socket& socket, int rank, const std::string& message, Clock::time_point deadline) {
  struct {
    Frame frame{kFarewell};
    Farewell farewell{};
  } last;
  last.farewell.rank = rank;
  copyText(last.farewell.message, sizeof last.farewell.message, message);
  sendAll(socket, &last, sizeof last, deadline);
  socket.endSending();
}

void checkInterrupt(const TcpOptions& options) {
  if (options.interrupt && options.interrupt->load()) {
    throw TransportError(options.rank, format("rank %d was ended", options.rank));
  }
}

std::string haveOf(const std::vector<int>& ranks) {
  std::string names = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0) names += i + 1 == ranks.size() ? " and " : ", ";
    names += std::to_string(ranks[i]);
  }
  return names + (ranks.size() == 1 ? " has" : " have");
}

}  // namespace anneal::comm
