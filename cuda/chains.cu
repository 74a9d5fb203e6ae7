#include "chains.h"

#include <bit>
#include <utility>

#include "device/launch.h"
#include "kernels.h"

namespace anneal::device {

namespace {

constexpr unsigned kThreads = 256;
constexpr int64_t kMostCompared = 4096;  // indices of a chain that are compared with each other; more are sorted

ANNEAL_INLINE int64_t thread() { return int64_t{blockIndex()} * kThreads + threadIndex(); }

// ---- few: each index looks for an equal one ---------------------------------------------------------------------------------------
struct Few {
  Indices of;
  int64_t size;
  int64_t* next;
};

ANNEAL_KERNEL(kThreads) compare(const Few p) {
  const int64_t at = thread();
  if (at >= p.size) return;
  const int64_t place = p.of.each ? at / p.of.inner % p.of.count : at, step = p.of.each ? p.of.inner : 1;
  const int64_t* const chain = p.of.index + (at - place * step);
  const int64_t own = p.of.index[at];
  int64_t next = kNone;
  for (int64_t j = place + 1; j < p.of.count && next == kNone; ++j) {
    if (chain[j * step] == own) next = j;
  }
  bool follows = false;
  for (int64_t j = place - 1; j >= 0 && !follows; --j) follows = chain[j * step] == own;
  p.next[at] = follows ? kFollows : next;
  p.next[p.size + at] = next;
}

// ---- many: a stable sort by digits, lowest first ------------------------------------------------------------------------------------
// A block sorts a tile, a thread neighbours in it. `counts` is [digit, block]: how many of a tile have the digit, and then how many of
// all tiles come before them.
constexpr int kDigitBits = 4, kDigits = 1 << kDigitBits;
constexpr int64_t kEach = 16, kTile = kThreads * kEach;
constexpr unsigned kPart = kThreads / kDigits;  // threads that one thread sums the counts of

struct Many {
  Indices of;
  int64_t size, tiles;
  uint64_t *keys, *sortedKeys;
  int64_t *places, *sortedPlaces;  // of the keys among the indices
  int64_t* counts;
  int64_t* next;
  int shift;
};

// The same number for equal indices of a chain, and for no others; the highest of all for what is out of bounds.
ANNEAL_KERNEL(kThreads) makeKeys(const Many p) {
  const int64_t at = thread();
  if (at >= p.size) return;
  const int64_t index = p.of.index[at], chains = p.of.each ? p.of.outer * p.of.inner : 1;
  const int64_t chain = p.of.each ? at / p.of.inner / p.of.count * p.of.inner + at % p.of.inner : 0;
  const bool good = static_cast<uint64_t>(index) < static_cast<uint64_t>(p.of.extent);
  p.keys[at] = static_cast<uint64_t>(good ? chain * p.of.extent + index : chains * p.of.extent);
  p.places[at] = at;
}

ANNEAL_INLINE unsigned digitOf(const Many& p, int64_t at) {
  return static_cast<unsigned>(p.keys[at] >> p.shift) % kDigits;
}

// count [digit, thread]: how many of the tile's elements with that digit belong to threads before. Gives the total of the digit
// thread / kPart, to the last thread of each.
ANNEAL_INLINE unsigned countDigits(const Many& p, unsigned* count, unsigned* sums) {
  const unsigned t = threadIndex();
  for (unsigned digit = 0; digit < kDigits; ++digit) count[digit * kThreads + t] = 0;
  const int64_t first = int64_t{blockIndex()} * kTile + t * kEach;
  for (int64_t at = first; at < first + kEach && at < p.size; ++at) ++count[digitOf(p, at) * kThreads + t];
  barrier();
  unsigned* const own = count + t * kPart;  // of one digit, since kPart divides kThreads
  unsigned sum = 0;
  for (unsigned i = 0; i < kPart; ++i) sum += own[i];
  sums[t] = sum;
  barrier();
  unsigned before = 0;
  for (unsigned i = t / kPart * kPart; i < t; ++i) before += sums[i];
  const unsigned total = before + sum;
  for (unsigned i = 0; i < kPart; ++i) {
    const unsigned here = own[i];
    own[i] = before;
    before += here;
  }
  barrier();
  return total;
}

ANNEAL_KERNEL(kThreads) countTiles(const Many p) {
  ANNEAL_SHARED(unsigned, count, kDigits* kThreads);
  ANNEAL_SHARED(unsigned, sums, kThreads);
  const unsigned total = countDigits(p, count, sums), t = threadIndex();
  if (t % kPart == kPart - 1) p.counts[t / kPart * p.tiles + blockIndex()] = total;
}

ANNEAL_KERNEL(kThreads) moveTiles(const Many p) {
  ANNEAL_SHARED(unsigned, count, kDigits* kThreads);
  ANNEAL_SHARED(unsigned, sums, kThreads);
  countDigits(p, count, sums);
  const unsigned t = threadIndex();
  const int64_t first = int64_t{blockIndex()} * kTile + t * kEach;
  for (int64_t at = first; at < first + kEach && at < p.size; ++at) {
    const unsigned digit = digitOf(p, at);
    const int64_t earlier = digit * p.tiles + blockIndex() > 0 ? p.counts[digit * p.tiles + blockIndex() - 1] : 0;
    const int64_t to = earlier + count[digit * kThreads + t]++;
    p.sortedKeys[to] = p.keys[at];
    p.sortedPlaces[to] = p.places[at];
  }
}

ANNEAL_KERNEL(kThreads) linkSorted(const Many p) {
  const int64_t at = thread();
  if (at >= p.size) return;
  const uint64_t key = p.keys[at];
  int64_t next = kNone;
  if (at + 1 < p.size && p.keys[at + 1] == key) {
    next = p.of.each ? p.places[at + 1] / p.of.inner % p.of.count : p.places[at + 1];
  }
  const int64_t place = p.places[at];
  p.next[place] = at > 0 && p.keys[at - 1] == key ? kFollows : next;
  p.next[p.size + place] = next;
}

Grid gridOf(int64_t threads) { return {(threads + kThreads - 1) / kThreads}; }

void sort(CudaQueue& queue, Many& p, int64_t* counts, uint64_t highest) {
  const auto bits = static_cast<int>(std::bit_width(highest));
  launch(queue, gridOf(p.size), kThreads, makeKeys, p);
  for (p.shift = 0; p.shift < bits; p.shift += kDigitBits) {
    launch(queue, {p.tiles}, kThreads, countTiles, p);
    cumsum(queue, counts, kDigits * p.tiles);
    launch(queue, {p.tiles}, kThreads, moveTiles, p);
    std::swap(p.keys, p.sortedKeys);
    std::swap(p.places, p.sortedPlaces);
  }
}

}  // namespace

// Scratch memory of place 1, since scan takes 0.
const int64_t* linkEqual(CudaQueue& queue, const Indices& indices) {
  const int64_t size = indices.size(), tiles = (size + kTile - 1) / kTile;
  const auto words = [&](int64_t count) { return static_cast<size_t>(count) * sizeof(int64_t); };
  if (indices.count <= kMostCompared) {
    const Few few{indices, size, static_cast<int64_t*>(resolve(queue.scratch(words(2 * size), 1)))};
    launch(queue, gridOf(size), kThreads, compare, few);
    return few.next;
  }
  auto* const memory = static_cast<int64_t*>(queue.scratch(words(6 * size + kDigits * tiles), 1));
  int64_t* const next = resolve(memory);
  auto* const keys = reinterpret_cast<uint64_t*>(next + 2 * size);
  int64_t* const places = next + 4 * size;
  Many many{indices, size, tiles, keys, keys + size, places, places + size, next + 6 * size, next, 0};
  const int64_t chains = indices.each ? indices.outer * indices.inner : 1;
  sort(queue, many, memory + 6 * size, static_cast<uint64_t>(chains * indices.extent));
  launch(queue, gridOf(size), kThreads, linkSorted, many);
  return next;
}

}  // namespace anneal::device
