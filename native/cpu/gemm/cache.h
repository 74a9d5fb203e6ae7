// The size of the second-level cache, asked of the processor once. It steers which rows share a task, never the order
// of a sum.
#pragma once
#include <cstdint>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace anneal::ANNEAL_LEVEL::gemm {

constexpr int64_t kUsualL2Bytes = 512 << 10;

inline int64_t askL2Bytes() {
#if defined(__x86_64__)
  // Leaf 4 on Intel and 0x8000001d on AMD describe the caches one by one in the same form (Intel SDM volume 2A, CPUID;
  // AMD64 APM volume 3, appendix E).
  constexpr unsigned kLeaves[] = {4, 0x8000001d};
  for (const unsigned leaf : kLeaves) {
    for (unsigned index = 0; index < 8; ++index) {
      unsigned eax, ebx, ecx, edx;
      if (!__get_cpuid_count(leaf, index, &eax, &ebx, &ecx, &edx) || (eax & 31) == 0) break;
      if ((eax >> 5 & 7) != 2) continue;  // level
      const int64_t ways = (ebx >> 22) + 1, partitions = (ebx >> 12 & 1023) + 1, line = (ebx & 4095) + 1;
      return ways * partitions * line * (int64_t{ecx} + 1);
    }
  }
#endif
  return kUsualL2Bytes;
}

inline int64_t l2Bytes() {
  static const int64_t bytes = askL2Bytes();
  return bytes;
}

}  // namespace anneal::ANNEAL_LEVEL::gemm
