// Ranks that are connected by TCP, each with each, on one machine or in a private network: for development, tests, and where there is
// no MPI. Nothing is encrypted, and who knows the token may take part.
//
// Rank 0 listens at a known address. The others tell it where they listen themselves, get everybody's addresses from it, and connect.
#pragma once
#include <memory>
#include <string>

#include "comm/transport.h"

namespace anneal::comm {

struct TcpOptions {
  int rank = 0, size = 1;
  std::string host = "127.0.0.1";  // where rank 0 listens
  int port = 29500;
  double timeout = 300;  // seconds without any progress after which a rank counts as lost
  std::string token;     // ranks of another job have another one
  const Interrupt* interrupt = nullptr;
};

// Blocks until all ranks are connected. Throws TransportError, which names the ranks that have not come.
std::unique_ptr<Transport> openTcp(const TcpOptions& options);

}  // namespace anneal::comm
