// Ranks that MPI has started: over a library with the standard ABI of MPI 5, or over a shim for any other.
#pragma once
#include <memory>
#include <string>

#include "comm/transport.h"

namespace anneal::comm {

struct MpiOptions {
  std::string library;  // with the standard ABI; empty: the shim
  std::string shim;
  double timeout = 300;  // as in TcpOptions
  const Interrupt* interrupt = nullptr;
};

// Throws Error (Device), which says which library was looked for.
std::unique_ptr<Transport> openMpi(const MpiOptions& options);

}  // namespace anneal::comm
