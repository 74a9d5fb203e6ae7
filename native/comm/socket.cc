#include "comm/socket.h"

#include <algorithm>
#include <cstring>
#include <utility>

#ifdef _WIN32
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
// After winsock2.h.
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace anneal::comm {

namespace {

#ifdef _WIN32
using Native = SOCKET;
using Length = int;
using PollEntry = WSAPOLLFD;
constexpr int kSendFlags = 0, kEndOfSending = SD_SEND;

void prepareSockets() {
  static const bool done = [] {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
  }();
  (void)done;
}
int lastError() { return WSAGetLastError(); }
bool wouldBlock(int error) { return error == WSAEWOULDBLOCK || error == WSAEINPROGRESS; }
std::string describe(int error) { return "Windows's error " + std::to_string(error); }
void setNonBlocking(Native handle) {
  u_long yes = 1;
  ioctlsocket(handle, FIONBIO, &yes);
}
void closeNative(Native handle) { closesocket(handle); }
int pollNative(PollEntry* entries, size_t count, int milliseconds) {
  return WSAPoll(entries, static_cast<ULONG>(count), milliseconds);
}
#else
using Native = int;
using Length = socklen_t;
using PollEntry = pollfd;
#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;  // macOS: SO_NOSIGPIPE, below
#endif
constexpr int kEndOfSending = SHUT_WR;

void prepareSockets() {}
int lastError() { return errno; }
bool wouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINPROGRESS || error == EINTR; }
std::string describe(int error) { return std::strerror(error); }
void setNonBlocking(Native handle) {
  fcntl(handle, F_SETFL, fcntl(handle, F_GETFL) | O_NONBLOCK);
  fcntl(handle, F_SETFD, FD_CLOEXEC);
}
void closeNative(Native handle) { ::close(handle); }
int pollNative(PollEntry* entries, size_t count, int milliseconds) {
  return ::poll(entries, static_cast<nfds_t>(count), milliseconds);
}
#endif

constexpr size_t kMostAtOnce = size_t{1} << 30;  // Windows takes the length as an int

Native nativeOf(intptr_t handle) { return static_cast<Native>(handle); }

void setOption(Native handle, int level, int name) {
  const int yes = 1;
  setsockopt(handle, level, name, reinterpret_cast<const char*>(&yes), sizeof yes);
}

// As a connection is: small messages go at once, and a lost one raises no signal.
void settle(Native handle) {
  setNonBlocking(handle);
  setOption(handle, IPPROTO_TCP, TCP_NODELAY);
#ifdef SO_NOSIGPIPE
  setOption(handle, SOL_SOCKET, SO_NOSIGPIPE);
#endif
}

struct Addresses {
  addrinfo* first = nullptr;
  std::string problem;

  Addresses(const std::string& host, int port) {
    prepareSockets();
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
    if (error != 0) problem = "the address '" + host + "' is not known";
  }
  ~Addresses() {
    if (first) freeaddrinfo(first);
  }
  Addresses(const Addresses&) = delete;
  Addresses& operator=(const Addresses&) = delete;
};

Native make(const addrinfo& address) { return ::socket(address.ai_family, address.ai_socktype, address.ai_protocol); }

std::string hostOf(const sockaddr_storage& address, Length length) {
  char host[NI_MAXHOST] = {};
  getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
  return host;
}

int errorOf(Native handle) {
  int error = 0;
  Length length = sizeof error;
  getsockopt(handle, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &length);
  return error;
}

}  // namespace

Socket::Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, kNone)) {}
Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    handle_ = std::exchange(other.handle_, kNone);
  }
  return *this;
}
Socket::~Socket() { close(); }

void Socket::close() {
  if (handle_ != kNone) closeNative(nativeOf(std::exchange(handle_, kNone)));
}

Socket Socket::listenOn(const std::string& host, int port, std::string& problem) {
  const Addresses addresses(host, port);
  problem = addresses.problem;
  for (const addrinfo* address = addresses.first; address; address = address->ai_next) {
    Socket socket(static_cast<Handle>(make(*address)));
    if (!socket.isOpen()) continue;
    const Native handle = nativeOf(socket.handle_);
#ifndef _WIN32
    setOption(handle, SOL_SOCKET, SO_REUSEADDR);  // Windows would let another program take the port too
#endif
    setNonBlocking(handle);
    if (::bind(handle, address->ai_addr, static_cast<Length>(address->ai_addrlen)) == 0 &&
        ::listen(handle, SOMAXCONN) == 0) {
      return socket;
    }
    problem = describe(lastError());
  }
  return {};
}

Socket Socket::connectTo(const std::string& host, int port, Clock::time_point deadline, std::string& problem) {
  const Addresses addresses(host, port);
  problem = addresses.problem;
  for (const addrinfo* address = addresses.first; address; address = address->ai_next) {
    Socket socket(static_cast<Handle>(make(*address)));
    if (!socket.isOpen()) continue;
    const Native handle = nativeOf(socket.handle_);
    settle(handle);
    if (::connect(handle, address->ai_addr, static_cast<Length>(address->ai_addrlen)) == 0) return socket;
    int error = lastError();
    if (wouldBlock(error)) {
      std::vector<Watch> watches{{&socket, false, true}};
      do {
        Watch::wait(watches, deadline);
      } while (!watches[0].ready && Clock::now() < deadline);
      if (!watches[0].ready) {
        problem = "it does not answer";
        continue;
      }
      error = errorOf(handle);
      if (error == 0) return socket;
    }
    problem = describe(error);
  }
  return {};
}

Socket Socket::accept() const {
  Socket socket(static_cast<Handle>(::accept(nativeOf(handle_), nullptr, nullptr)));
  if (socket.isOpen()) settle(nativeOf(socket.handle_));
  return socket;
}

int64_t Socket::send(const void* data, size_t bytes) const {
  const auto length = std::min(bytes, kMostAtOnce);
#ifdef _WIN32
  const int64_t sent = ::send(nativeOf(handle_), static_cast<const char*>(data), static_cast<int>(length), kSendFlags);
#else
  const int64_t sent = ::send(nativeOf(handle_), data, length, kSendFlags);
#endif
  if (sent >= 0) return sent;
  return wouldBlock(lastError()) ? 0 : kClosed;
}

int64_t Socket::receive(void* data, size_t bytes) const {
  const auto length = std::min(bytes, kMostAtOnce);
#ifdef _WIN32
  const int64_t received = ::recv(nativeOf(handle_), static_cast<char*>(data), static_cast<int>(length), 0);
#else
  const int64_t received = ::recv(nativeOf(handle_), data, length, 0);
#endif
  if (received > 0) return received;
  return received < 0 && wouldBlock(lastError()) ? 0 : kClosed;
}

void Socket::endSending() const { ::shutdown(nativeOf(handle_), kEndOfSending); }

std::string Socket::localHost() const {
  sockaddr_storage address{};
  Length length = sizeof address;
  getsockname(nativeOf(handle_), reinterpret_cast<sockaddr*>(&address), &length);
  return hostOf(address, length);
}

std::string Socket::peerHost() const {
  sockaddr_storage address{};
  Length length = sizeof address;
  getpeername(nativeOf(handle_), reinterpret_cast<sockaddr*>(&address), &length);
  return hostOf(address, length);
}

int Socket::localPort() const {
  sockaddr_storage address{};
  Length length = sizeof address;
  getsockname(nativeOf(handle_), reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void Watch::wait(std::vector<Watch>& watches, Clock::time_point deadline) {
  std::vector<PollEntry> entries(watches.size());
  for (size_t i = 0; i < watches.size(); ++i) {
    entries[i].fd = nativeOf(watches[i].socket->handle_);
    entries[i].events = static_cast<short>((watches[i].reads ? POLLIN : 0) | (watches[i].writes ? POLLOUT : 0));
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  constexpr int64_t kMostMilliseconds = 100;  // until the caller looks whether it is to give up
  pollNative(entries.data(), entries.size(), static_cast<int>(std::clamp<int64_t>(left, 0, kMostMilliseconds)));
  for (size_t i = 0; i < watches.size(); ++i) watches[i].ready = entries[i].revents != 0;
}

}  // namespace anneal::comm
