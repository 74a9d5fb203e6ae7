// The group of processes: opening it, leaving it, and what is no kernel of it. One per process, in the environment that opened it.
#include "comm/communicator.h"

#include "binding/entry.h"
#include "comm/mpi/transport.h"
#include "comm/names.h"
#include "comm/tcp.h"

namespace anneal::binding {

namespace {

using comm::Communicator;

std::shared_ptr<Communicator> group(const char* op) {
  std::shared_ptr<Communicator> group = comm::current();
  if (!group) fail(ErrorKind::Distributed, "[%s] this process is in no group: call distributed.init first", op);
  return group;
}

// What the environment still has on the stream may wait for other processes, and no longer should.
void leave(void*) {
  if (const std::shared_ptr<Communicator> open = comm::current()) open->abort("its environment has ended");
  comm::setCurrent(nullptr);
}

Napi::Promise open(Entry& js, Communicator::Opener opener) {
  if (comm::current()) fail(ErrorKind::Distributed, "[init] this process is in a group already: finalize() leaves it");
  const auto opened = std::make_shared<Communicator>(std::move(opener));
  comm::setCurrent(opened);
  napi_remove_env_cleanup_hook(js.Env(), leave, nullptr);  // of a group that this process was in before
  napi_add_env_cleanup_hook(js.Env(), leave, nullptr);
  return js.environment().promises.ofTask([opened] {
    try {
      opened->wait(Communicator::kOpening);
    } catch (const Error&) {
      comm::setCurrent(nullptr);
      throw;
    }
  });
}

// commOpenTcp(rank, size, host, port, timeout, token): a promise for when all ranks are there.
Napi::Promise openTcp(Entry& js) {
  comm::TcpOptions options;
  options.rank = static_cast<int>(js.integer(0, {"init", "rank"}));
  options.size = static_cast<int>(js.integer(1, {"init", "size"}));
  options.host = js.text(2, {"init", "address"});
  options.port = static_cast<int>(js.integer(3, {"init", "port"}));
  options.timeout = js.number(4, {"init", "timeout"});
  options.token = js.text(5, {"init", "token"});
  return open(js, [options](const comm::Interrupt& interrupt) mutable {
    options.interrupt = &interrupt;
    return comm::openTcp(options);
  });
}

// commOpenMpi(library, shim, timeout): one of the two is empty.
Napi::Promise openMpi(Entry& js) {
  comm::MpiOptions options;
  options.library = js.text(0, {"init", "library"});
  options.shim = js.text(1, {"init", "shim"});
  options.timeout = js.number(2, {"init", "timeout"});
  return open(js, [options](const comm::Interrupt& interrupt) mutable {
    options.interrupt = &interrupt;
    return comm::openMpi(options);
  });
}

// commGroup(): [rank, size, transport].
Napi::Array groupOf(Entry& js) {
  const auto open = group("distributed");
  const auto [rank, size] = open->place();
  return js.list(rank, size, js.from(open->transport()));
}

// commTraffic(): [collectives, bytes, busy seconds, waited seconds]; see comm::Traffic.
Napi::Array traffic(Entry& js) {
  const comm::Traffic traffic = group("traffic")->traffic();
  return js.list(traffic.collectives, traffic.bytes, traffic.busySeconds, traffic.waitedSeconds);
}

// commName(name): the number by which operators know it.
int64_t nameOf(Entry& js) { return comm::numberOf(js.text(0, {"distributed", "name"})); }

Napi::Promise barrier(Entry& js) {
  const auto open = group("barrier");
  return js.environment().promises.ofTask([open] {
    comm::Request request;
    request.kind = Collective::Barrier;
    open->wait(open->start(std::move(request)));
  });
}

void finalizeGroup(const std::shared_ptr<Communicator>& open) {
  comm::setCurrent(nullptr);
  open->finalize();
}

Napi::Promise finalize(Entry& js) {
  const auto open = group("finalize");
  return js.environment().promises.ofTask([open] { finalizeGroup(open); });
}

// commExit(failed): the process ends. Blocks until the others have come as far, unless it has failed, which they are told.
void exit(Entry& js) {
  const auto open = comm::current();
  if (!open) return;
  if (js.boolean(0, {"commExit", "failed"})) {
    open->abort("its process has failed");
    return comm::setCurrent(nullptr);
  }
  try {
    js.environment().context.stream->synchronize();
    finalizeGroup(open);
  } catch (const Error&) {
    open->abort("a collective failed");
    comm::setCurrent(nullptr);
    throw;
  }
}

}  // namespace

std::vector<Function> commFunctions() {
  return {{"commOpenTcp", entry<openTcp>},   {"commOpenMpi", entry<openMpi>}, {"commGroup", entry<groupOf>},
          {"commTraffic", entry<traffic>},   {"commName", entry<nameOf>},     {"commBarrier", entry<barrier>},
          {"commFinalize", entry<finalize>}, {"commExit", entry<exit>}};
}

}  // namespace anneal::binding
