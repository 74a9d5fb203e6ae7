// Sorting of items by their keys, in which equal keys keep their order: few by counting those before each, many by radix from the last
// digit to the first.
#pragma once
#include "cpu/sort/keys.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kFew = 64;
constexpr int64_t kWideDigits = 4096;  // items from which on fewer passes pay for longer tables

// What a thread's scratch slots hold: items twice, the tables of digits, a row that is strided in memory.
constexpr int kItemSlot = 0, kTableSlot = 1, kRowSlot = 2;

// Up to kFew items to `out`. The place of each is the number of those with a smaller key, and of equal ones before it.
template <class K>
void sortFew(const Item<K>* items, int64_t n, Item<K>* out) {
  using Signed = typename LaneTypes<K>::Int;
  using V = Vec<Signed>;
  constexpr int kLanes = V::kLanes;
  Signed keys[kFew + kLanes] = {}, ranks[kFew + kLanes];
  for (int64_t i = 0; i < n; ++i) keys[i] = static_cast<Signed>(items[i].key ^ kTop<K>);
  for (int64_t first = 0; first < n; first += kLanes) {
    const V own = load(keys + first);
    V rank(Signed{0});
    const int64_t end = first + kLanes < n ? first + kLanes : n;
    int64_t j = 0;
    for (; j < first; ++j) rank -= V((typename V::Raw)(V(keys[j]) <= own).raw);
    for (; j < end; ++j) {
      const auto before = firstLanes<Signed>(static_cast<int>(j - first) + 1);  // lanes that are not behind j
      const auto less = V(keys[j]) < own, same = V(keys[j]) == own;
      rank -= V((typename V::Raw)(less | (same & !before)).raw);
    }
    for (; j < n; ++j) rank -= V((typename V::Raw)(V(keys[j]) < own).raw);
    store(ranks + first, rank);
  }
  for (int64_t i = 0; i < n; ++i) out[ranks[i]] = items[i];
}

// By `passes` digits of the keys from bit `first` on. Returns which of the two has the sorted items.
template <int bits, int passes, class K>
Item<K>* sortByDigits(Item<K>* from, Item<K>* to, int64_t n, int first) {
  constexpr int kDigits = 1 << bits;
  constexpr K kMask = kDigits - 1;
  uint32_t* table = scratch<uint32_t>(kTableSlot, passes * kDigits);
  __builtin_memset(table, 0, sizeof(uint32_t) * passes * kDigits);
  for (int64_t i = 0; i < n; ++i) {
    const K key = from[i].key >> first;
#pragma GCC unroll 8
    for (int pass = 0; pass < passes; ++pass) ++table[pass * kDigits + static_cast<int>(key >> (pass * bits) & kMask)];
  }
  for (int pass = 0; pass < passes; ++pass) {
    uint32_t* starts = table + pass * kDigits;
    const int shift = first + pass * bits;
    if (starts[from[0].key >> shift & kMask] == static_cast<uint32_t>(n)) continue;  // all have this digit
    uint32_t start = 0;
    for (int digit = 0; digit < kDigits; ++digit) {
      const uint32_t count = starts[digit];
      starts[digit] = start;
      start += count;
    }
    for (int64_t i = 0; i < n; ++i) to[starts[from[i].key >> shift & kMask]++] = from[i];
    Item<K>* other = from;
    from = to, to = other;
  }
  return from;
}

Item<uint32_t>* sortMany(Item<uint32_t>* items, Item<uint32_t>* spare, int64_t n) {
  return n < kWideDigits ? sortByDigits<8, 4>(items, spare, n, 0) : sortByDigits<11, 3>(items, spare, n, 0);
}

void insertEach(Item<uint64_t>* items, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const Item<uint64_t> item = items[i];
    int64_t at = i;
    for (; at > 0 && items[at - 1].key > item.key; --at) items[at] = items[at - 1];
    items[at] = item;
  }
}

// Keys of 64 bits by their first bits, which mostly say the order; then those that have these bits in common by the others.
Item<uint64_t>* sortMany(Item<uint64_t>* items, Item<uint64_t>* spare, int64_t n) {
  const bool wide = n >= kWideDigits;
  const int cut = wide ? 64 - 3 * 11 : 64 - 3 * 8;
  Item<uint64_t>* const sorted =
      wide ? sortByDigits<11, 3>(items, spare, n, cut) : sortByDigits<8, 3>(items, spare, n, cut);
  Item<uint64_t>* const other = sorted == items ? spare : items;
  for (int64_t begin = 0, end; begin < n; begin = end) {
    const uint64_t common = sorted[begin].key >> cut;
    for (end = begin + 1; end < n && sorted[end].key >> cut == common;) ++end;
    const int64_t count = end - begin;
    if (count <= kFew) {
      insertEach(sorted + begin, count);
      continue;
    }
    const Item<uint64_t>* rest = count < kWideDigits ? sortByDigits<8, 5>(sorted + begin, other + begin, count, 0)
                                                     : sortByDigits<11, 4>(sorted + begin, other + begin, count, 0);
    if (rest != sorted + begin) __builtin_memcpy(sorted + begin, rest, sizeof *rest * static_cast<size_t>(count));
  }
  return sorted;
}

template <class K>
Item<K>* sortItems(Item<K>* items, Item<K>* spare, int64_t n) {
  if (n > kFew) return sortMany(items, spare, n);
  sortFew(items, n, spare);
  return spare;
}

// The items of a row, sorted.
template <class T>
const Item<KeyOf<T>>* sortRow(const Row<T>& row) {
  auto* items = scratch<Item<KeyOf<T>>>(kItemSlot, 2 * row.n);
  row.items(items);
  return sortItems(items, items + row.n, row.n);
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
