#include "comm/collectives.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include "comm/reduce.h"
#include "core/format.h"

namespace anneal::comm {

namespace {

constexpr size_t kSmallBytes = 4096;  // of a reduction that is done by each rank for itself, in one round

const char* nameOf(Collective kind) {
  switch (kind) {
    case Collective::AllReduce: return "allReduce";
    case Collective::Broadcast: return "broadcast";
    case Collective::AllGather: return "allGather";
    case Collective::ReduceScatter: return "reduceScatter";
    case Collective::Barrier: return "barrier";
    case Collective::Finalize: return "finalize";
  }
  return "";
}

const char* nameOf(GroupOp op) {
  constexpr const char* kNames[] = {"sum", "mean", "min", "max"};
  return kNames[static_cast<int>(op)];
}

}  // namespace

// What a rank is about to do. All of it but `lost` must be the same on all ranks.
struct Collectives::Header {
  uint64_t sequence;
  int64_t count;
  int32_t root;
  Collective kind;
  DType dtype;
  GroupOp op;
  uint8_t unused;
  char name[104];
  char lost[128];

  bool fits(const Header& other) const { return std::memcmp(this, &other, offsetof(Header, lost)) == 0; }

  // allReduce (sum) of 'fc1.weight', float32 x 200704
  std::string inWords() const {
    const char* call = anneal::comm::nameOf(kind);
    if (kind == Collective::Barrier || kind == Collective::Finalize) return call;
    const std::string of = format("of '%s', %s x %lld", name, anneal::nameOf(dtype), static_cast<long long>(count));
    if (kind == Collective::Broadcast) return format("%s from rank %d %s", call, static_cast<int>(root), of.c_str());
    if (kind == Collective::AllGather) return format("%s %s", call, of.c_str());
    return format("%s (%s) %s", call, anneal::comm::nameOf(op), of.c_str());
  }
};

void Collectives::exchange(const std::vector<Transfer>& transfers) {
  transport_->exchange(transfers);
  for (const Transfer& transfer : transfers) {
    if (!transfer.receives) sent_ += transfer.bytes;
  }
}

char* Collectives::scratch(size_t bytes) {
  if (scratch_.size() < bytes) scratch_.resize(bytes);
  return scratch_.data();
}

// Whether all have come through is agreed upon after each one: a rank that has what it wants may be the only one.
void Collectives::run(const Request& request) {
  if (!transport_->survives()) return attempt(request);
  const size_t bytes = static_cast<size_t>(request.count) * sizeOf(request.dtype);
  char* const data = static_cast<char*>(request.out);
  const bool inPlace = request.kind == Collective::AllReduce && request.lost.empty();
  if (inPlace) before_.assign(data, data + bytes);
  const uint64_t sequence = sequence_;
  for (;;) {
    std::optional<LostDataError> lost;
    bool done = true;
    try {
      attempt(request);
    } catch (const LostDataError& problem) {
      lost.emplace(problem);
    } catch (const RankGoneError&) {
      done = false;
    }
    if (request.kind == Collective::Finalize) return;
    if (transport_->settle(done)) {
      if (lost) throw *lost;
      return;
    }
    sequence_ = sequence;
    if (inPlace) std::memcpy(data, before_.data(), bytes);
  }
}

void Collectives::attempt(const Request& request) {
  agree(request);
  const size_t bytes = static_cast<size_t>(request.count) * sizeOf(request.dtype);
  switch (request.kind) {
    case Collective::AllReduce: return allReduce(request);
    case Collective::Broadcast: return broadcast(request);
    case Collective::AllGather: return allGather(request.in, request.out, bytes);
    case Collective::ReduceScatter: return reduceScatter(request);
    case Collective::Barrier: return;
    case Collective::Finalize: return transport_->finalize();
  }
}

void Collectives::agree(const Request& request) {
  std::vector<Header> headers(static_cast<size_t>(size()));
  Header& own = headers[static_cast<size_t>(rank())];
  own.sequence = sequence_++;
  own.count = request.count;
  own.root = request.root;
  own.kind = request.kind;
  own.dtype = request.dtype;
  own.op = request.op;
  std::snprintf(own.name, sizeof own.name, "%s", request.name.c_str());
  std::snprintf(own.lost, sizeof own.lost, "%s", request.lost.c_str());
  std::vector<Transfer> transfers;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank()) continue;
    transfers.push_back({peer, false, &own, sizeof own});
    transfers.push_back({peer, true, &headers[static_cast<size_t>(peer)], sizeof own});
  }
  exchange(transfers);
  for (int other = 1; other < size(); ++other) {
    const Header &first = headers[0], &header = headers[static_cast<size_t>(other)];
    if (header.fits(first)) continue;
    throw TransportError(
        other,
        format("rank %d calls %s where rank 0 calls %s: all ranks must call the same collectives in the same order",
               other, header.inWords().c_str(), first.inWords().c_str()));
  }
  if (request.kind == Collective::Broadcast && request.root >= size()) {
    throw LostDataError(kUnknownRank, format("'%s' was to come from rank %d, and there are %d ranks left",
                                             request.name.c_str(), request.root, size()));
  }
  if (request.kind == Collective::AllGather && request.received != request.count * size()) {
    throw LostDataError(kUnknownRank, format("'%s' of all ranks was to be gathered, and there are %d ranks left",
                                             request.name.c_str(), size()));
  }
  for (int other = 0; other < size(); ++other) {
    const Header& header = headers[static_cast<size_t>(other)];
    if (header.lost[0] == 0) continue;
    throw LostDataError(other, format("rank %d has lost '%s': %s", other, header.name, header.lost));
  }
}

// `share` becomes the part of this rank; it may lie in `in`. Rank r has the elements from begins[r] to begins[r + 1].
void Collectives::reduceShares(const Request& request, const char* in, char* share,
                               const std::vector<int64_t>& begins) {
  const size_t element = sizeOf(request.dtype);
  const auto begin = [&](int r) { return static_cast<size_t>(begins[static_cast<size_t>(r)]) * element; };
  const size_t own = begin(rank() + 1) - begin(rank());
  char* received = scratch(own * static_cast<size_t>(size() - 1));
  std::vector<const void*> parts;
  std::vector<Transfer> transfers;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank()) {
      parts.push_back(in + begin(peer));
      continue;
    }
    parts.push_back(received);
    transfers.push_back({peer, false, const_cast<char*>(in) + begin(peer), begin(peer + 1) - begin(peer)});
    transfers.push_back({peer, true, received, own});
    received += own;
  }
  exchange(transfers);
  reduceInOrder(request.dtype, request.op, parts, share, static_cast<int64_t>(own / element));
}

void Collectives::allReduce(const Request& request) {
  char* data = static_cast<char*>(request.out);
  const size_t element = sizeOf(request.dtype), bytes = static_cast<size_t>(request.count) * element;
  if (bytes <= kSmallBytes) {
    char* all = scratch(bytes * static_cast<size_t>(size()));
    allGather(data, all, bytes);
    std::vector<const void*> parts;
    for (int r = 0; r < size(); ++r) parts.push_back(all + static_cast<size_t>(r) * bytes);
    return reduceInOrder(request.dtype, request.op, parts, data, request.count);
  }
  std::vector<int64_t> begins;
  for (int r = 0; r <= size(); ++r) begins.push_back(request.count * r / size());
  const auto begin = [&](int r) { return static_cast<size_t>(begins[static_cast<size_t>(r)]) * element; };
  reduceShares(request, data, data + begin(rank()), begins);
  std::vector<Transfer> transfers;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank()) continue;
    transfers.push_back({peer, false, data + begin(rank()), begin(rank() + 1) - begin(rank())});
    transfers.push_back({peer, true, data + begin(peer), begin(peer + 1) - begin(peer)});
  }
  exchange(transfers);
}

void Collectives::reduceScatter(const Request& request) {
  std::vector<int64_t> begins;
  for (int r = 0; r <= size(); ++r) begins.push_back(request.count * r);
  reduceShares(request, static_cast<const char*>(request.in), static_cast<char*>(request.out), begins);
}

void Collectives::allGather(const void* in, void* out, size_t bytes) {
  const auto at = [&](int r) { return static_cast<char*>(out) + static_cast<size_t>(r) * bytes; };
  if (bytes > 0) std::memmove(at(rank()), in, bytes);
  std::vector<Transfer> transfers;
  for (int peer = 0; peer < size(); ++peer) {
    if (peer == rank()) continue;
    transfers.push_back({peer, false, at(rank()), bytes});
    transfers.push_back({peer, true, at(peer), bytes});
  }
  exchange(transfers);
}

// Along a binomial tree: ranks count from the root; in round k those below 2^k, which have the data, give them to those 2^k further on.
void Collectives::broadcast(const Request& request) {
  const size_t bytes = static_cast<size_t>(request.count) * sizeOf(request.dtype);
  const int own = (rank() - request.root + size()) % size();
  const auto real = [&](int place) { return (place + request.root) % size(); };
  for (int reach = 1; reach < size(); reach *= 2) {
    if (own < reach && own + reach < size()) exchange({{real(own + reach), false, request.out, bytes}});
    if (own >= reach && own < 2 * reach) exchange({{real(own - reach), true, request.out, bytes}});
  }
}

}  // namespace anneal::comm
