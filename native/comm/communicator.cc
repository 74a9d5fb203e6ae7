#include "comm/communicator.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/format.h"

namespace anneal::comm {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

Error errorFrom(const std::exception& problem) {
  return {ErrorKind::Distributed, format("[distributed] %s", problem.what())};
}

std::mutex currentMutex;
std::shared_ptr<Communicator>& currentSlot() {
  static auto* slot = new std::shared_ptr<Communicator>;
  return *slot;
}

}  // namespace

std::shared_ptr<Communicator> current() {
  const std::lock_guard<std::mutex> lock(currentMutex);
  return currentSlot();
}

void setCurrent(std::shared_ptr<Communicator> communicator) {
  const std::lock_guard<std::mutex> lock(currentMutex);
  currentSlot().swap(communicator);
}

// The opening has ticket 0, so `completed_` counts one more than there were collectives.
Communicator::Communicator(Opener open) : thread_([this, open = std::move(open)] { run(open); }) {}

Communicator::~Communicator() {
  abort("its communicator was closed");
  thread_.join();
}

void Communicator::run(const Opener& open) {
  std::unique_ptr<Transport> transport;
  try {
    transport = open(ends_);
  } catch (const Error& error) {
    return finish(kOpening, error, true);
  } catch (const std::exception& problem) {
    return finish(kOpening, errorFrom(problem), true);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    rank_ = transport->rank();
    size_ = transport->size();
    transportName_ = transport->name();
  }
  finish(kOpening, std::nullopt, false);
  Collectives collectives(std::move(transport));
  serve(collectives);
}

// Until the last collective, or a failure that nothing can follow.
void Communicator::serve(Collectives& collectives) {
  for (uint64_t ticket = 1;; ++ticket) {
    Request request;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      arrived_.wait(lock, [&] { return !queue_.empty() || ends_; });
      if (ends_) {
        const TransportError why(rank_, format("rank %d ended: %s", rank_, abortReason_.c_str()));
        lock.unlock();
        collectives.transport().abort(why);
        return finish(ticket, errorFrom(why), true);
      }
      request = std::move(queue_.front());
      queue_.pop_front();
    }
    const auto begin = Clock::now();
    std::optional<Error> error;
    bool fatal = false;
    try {
      collectives.run(request);
    } catch (const LostDataError& problem) {
      error = errorFrom(problem);
    } catch (const TransportError& problem) {
      collectives.transport().abort(problem);
      error = errorFrom(problem);
      fatal = true;
    } catch (const std::exception& problem) {
      collectives.transport().abort({rank_, format("rank %d failed: %s", rank_, problem.what())});
      error = errorFrom(problem);
      fatal = true;
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++traffic_.collectives;
      traffic_.bytes = collectives.sentBytes();
      traffic_.busySeconds += secondsSince(begin);
      rank_ = collectives.transport().rank();  // fewer may be left
      size_ = collectives.transport().size();
    }
    finish(ticket, std::move(error), fatal);
    if (fatal || request.kind == Collective::Finalize) return;
  }
}

void Communicator::finish(uint64_t ticket, std::optional<Error> error, bool fatal) {
  const std::lock_guard<std::mutex> lock(mutex_);
  completed_ = ticket + 1;
  if (error && fatal) {
    fatal_ = std::move(error);
    fatalFrom_ = ticket;
  } else if (error) {
    lost_.emplace_back(ticket, *std::move(error));
  }
  done_.notify_all();
}

std::optional<Error> Communicator::errorOf(uint64_t ticket) const {
  if (fatal_ && ticket >= fatalFrom_) return fatal_;
  for (const auto& [of, error] : lost_) {
    if (of == ticket) return error;
  }
  return std::nullopt;
}

uint64_t Communicator::start(Request request) {
  const std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back(std::move(request));
  arrived_.notify_one();
  return ++started_;
}

void Communicator::wait(uint64_t ticket) {
  const auto begin = Clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  done_.wait(lock, [&] { return completed_ > ticket || fatal_; });
  if (ticket != kOpening) traffic_.waitedSeconds += secondsSince(begin);
  const std::optional<Error> error = errorOf(ticket);
  std::erase_if(lost_, [&](const auto& lost) { return lost.first == ticket; });
  if (error) throw *error;
}

void Communicator::startOn(Request request) {
  const void* data = request.out;
  const uint64_t ticket = start(std::move(request));
  const std::lock_guard<std::mutex> lock(mutex_);
  tickets_.emplace_back(data, ticket);
}

void Communicator::waitOn(const void* data) {
  uint64_t ticket;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found =
        std::find_if(tickets_.begin(), tickets_.end(), [&](const auto& started) { return started.first == data; });
    if (found == tickets_.end()) fail(ErrorKind::Distributed, "[distributed] nothing was started on this tensor");
    ticket = found->second;
    tickets_.erase(found);
  }
  wait(ticket);
}

std::pair<int, int> Communicator::place() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {rank_, size_};
}

Traffic Communicator::traffic() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return traffic_;
}

void Communicator::finalize() {
  Request request;
  request.kind = Collective::Finalize;
  wait(start(std::move(request)));
}

void Communicator::abort(const std::string& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!ends_.exchange(true)) abortReason_ = why;
  arrived_.notify_one();
}

}  // namespace anneal::comm
