#include "comm/tcp.h"

#include <algorithm>
#include <deque>
#include <optional>

#include "comm/tcp_peers.h"
#include "core/format.h"

namespace anneal::comm {

namespace {

constexpr auto kPatienceAtTheEnd = std::chrono::seconds(1);  // with ranks that do not read

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

  ~Tcp() override {
    if (aborted_) drain();
  }

  void exchange(const std::vector<Transfer>& transfers) override {
    for (Queues& queues : queues_) queues = {};
    for (const Transfer& transfer : transfers) {
      Queues& queues = queues_[static_cast<size_t>(transfer.peer)];
      (transfer.receives ? queues.expected : queues.outgoing)
          .push_back({{transfer.bytes}, static_cast<char*>(transfer.data)});
    }
    try {
      moveAll();
    } catch (const TransportError&) {
      finishMessages();
      throw;
    }
  }

  void abort(const TransportError& why) override {
    aborted_ = true;
    const auto deadline = Clock::now() + kPatienceAtTheEnd;
    for (int peer = 0; peer < size(); ++peer) {
      const Socket& socket = socketOf(peer);
      if (!socket.isOpen()) continue;
      if (halfSent_[static_cast<size_t>(peer)])
        socket.endSending();
      else
        sendFarewell(socket, why.rank, why.what(), deadline);
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

  void moveAll() {
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

  // A farewell can only follow a whole message, and those that are cut short here are whole for a rank that goes on reading.
  void finishMessages() {
    const auto deadline = Clock::now() + kPatienceAtTheEnd;
    std::vector<Watch> watches;
    do {
      watches.clear();
      for (int peer = 0; peer < size(); ++peer) {
        if (!halfSent_[static_cast<size_t>(peer)]) continue;
        Piece& piece = queues_[static_cast<size_t>(peer)].outgoing.front();
        const auto [data, bytes] = piece.rest(piece.frame);
        const int64_t sent = socketOf(peer).send(data, bytes);
        if (sent > 0) piece.done += static_cast<size_t>(sent);
        halfSent_[static_cast<size_t>(peer)] = sent != Socket::kClosed && !piece.isDone();
        if (halfSent_[static_cast<size_t>(peer)]) watches.push_back({&socketOf(peer), false, true});
      }
      if (!watches.empty()) Watch::wait(watches, deadline);
    } while (!watches.empty() && Clock::now() < deadline);
  }

  // Reads what still comes until the others have closed as well: a connection that is closed with unread data is reset, and what
  // was said last on it may be lost.
  void drain() const {
    const auto deadline = Clock::now() + kPatienceAtTheEnd;
    std::vector<char> unread(size_t{1} << 16);
    std::vector<bool> ended(peers_.size());
    std::vector<Watch> watches;
    do {
      watches.clear();
      for (size_t peer = 0; peer < peers_.size(); ++peer) {
        if (!peers_[peer].isOpen() || ended[peer]) continue;
        ended[peer] = peers_[peer].receive(unread.data(), unread.size()) == Socket::kClosed;
        if (!ended[peer]) watches.push_back({&peers_[peer], true, false});
      }
      if (!watches.empty()) Watch::wait(watches, deadline);
    } while (!watches.empty() && Clock::now() < deadline);
  }

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
        queues.expected.push_back({{0}, nullptr});  // behind what was expected it may have said why
        receiveFrom(peer, queues);
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
    const auto deadline = Clock::now() + kPatienceAtTheEnd;
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
  bool aborted_ = false;
};

}  // namespace

std::unique_ptr<Transport> openTcp(const TcpOptions& options) { return std::make_unique<Tcp>(options); }

}  // namespace anneal::comm
