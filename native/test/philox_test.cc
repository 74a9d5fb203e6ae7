// Philox against the known answers of its paper's library (Random123, kat_vectors), and lanes against single counters.
#include "core/philox.h"

#include <cstring>

#include "test/check.h"

namespace anneal {
namespace {

void checkAnswer(const uint32_t (&counter)[4], uint32_t key0, uint32_t key1, const uint32_t (&answer)[4]) {
  uint32_t one[4][1], many[4][8];
  for (int j = 0; j < 4; ++j) {
    one[j][0] = counter[j];
    for (uint32_t& word : many[j]) word = counter[j];
  }
  philoxRounds(one, key0, key1);
  philoxRounds(many, key0, key1);
  for (int j = 0; j < 4; ++j) {
    CHECK_EQ(one[j][0], answer[j]);
    for (uint32_t word : many[j]) CHECK_EQ(word, answer[j]);
  }
}

TEST(philoxKnownAnswers) {
  checkAnswer({0, 0, 0, 0}, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  checkAnswer({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffff, 0xffffffff,
              {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  checkAnswer({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0,
              {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST(philoxNumbersWords) {
  const uint64_t seed = 0x123456789abcdef0, offset = 0xfffffffffffffffe;  // counts pass 2^64 and start again
  uint32_t lanes[4][4];
  philoxBlock(seed, offset, 1, lanes);
  for (uint64_t i = 0; i < 16; ++i) CHECK_EQ(lanes[i % 4][i / 4], philoxWord(seed, offset, i, 1));
  CHECK_EQ(philoxWord(seed, offset, 8, 1), philoxWord(seed, 0, 0, 1));
  CHECK_EQ(philoxWide(seed, offset, 5, 3),
           uint64_t{philoxWord(seed, offset, 5, 6)} << 32 | philoxWord(seed, offset, 5, 7));
}

// The upper halves that a wider type gives, and numbers below a bound that is no power of two, each as often as the others.
TEST(philoxBelowBounds) {
  __extension__ typedef unsigned __int128 Wide;
  for (uint64_t i = 0; i < 1000; ++i) {
    const uint64_t a = philoxWide(1, 0, i, 0), b = philoxWide(2, 0, i, 0) >> i % 64;
    CHECK_EQ(multiplyHigh(a, b), static_cast<uint64_t>(Wide{a} * b >> 64));
  }
  constexpr uint64_t kRange = 3, kLarge = uint64_t{3} << 62;
  int counts[kRange] = {};
  uint64_t upper = 0;
  for (int64_t i = 0; i < 30000; ++i) {
    const uint64_t bits = philoxWide(5, 0, static_cast<uint64_t>(i), 0);
    ++counts[philoxBelow(5, 0, i, bits, kRange)];
    // A third of all bits is refused below such a bound.
    upper += static_cast<uint64_t>(philoxBelow(5, 0, i, bits, kLarge)) >= kLarge / 2 ? 1 : 0;
  }
  for (int count : counts) CHECK(count > 9500 && count < 10500);
  CHECK(upper > 14500 && upper < 15500);
}

}  // namespace
}  // namespace anneal
