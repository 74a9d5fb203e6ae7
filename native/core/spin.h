// Waiting for the stream without sleep. Being woken takes 20 us, and up to milliseconds where the processor is a virtual one that
// was given back meanwhile: as much as a small network.
#pragma once
#include <chrono>
#include <thread>

#include "core/parallel.h"
#include "core/pause.h"
#include "core/system.h"

namespace anneal {

// Waits until done(), at most that long, and only briefly where compute threads take all processors. False: it is not done yet.
template <class Done>
bool spinUntil(Done&& done, std::chrono::microseconds longest) {
  using Clock = std::chrono::steady_clock;
  static const int processors = availableProcessors();
  if (threadCount() >= processors) longest = std::chrono::microseconds(25);
  const Clock::time_point end = Clock::now() + longest;
  for (int spins = 1; !done(); ++spins) {
    spinPause();
    if (spins % 16 != 0) continue;
    if (Clock::now() > end) return false;
    std::this_thread::yield();  // to a kernel, where threads are more than processors
  }
  return true;
}

}  // namespace anneal
