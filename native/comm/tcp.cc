#include "comm/tcp.h"

#include <algorithm>
#include <deque>
#include <optional>

#include "comm/tcp_peers.h"
#include "core/format.h"

namespace anneal::comm {

namespace {

// A message on its way: its frame, then its bytes.
struct Piece {
  Frame frame;
  char* data;
  size_t done = 0;  // of the frame and the bytes together
  Frame received{};

  size_t total() const { return sizeof frame + static_cast<size_t>(frame.length); }
  bool isFramed() const { return done >= sizeof frame; }
  bool isDone() const { return done == total(); }
  // What is to be moved next, in one place of memory; `ofFrame`: where the frame is.
  std::pair<char*, size_t> rest(Frame& ofFrame) {
    if (!isFramed()) return {reinterpret_cast<char*>(&ofFrame) + done, sizeof frame - done};
    return {data + (done - sizeof frame), total() - done};
  }
};

class Tcp : public Transport {
 public:
  explicit Tcp(const TcpOptions& options)
      : options_(options), peers_(connectPeers(options)), queues_(peers_.size()), halfSent_(peers_.size()) {}

  const char* name() const override { return "TCP"; }
  int rank() const override { return options_.rank; }
  int size() const override { return options_.size; }

  void exchange(const std::vector<Transfer>& transfers) override {
    for (Queues& queues : queues_) queues = {};
    for (const Transfer& transfer : transfers) {
      Queues& queues = queues_[static_cast<size_t>(transfer.peer)];
      (transfer.receives ? queues.expected : queues.outgoing)
          .push_back({{transfer.bytes}, static_cast<char*>(transfer.data)});
    }
    auto deadline = nextDeadline();
    std::vector<Watch> watches;
    for (;;) {
      bool moved = false;
      watches.clear();
      for (int peer = 0; peer < size(); ++peer) {
        Queues& queues = queues_[static_cast<size_t>(peer)];
        moved = sendTo(peer, queues) || moved;
        moved = receiveFrom(peer, queues) || moved;
        const bool reads = !queues.expected.empty(), writes = !queues.outgoing.empty();
        if (reads || writes) watches.push_back({&socketOf(peer), reads, writes});
      }
      if (watches.empty()) return;
      if (moved)
        deadline = nextDeadline();
      else if (Clock::now() >= deadline)
        failLate();
      checkInterrupt(options_);
      Watch::wait(watches, deadline);
    }
  }

  void abort(const TransportError& why) override {
    for (int peer = 0; peer < size(); ++peer) {
      const Socket& socket = socketOf(peer);
      if (!socket.isOpen()) continue;
      if (halfSent_[static_cast<size_t>(peer)])
        socket.endSending();
      else
        sendFarewell(socket, why.rank, why.what());
    }
  }

  void finalize() override {
    for (const Socket& peer : peers_) {
      if (peer.isOpen()) peer.endSending();
    }
  }

 private:
  struct Queues {
    std::deque<Piece> outgoing, expected;
  };

  const Socket& socketOf(int peer) const { return peers_[static_cast<size_t>(peer)]; }

  Clock::time_point nextDeadline() const {
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.timeout));
  }

  [[noreturn]] static void failGone(int peer) {
    throw TransportError(peer, format("rank %d is gone: its process has ended, or the connection to it is lost", peer));
  }

  [[noreturn]] void failLate() const {
    std::vector<int> silent;
    for (int peer = 0; peer < size(); ++peer) {
      const Queues& queues = queues_[static_cast<size_t>(peer)];
      if (!queues.expected.empty() || !queues.outgoing.empty()) silent.push_back(peer);
    }
    throw TransportError(
        silent[0], format("%s not answered for %g s (ANNEAL_COMM_TIMEOUT)", haveOf(silent).c_str(), options_.timeout));
  }

  // Both return whether anything has moved.
  bool sendTo(int peer, Queues& queues) {
    bool moved = false;
    while (!queues.outgoing.empty()) {
      Piece& piece = queues.outgoing.front();
      const auto [data, bytes] = piece.rest(piece.frame);
      const int64_t sent = socketOf(peer).send(data, bytes);
      if (sent == Socket::kClosed) {
        receiveFrom(peer, queues);  // it may have said why before
        failGone(peer);
      }
      if (sent == 0) break;
      moved = true;
      piece.done += static_cast<size_t>(sent);
      halfSent_[static_cast<size_t>(peer)] = !piece.isDone();
      if (piece.isDone()) queues.outgoing.pop_front();
    }
    return moved;
  }

  bool receiveFrom(int peer, Queues& queues) {
    bool moved = false;
    while (!queues.expected.empty()) {
      Piece& piece = queues.expected.front();
      const bool wasFramed = piece.isFramed();
      const auto [data, bytes] = piece.rest(piece.received);
      const int64_t received = socketOf(peer).receive(data, bytes);
      if (received == Socket::kClosed) failGone(peer);
      if (received == 0) break;
      moved = true;
      piece.done += static_cast<size_t>(received);
      if (!wasFramed && piece.isFramed()) checkFrame(peer, piece);
      if (piece.isDone()) queues.expected.pop_front();
    }
    return moved;
  }

  void checkFrame(int peer, const Piece& piece) const {
    const uint64_t length = piece.received.length;
    if (length == kFarewell) failFarewell(peer);
    if (length == piece.frame.length) return;
    throw TransportError(
        peer, format("rank %d sent %llu bytes where %llu were expected", peer, static_cast<unsigned long long>(length),
                     static_cast<unsigned long long>(piece.frame.length)));
  }

  [[noreturn]] void failFarewell(int peer) const {
    Farewell farewell{};
    const Socket& socket = socketOf(peer);
    size_t done = 0;
    const auto deadline = Clock::now() + std::chrono::seconds(1);
    while (done < sizeof farewell && Clock::now() < deadline) {
      const int64_t received = socket.receive(reinterpret_cast<char*>(&farewell) + done, sizeof farewell - done);
      if (received == Socket::kClosed) failGone(peer);
      done += static_cast<size_t>(received);
      std::vector<Watch> watches{{&socket, true, false}};
      if (received == 0) Watch::wait(watches, deadline);
    }
    farewell.message[sizeof farewell.message - 1] = 0;
    const std::string message = farewell.message;
    const bool passedOn = message.find(" (says rank ") != std::string::npos;
    throw TransportError(farewell.rank, passedOn || farewell.rank == peer
                                            ? message
                                            : format("%s (says rank %d)", message.c_str(), peer));
  }

  const TcpOptions options_;
  std::vector<Socket> peers_;
  std::vector<Queues> queues_;
  std::vector<bool> halfSent_;  // whether a message to a rank has begun and not ended
};

}  // namespace

std::unique_ptr<Transport> openTcp(const TcpOptions& options) { return std::make_unique<Tcp>(options); }

}  // namespace anneal::comm
