// Lost memory: ranges against a model that keeps the failure of every byte.
#include "core/lost_memory.h"

#include <vector>

#include "test/check.h"

namespace anneal {

namespace {

FailureRef failure(uint64_t number) {
  return std::make_shared<const Failure>(Error(ErrorKind::Index, "as asked"), number);
}

}  // namespace

TEST(lostMemoryIsWhatWasLostAndNotWrittenSince) {
  constexpr int kBytes = 200;
  const std::vector<char> block(kBytes);
  const char* base = block.data();
  uint32_t state = 1;
  const auto random = [&](int n) {
    state = state * 1664525u + 1013904223u;
    return static_cast<int>((state >> 16) % static_cast<uint32_t>(n));
  };
  for (int round = 0; round < 200; ++round) {
    LostMemory lost;
    std::vector<uint64_t> model(kBytes, 0);
    std::vector<FailureRef> failures;
    for (int step = 0; step < 100; ++step) {
      const int begin = random(kBytes), end = begin + random(kBytes - begin + 1);
      if (random(2) == 0) {
        if (failures.empty() || random(3) == 0) failures.push_back(failure(failures.size() + 1));
        const FailureRef& one = failures[static_cast<size_t>(random(static_cast<int>(failures.size())))];
        lost.add(base + begin, base + end, one);
        for (int i = begin; i < end; ++i) model[static_cast<size_t>(i)] = one->number;
      } else {
        lost.remove(base + begin, base + end);
        for (int i = begin; i < end; ++i) model[static_cast<size_t>(i)] = 0;
      }
      size_t ranges = 0;
      for (size_t i = 0; i < model.size(); ++i) ranges += model[i] != 0 && (i == 0 || model[i] != model[i - 1]);
      CHECK_EQ(lost.size(), ranges);
      CHECK_EQ(lost.empty(), ranges == 0);
      const int from = random(kBytes), to = from + random(kBytes - from + 1);
      uint64_t first = 0;
      for (int i = from; i < to; ++i) {
        const uint64_t number = model[static_cast<size_t>(i)];
        if (number != 0 && (first == 0 || number < first)) first = number;
      }
      const FailureRef found = lost.in(base + from, base + to);
      CHECK_EQ(found ? found->number : 0, first);
    }
  }
}

TEST(noBytesAreNeverLost) {
  const char block[4] = {};
  LostMemory lost;
  lost.add(block, block, failure(1));
  CHECK(lost.empty());
  lost.add(block, block + 4, failure(1));
  CHECK(!lost.in(block + 2, block + 2));
  CHECK(lost.in(block + 3, block + 4));
}

}  // namespace anneal
