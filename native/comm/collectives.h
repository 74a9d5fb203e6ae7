// Collectives over a transport. Each begins with a header that every rank tells every other, so that ranks which do different things
// learn of it instead of waiting for each other.
//
// A reduction is cut into one share per rank. Each rank gets its share from all others, reduces it in the order of the ranks
// (reduce.h), and gives the result to all: 2 (N-1)/N of the bytes leave each rank, as with a ring, in two rounds. What is small is
// given to all at once and reduced by each.
#pragma once
#include <memory>
#include <string>

#include "comm/transport.h"
#include "core/dtype.h"
#include "core/kernels/collective.h"

namespace anneal::comm {

struct Request {
  Collective kind;
  DType dtype = DType::UInt8;
  GroupOp op = GroupOp::Sum;
  int root = 0;
  const void* in = nullptr;  // null: `out` is both
  void* out = nullptr;
  int64_t count = 0;     // elements that this rank gives; of a reduce-scatter those that it gets
  int64_t received = 0;  // of an all-gather: elements of `out`
  std::string name;      // of the tensor, for errors
  std::string lost;      // why there are no data; then none are exchanged
};

// The data of a rank are lost, or there are fewer ranks than the result has room for: nothing was exchanged, and the group can go on.
class LostDataError : public TransportError {
 public:
  using TransportError::TransportError;
};

class Collectives {
 public:
  explicit Collectives(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}

  Transport& transport() { return *transport_; }
  // Throws TransportError, which is the same on every rank where they do not call the same. Where the transport survives the loss of a
  // rank, those that are left do it all again without it.
  void run(const Request& request);
  // Bytes that this rank has sent, headers included.
  uint64_t sentBytes() const { return sent_; }

 private:
  struct Header;
  void attempt(const Request& request);
  void agree(const Request& request);
  void allReduce(const Request& request);
  void reduceScatter(const Request& request);
  void allGather(const void* in, void* out, size_t bytes);
  void broadcast(const Request& request);
  void reduceShares(const Request& request, const char* in, char* share, const std::vector<int64_t>& begins);
  void exchange(const std::vector<Transfer>& transfers);
  char* scratch(size_t bytes);
  int rank() const { return transport_->rank(); }
  int size() const { return transport_->size(); }

  std::unique_ptr<Transport> transport_;
  std::vector<char> scratch_, before_;
  uint64_t sequence_ = 0, sent_ = 0;
};

}  // namespace anneal::comm
