#include "comm/mpi/transport.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "comm/mpi/abi.h"
#include "comm/mpi/library.h"
#include "core/error.h"
#include "core/format.h"

namespace anneal::comm {

namespace {

using Clock = std::chrono::steady_clock;

// MPI moves data only while it is called. So the thread asks again and again, then leaves the processor to others, then sleeps.
constexpr int kAsksAtOnce = 100, kAsksBetweenYields = 2000;
constexpr auto kSleep = std::chrono::microseconds(50);

constexpr const char* kHelp =
    "; an MPI library with the standard ABI (MPICH 5: pip install mpich) is named by ANNEAL_MPI_LIBRARY, and for any "
    "other "
    "'npx anneal mpi build' makes a shim with its mpicc";

void setDefault(const char* name, const char* value) {
#ifdef _WIN32
  if (!std::getenv(name)) _putenv_s(name, value);
#else
  setenv(name, value, 0);
#endif
}

// Unless the environment says otherwise, MPI libraries leave brk and munmap of the C library as they are. UCX, and Open MPI itself, write code
// of their own over them, to hear of memory that is given back. Beside V8, which maps memory next to the heap, that corrupted the heap in 3 %
// of all groups (Open MPI 5.0.11, Node 20). UCX reads its environment when it is loaded.
void keepMemoryFunctions() {
  setDefault("UCX_MEM_EVENTS", "no");
  setDefault("OMPI_MCA_memory", "^patcher");
}

const AnnealMpiTable* openShim(const std::string& path, std::string& problem) {
  const Library library(path, problem);
  if (!library.isOpen()) return nullptr;
  const AnnealMpiTable* (*entry)() = nullptr;
  const AnnealMpiTable* table = library.find("annealMpiTable", entry) ? entry() : nullptr;
  if (table && table->table == ANNEAL_MPI_TABLE && table->bytes == sizeof(AnnealMpiTable)) return table;
  problem = path + " is no shim of this version of anneal: make it again with 'npx anneal mpi build'";
  return nullptr;
}

class Mpi : public Transport {
 public:
  Mpi(const AnnealMpiTable& table, const MpiOptions& options) : table_(table), options_(options) {
    char library[64] = "";
    check(table_.init(&rank_, &size_, &survives_, library, &error_));
    name_ = library;
  }

  const char* name() const override { return name_.c_str(); }
  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void exchange(const std::vector<Transfer>& transfers) override {
    std::vector<AnnealMpiTransfer> list;
    for (const Transfer& transfer : transfers)
      list.push_back({transfer.peer, transfer.receives, transfer.data, transfer.bytes});
    check(table_.begin(list.data(), static_cast<int32_t>(list.size()), &error_));
    int32_t left = 0, peer = kUnknownRank, before = -1;
    auto progress = Clock::now();
    for (int asked = 0;; ++asked) {
      check(table_.test(&left, &peer, &error_));
      if (left == 0) return;
      if (left != before) {
        before = left;
        progress = Clock::now();
        asked = 0;
      }
      if (asked < kAsksAtOnce) continue;
      if (options_.interrupt->load()) throw TransportError(rank_, format("rank %d was ended", rank_));
      if (std::chrono::duration<double>(Clock::now() - progress).count() > options_.timeout) failLate(peer);
      if (asked < kAsksBetweenYields)
        std::this_thread::yield();
      else
        std::this_thread::sleep_for(kSleep);
    }
  }

  bool survives() const override { return survives_ != 0; }

  bool settle(bool done) override {
    int32_t all = done ? 1 : 0, rank = rank_, size = size_;
    if (table_.settle(&all, &rank, &size, &error_) != 0) throw TransportError(error_.rank, error_.message);
    if (all) return true;
    rank_ = rank;
    size_ = size;
    isSmaller_ = true;
    return false;
  }

  // The others find out by the time-out, or are ended by mpirun when this process ends without having finalized.
  void abort(const TransportError&) override {}

  // All have agreed that this is the end. Where ranks were lost, MPI_Finalize may wait for them without end, and mpirun, which survives
  // losses, takes a process that ends without it for one more.
  void finalize() override {
    if (!isSmaller_) check(table_.finalize(&error_));
  }

 private:
  void check(int32_t status) const {
    if (status == 0) return;
    if (survives_) throw RankGoneError(error_.rank, error_.message);
    throw TransportError(error_.rank, error_.message);
  }
  [[noreturn]] void failLate(int peer) const {
    throw TransportError(peer,
                         format("rank %d has not answered for %g s (ANNEAL_COMM_TIMEOUT)", peer, options_.timeout));
  }

  const AnnealMpiTable& table_;
  const MpiOptions options_;
  AnnealMpiError error_{};
  int32_t rank_ = 0, size_ = 1, survives_ = 0;
  bool isSmaller_ = false;  // than it was
  std::string name_;
};

}  // namespace

std::unique_ptr<Transport> openMpi(const MpiOptions& options) {
  keepMemoryFunctions();
  std::string problem;
  const bool abi = !options.library.empty();
  const AnnealMpiTable* table = abi ? openMpiAbi(options.library, problem) : openShim(options.shim, problem);
  if (!table) throw Error(ErrorKind::Device, "[distributed] no MPI library: " + problem + kHelp);
  return std::make_unique<Mpi>(*table, options);
}

}  // namespace anneal::comm
