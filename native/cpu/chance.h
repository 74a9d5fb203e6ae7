// Decisions of a given probability from 32 random bits.
#pragma once
#include <cstdint>

namespace anneal::ANNEAL_LEVEL {

// word <= last has probability p in steps of 2^-32; 0 and 1 are exact.
struct Chance {
  uint32_t last;
  bool never;
  explicit Chance(double p)
      : last(p >= 1 ? UINT32_MAX : static_cast<uint32_t>(p > 0 ? p * 0x1p32 : 0) - 1), never(!(p * 0x1p32 >= 1)) {}
};

}  // namespace anneal::ANNEAL_LEVEL
