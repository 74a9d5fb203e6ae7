// The communication thread of this process: it opens a transport, and runs collectives one after another in the order in which they
// were started, beside the stream. All calls of the transport are its own, as MPI wants it.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "comm/collectives.h"
#include "core/error.h"

namespace anneal::comm {

// What has gone over the network so far.
struct Traffic {
  uint64_t collectives = 0, bytes = 0;
  double busySeconds = 0;    // of the communication thread, in collectives
  double waitedSeconds = 0;  // of the stream, for collectives: what was not hidden behind kernels
};

class Communicator {
 public:
  using Opener = std::function<std::unique_ptr<Transport>(const Interrupt&)>;
  // Begins to open; `wait(kOpening)` waits for it.
  explicit Communicator(Opener open);
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  static constexpr uint64_t kOpening = 0;
  // Puts a collective behind all others, and gives its ticket. Never waits.
  uint64_t start(Request request);
  // Blocks until a ticket's collective is done. Throws Error (Distributed) if that failed; after a failure all others fail too, but for
  // one whose data a rank had lost.
  void wait(uint64_t ticket);
  // The same of the last collective that was started on this memory.
  void startOn(Request request);
  void waitOn(const void* data);

  // Of an open one: this rank's number and the number of ranks, which become less where ranks are lost that the others can do without.
  std::pair<int, int> place() const;
  const std::string& transport() const { return transportName_; }
  Traffic traffic() const;

  // Ends the thread once the other ranks have come as far. Throws Error.
  void finalize();
  // Ends the thread at once where it can: the other ranks are told that this one ends, and why.
  void abort(const std::string& why);

 private:
  void run(const Opener& open);
  void serve(Collectives& collectives);
  void finish(uint64_t ticket, std::optional<Error> error, bool fatal);
  std::optional<Error> errorOf(uint64_t ticket) const;

  mutable std::mutex mutex_;
  std::condition_variable arrived_, done_;
  std::deque<Request> queue_;
  uint64_t started_ = 0;    // tickets given out
  uint64_t completed_ = 0;  // tickets done, the opening among them
  Interrupt ends_ = false;
  std::string abortReason_;
  std::optional<Error> fatal_;
  uint64_t fatalFrom_ = 0;
  // Few at a time, so lists do.
  std::vector<std::pair<uint64_t, Error>> lost_;  // tickets whose data a rank had lost
  std::vector<std::pair<const void*, uint64_t>> tickets_;
  Traffic traffic_;
  int rank_ = 0, size_ = 1;
  std::string transportName_;
  std::thread thread_;
};

// The communicator of this process, if there is one: set by the binding, used by the kernels of collectives.
std::shared_ptr<Communicator> current();
void setCurrent(std::shared_ptr<Communicator> communicator);

}  // namespace anneal::comm
