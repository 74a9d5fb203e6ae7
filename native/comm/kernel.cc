#include "comm/kernel.h"

#include "comm/communicator.h"

namespace anneal::comm {

void runCollective(const CollectiveArgs& args) {
  const std::shared_ptr<Communicator> communicator = current();
  if (!communicator) {
    fail(ErrorKind::Distributed, "[distributed] this process is in no group (any more): call distributed.init first");
  }
  if (args.stage == CollectiveStage::Wait) return communicator->waitOn(args.data);
  Request request;
  request.kind = args.kind;
  request.dtype = args.dtype;
  request.op = args.op;
  request.root = args.root;
  request.in = args.in;
  request.out = args.data;
  request.count = args.count;
  request.received = args.received;
  request.name = args.name;
  if (args.lost) request.lost = args.lost;
  if (args.stage == CollectiveStage::Start) return communicator->startOn(std::move(request));
  communicator->wait(communicator->start(std::move(request)));
}

}  // namespace anneal::comm
