// What runs kernels beside the stream's thread, in the order in which they come: a GPU.
//
// A kernel's call then only begins it. Memory is written and read in order all the same, since all that touches a device's memory goes
// through its worker. What a kernel finds wrong in the data is known later: the stream asks before it matters (stream_begun.cc).
#pragma once
#include <cstdint>

namespace anneal {

class Worker {
 public:
  // Blocks until all that was begun is done. Throws what the device has to say.
  virtual void wait() = 0;
  // Blocks until the kernel with that ticket is done, and throws what it found wrong. Once for each ticket.
  virtual void settle(uint64_t ticket) = 0;

 protected:
  ~Worker() = default;
};

}  // namespace anneal
