// Sockets of the system, of TCP: POSIX's or Windows's. The one file that knows which.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace anneal::comm {

using Clock = std::chrono::steady_clock;

// Owns a socket that never blocks.
class Socket {
 public:
  Socket() = default;
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  // Each gives a socket that is not open where it cannot, with `problem` filled. Port 0: any.
  static Socket listenOn(const std::string& host, int port, std::string& problem);
  static Socket connectTo(const std::string& host, int port, Clock::time_point deadline, std::string& problem);
  // A connection that waits on a listening socket; not open where none does.
  Socket accept() const;

  bool isOpen() const { return handle_ != kNone; }
  // The number of bytes that went through, 0 where none can now; kClosed where none ever will again.
  static constexpr int64_t kClosed = -1;
  int64_t send(const void* data, size_t bytes) const;
  int64_t receive(void* data, size_t bytes) const;
  // No more is sent; what was sent still arrives.
  void endSending() const;

  // Numeric addresses of the two ends.
  std::string localHost() const;
  std::string peerHost() const;
  int localPort() const;

 private:
  friend struct Watch;
  using Handle = intptr_t;  // an int, or Windows's SOCKET
  static constexpr Handle kNone = -1;
  explicit Socket(Handle handle) : handle_(handle) {}
  void close();

  Handle handle_ = kNone;
};

// A socket to wait for: what for, and what came.
struct Watch {
  const Socket* socket;
  bool reads, writes;
  bool ready = false;

  // Waits until one of them is ready, but not longer than until then.
  static void wait(std::vector<Watch>& watches, Clock::time_point deadline);
};

}  // namespace anneal::comm
