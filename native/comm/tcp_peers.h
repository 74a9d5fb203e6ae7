// The connections of one rank to all others, and the frames that go over them.
#pragma once
#include <string>
#include <vector>

#include "comm/socket.h"
#include "comm/tcp.h"

namespace anneal::comm {

// Before each message stands its length, or that none will follow and why.
struct Frame {
  uint64_t length;
};
constexpr uint64_t kFarewell = ~uint64_t{0};
struct Farewell {
  int32_t rank;
  char message[508];
};

// One socket for each rank; that of the rank itself is not open. Throws TransportError.
std::vector<Socket> connectPeers(const TcpOptions& options);

// Sends a farewell, the last message on a connection; only at the beginning of a frame. Gives up at the deadline.
void sendFarewell(const Socket& socket, int rank, const std::string& message, Clock::time_point deadline);

// Throws where the caller is to give up.
void checkInterrupt(const TcpOptions& options);

// For messages: "rank 2 has", or "ranks 2, 3 and 7 have".
std::string haveOf(const std::vector<int>& ranks);

}  // namespace anneal::comm
