// A second device that computes on the CPU, in memory of an allocator of its own: what handles devices is tested on it where
// there is no other.
#pragma once

namespace anneal {

// Registers it as "fake"; later calls do nothing.
void openFakeDevice();

}  // namespace anneal
