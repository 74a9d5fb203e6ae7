// Random words in vectors: a block of elements' words at once.
#pragma once
#include "cpu/shuffle.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int kCounts = 64;          // counters at once
constexpr int kBlock = 4 * kCounts;  // elements at once
constexpr int64_t kGrain = 64 * kBlock;

// The products of the lower halves of 64-bit lanes.
ANNEAL_INLINE Vec<uint64_t> mulLow(Vec<uint64_t> a, Vec<uint64_t> b) {
#if defined(__AVX512F__)
  return (Vec<uint64_t>::Raw)_mm512_mul_epu32((__m512i)a.raw, (__m512i)b.raw);
#elif defined(__AVX2__)
  return (Vec<uint64_t>::Raw)_mm256_mul_epu32((__m256i)a.raw, (__m256i)b.raw);
#elif defined(__SSE2__)
  return (Vec<uint64_t>::Raw)_mm_mul_epu32((__m128i)a.raw, (__m128i)b.raw);
#else
  return (Vec<uint64_t>::Raw)vmull_u32(vmovn_u64((uint64x2_t)a.raw), vmovn_u64((uint64x2_t)b.raw));
#endif
}

// words[i] = word of element first + i, for a whole block: philoxRounds of core/philox.h with one counter in each 64-bit
// lane. Only the lower halves of the lanes count, which is all that the products read.
void makeWords(const RandomArgs& args, int64_t first, uint32_t stream, uint32_t* words) {
  using V = Vec<uint64_t>;
  constexpr int kLanes = V::kLanes, kTogether = kVectorBytes == 64 ? 4 : 2;
  static_assert(kCounts % (kLanes * kTogether) == 0);
  // Even lanes hold the first half of a vector's counters, so that interleaving their words gives the right order.
  uint64_t order[kLanes];
  for (int i = 0; i < kLanes; ++i) order[i] = static_cast<uint64_t>(i / 2 + i % 2 * (kLanes / 2));
  const V lower(0xffffffff);
  const uint64_t start = args.offset + static_cast<uint64_t>(first) / 4;
  for (int c = 0; c < kCounts; c += kLanes * kTogether) {
    V w0[kTogether], w1[kTogether], w2[kTogether], w3[kTogether];
#pragma GCC unroll 4
    for (int k = 0; k < kTogether; ++k) {
      w0[k] = V(start + static_cast<uint64_t>(c + k * kLanes)) + load(order);
      w1[k] = w0[k] >> 32;
      w2[k] = V(uint64_t{stream});
      w3[k] = V(uint64_t{0});
    }
    uint32_t key0 = static_cast<uint32_t>(args.seed), key1 = static_cast<uint32_t>(args.seed >> 32);
    for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 4
      for (int k = 0; k < kTogether; ++k) {
        const V p = mulLow(V(uint64_t{0xD2511F53}), w0[k]), q = mulLow(V(uint64_t{0xCD9E8D57}), w2[k]);
        w0[k] = (q >> 32) ^ w1[k] ^ V(uint64_t{key0});
        w2[k] = (p >> 32) ^ w3[k] ^ V(uint64_t{key1});
        w1[k] = q;
        w3[k] = p;
      }
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
#pragma GCC unroll 4
    for (int k = 0; k < kTogether; ++k) {
      V front = (w0[k] & lower) | (w1[k] << 32), back = (w2[k] & lower) | (w3[k] << 32);
      Indices<kLanes>::exchange<1>(front.raw, back.raw);
      uint32_t* to = words + 4 * (c + k * kLanes);
      store(to, bitCast<uint32_t>(front));
      store(to + 2 * kLanes, bitCast<uint32_t>(back));
    }
  }
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
