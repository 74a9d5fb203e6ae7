// Philox-4x32-10, a counter-based generator: four random words are a pure function of a counter and a key, so any
// thread, vector lane or GPU lane makes its own numbers, and all make the same ones.
// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.3.
//
// Everything has internal linkage, so kernel files of every instruction-set level and CUDA files may include it.
#pragma once
#include <cstdint>

#ifndef ANNEAL_DEVICE
#define ANNEAL_DEVICE
#endif

namespace anneal {

// words[j][lane] holds word j of the lane's counter, and on return its four random words. The lanes are loops with a
// constant bound: compilers make vector instructions of them, and plain scalar code of lanes = 1.
template <int lanes>
ANNEAL_DEVICE static inline void philoxRounds(uint32_t (&words)[4][lanes], uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    for (int lane = 0; lane < lanes; ++lane) {
      const uint64_t p = uint64_t{0xD2511F53u} * words[0][lane];
      const uint64_t q = uint64_t{0xCD9E8D57u} * words[2][lane];
      words[0][lane] = static_cast<uint32_t>(q >> 32) ^ words[1][lane] ^ key0;
      words[2][lane] = static_cast<uint32_t>(p >> 32) ^ words[3][lane] ^ key1;
      words[1][lane] = static_cast<uint32_t>(q);
      words[3][lane] = static_cast<uint32_t>(p);
    }
    key0 += 0x9E3779B9u;  // golden ratio
    key1 += 0xBB67AE85u;  // sqrt(3) - 1
  }
}

// How the engine numbers its words: words 0 and 1 of the counter count (element i of a call with `offset` reads word
// i % 4 of count offset + i / 4), word 2 is the stream, for further independent words of an element. Word 3 is 0.
template <int lanes>
ANNEAL_DEVICE static inline void philoxBlock(uint64_t seed, uint64_t count, uint32_t stream,
                                             uint32_t (&words)[4][lanes]) {
  for (int lane = 0; lane < lanes; ++lane) {
    const uint64_t c = count + static_cast<uint64_t>(lane);
    words[0][lane] = static_cast<uint32_t>(c);
    words[1][lane] = static_cast<uint32_t>(c >> 32);
    words[2][lane] = stream;
    words[3][lane] = 0;
  }
  philoxRounds(words, static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
}

// The word of element i in one stream.
ANNEAL_DEVICE static inline uint32_t philoxWord(uint64_t seed, uint64_t offset, uint64_t i, uint32_t stream) {
  uint32_t words[4][1];
  philoxBlock(seed, offset + i / 4, stream, words);
  return words[i % 4][0];
}

// 64 bits of element i: stream 2 * draw above stream 2 * draw + 1. Draws after the first are for rejection.
ANNEAL_DEVICE static inline uint64_t philoxWide(uint64_t seed, uint64_t offset, uint64_t i, uint32_t draw) {
  return uint64_t{philoxWord(seed, offset, i, 2 * draw)} << 32 | philoxWord(seed, offset, i, 2 * draw + 1);
}

// The upper half of a product.
ANNEAL_DEVICE static inline uint64_t multiplyHigh(uint64_t a, uint64_t b) {
#if defined(__SIZEOF_INT128__) && !defined(__CUDACC__)
  __extension__ typedef unsigned __int128 Wide;
  return static_cast<uint64_t>(Wide{a} * b >> 64);
#else
  const uint64_t low = 0xffffffff, a1 = a >> 32, a0 = a & low, b1 = b >> 32, b0 = b & low;
  const uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (middle & low);
  return a1 * b1 + (middle >> 32) + (other >> 32);
#endif
}

// A number in [0, range) from the first 64 bits of element i, without bias (Lemire: "Fast random integer generation in an interval",
// 2019).
ANNEAL_DEVICE static inline int64_t philoxBelow(uint64_t seed, uint64_t offset, int64_t i, uint64_t bits,
                                                uint64_t range) {
  if (bits * range < range) {
    const uint64_t threshold = (0 - range) % range;
    for (uint32_t draw = 1; bits * range < threshold; ++draw) {
      bits = philoxWide(seed, offset, static_cast<uint64_t>(i), draw);
    }
  }
  return static_cast<int64_t>(multiplyHigh(bits, range));
}

}  // namespace anneal
