// What moves bytes between the processes of a group. Collectives (collectives.h) are written once, on top of it, so that each transport
// gives the same bits and the same errors.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace anneal::comm {

// A message to or from one other rank.
struct Transfer {
  int peer;
  bool receives;
  void* data;  // only read, if it is sent
  size_t bytes;
};

// Another rank is gone or does not answer, or a transport cannot be had.
class TransportError : public std::runtime_error {
 public:
  TransportError(int rank, const std::string& message) : std::runtime_error(message), rank(rank) {}
  const int rank;  // whose fault it is; kUnknownRank where that cannot be told
};
constexpr int kUnknownRank = -1;

// A rank is gone, and the transport can go on without it: Transport::settle.
class RankGoneError : public TransportError {
 public:
  using TransportError::TransportError;
};

// Set from any thread: what waits gives up within a fraction of a second.
using Interrupt = std::atomic<bool>;

// Used by one thread only, the one that made it.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual const char* name() const = 0;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Begins all transfers at once and returns when all are done. Messages from one rank to another arrive in the order of the transfers,
  // and must have the length that their receiver expects. Throws TransportError, after which the transport is of no more use; also
  // where nothing has moved for the time-out.
  virtual void exchange(const std::vector<Transfer>& transfers) = 0;
  // Whether the group can lose ranks and go on.
  virtual bool survives() const { return false; }
  // Of a transport that survives. All ranks that are left call it after a collective: whether all have come through it (`done`). Where
  // one has not, those that are left become the group: rank() and size() are new ones, in the old order.
  virtual bool settle(bool done) { return done; }
  // Tells the others, as far as that is possible within a second, why this rank takes no further part.
  virtual void abort(const TransportError& why) = 0;
  // To be called by all ranks at the same place. Nothing may follow.
  virtual void finalize() = 0;
};

}  // namespace anneal::comm
