// The first k of a row, and the element of a rank, without sorting all of it.
#pragma once
#include "cpu/sort/radix.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kWorthSelecting = 2048;  // elements from which on digits are counted in tables

template <class K>
struct Ranked {
  K key;
  int64_t before;  // elements with a smaller key
};

// The key that a row has in place k when it is sorted, 0 <= k < n: digit by digit from the first, of those elements alone that have
// the digits so far.
template <class T>
Ranked<KeyOf<T>> keyOfRank(const Row<T>& row, int64_t k) {
  using K = KeyOf<T>;
  constexpr int kBits = 11, kDigits = 1 << kBits;
  int shift = 8 * static_cast<int>(sizeof(K)) - kBits;
  uint32_t* counts = scratch<uint32_t>(kTableSlot, kDigits);
  __builtin_memset(counts, 0, sizeof(uint32_t) * kDigits);
  for (int64_t i = 0; i < row.n; ++i) ++counts[row.key(i) >> shift];
  int64_t before = 0;
  const auto digitOfRank = [&] {
    int digit = 0;
    while (before + counts[digit] <= k) before += counts[digit++];
    return static_cast<K>(digit);
  };
  K known = digitOfRank();
  K* left = scratch<K>(kItemSlot, int64_t{counts[known]} + 1);
  int64_t count = 0;
  for (int64_t i = 0; i < row.n && count < counts[known]; ++i) {
    const K key = row.key(i);
    left[count] = key;
    count += key >> shift == known;
  }
  while (shift > 0) {
    const int bits = shift < kBits ? shift : kBits;
    const K mask = (K{1} << bits) - 1;
    shift -= bits;
    __builtin_memset(counts, 0, sizeof(uint32_t) * kDigits);
    for (int64_t i = 0; i < count; ++i) ++counts[left[i] >> shift & mask];
    known = known << bits | digitOfRank();
    int64_t kept = 0;
    for (int64_t i = 0; i < count; ++i) {
      const K key = left[i];
      left[kept] = key;
      kept += key >> shift == known;
    }
    count = kept;
  }
  return {known, before};
}

// The same of a short row: bit by bit from the first, by counting the keys that are smaller.
template <class T>
Ranked<KeyOf<T>> keyOfRankInShort(const Row<T>& row, int64_t k) {
  using K = KeyOf<T>;
  using Signed = typename LaneTypes<K>::Int;
  using V = Vec<Signed>;
  constexpr int kLanes = V::kLanes;
  const int64_t padded = (row.n + kLanes - 1) / kLanes * kLanes;
  Signed* keys = scratch<Signed>(kItemSlot, padded);
  row.signedKeys(keys);
  const auto countBelow = [&](K key) ANNEAL_INLINED {
    const V than(static_cast<Signed>(key ^ kTop<K>));
    V count(Signed{0});
    for (int64_t i = 0; i < padded; i += kLanes) count -= V((typename V::Raw)(load(keys + i) < than).raw);
    return static_cast<int64_t>(foldLanes<SumOf<Signed>>(count));
  };
  K known = 0;
  for (K bit = kTop<K>; bit != 0; bit >>= 1) {
    if (countBelow(known | bit) <= k) known |= bit;
  }
  return {known, countBelow(known)};
}

// The item that a row has in place k when it is sorted.
template <class T>
Item<KeyOf<T>> itemOfRank(const Row<T>& row, int64_t k) {
  const auto found = row.n < kWorthSelecting ? keyOfRankInShort(row, k) : keyOfRank(row, k);
  int64_t equal = k - found.before;
  for (int64_t i = 0;; ++i) {
    if (row.key(i) == found.key && equal-- == 0) return {found.key, static_cast<uint32_t>(i)};
  }
}

// Calls meet(place) for the elements from place i on that may have a smaller key than the one in `limit`, which meet may change: surely
// for those that do. It ends early where nothing can be before `limit`, which is NaN.
template <class T, class Meet>
ANNEAL_INLINE void meetSmaller(const Row<T>& row, int64_t i, const T& limit, const Meet& meet) {
  using V = Vec<T>;
  constexpr int kLanes = V::kLanes, kStep = 4 * kLanes;
  const bool descending = row.flip != 0;
  const auto found = [&](int64_t at) ANNEAL_INLINED {
    const V x = load(row.x + at), than(limit);
    return descending ? !(x <= than) : (!(x >= than)) & (x == x);
  };
  for (; i + kStep <= row.n; i += kStep) {
    if (descending && limit != limit) return;
    if (!any(found(i) | found(i + kLanes) | found(i + 2 * kLanes) | found(i + 3 * kLanes))) continue;
    for (int64_t at = i; at < i + kStep; at += kLanes) {
      for (uint64_t lanes = laneBits(found(at)); lanes != 0; lanes &= lanes - 1) meet(at + __builtin_ctzll(lanes));
    }
  }
  for (; i < row.n; ++i) meet(i);
}

// Very few: the best so far are kept sorted, and one that is better moves the others on.
constexpr int64_t kVeryFew = 16;
template <class T>
const Item<KeyOf<T>>* firstVeryFew(const Row<T>& row, int64_t k) {
  using K = KeyOf<T>;
  Item<K>* items = scratch<Item<K>>(kItemSlot, kVeryFew + 1);
  T limit;
  const auto insert = [&](const Item<K>& item, int64_t count) ANNEAL_INLINED {
    int64_t at = count;
    for (; at > 0 && items[at - 1].key > item.key; --at) items[at] = items[at - 1];
    items[at] = item;
  };
  for (int64_t i = 0; i < k; ++i) insert({row.key(i), static_cast<uint32_t>(i)}, i);
  limit = row.element(items[k - 1]);
  meetSmaller(row, k, limit, [&](int64_t at) {
    const K key = row.key(at);
    if (key >= items[k - 1].key) return;
    insert({key, static_cast<uint32_t>(at)}, k - 1);
    limit = row.element(items[k - 1]);
  });
  return items;
}

// Far fewer than there are: candidates are those before the k-th best so far, and when they are as many as there is room for, they are
// sorted and all but k of them leave. Only elements that are better come in, so of equal ones the first stay.
template <class T>
const Item<KeyOf<T>>* firstFew(const Row<T>& row, int64_t k) {
  using K = KeyOf<T>;
  const int64_t room = 4 * k;
  Item<K>* items = scratch<Item<K>>(kItemSlot, 2 * room);
  Item<K>* spare = items + room;
  int64_t count = 0;
  for (; count < room; ++count) items[count] = {row.key(count), static_cast<uint32_t>(count)};
  T limit;
  const auto settle = [&] {
    Item<K>* sorted = sortItems(items, spare, count);
    if (sorted != items) spare = items, items = sorted;
    count = k;
    limit = row.element(items[k - 1]);
  };
  settle();
  K last = items[k - 1].key;
  meetSmaller(row, room, limit, [&](int64_t at) {
    const K key = row.key(at);
    if (key >= last) return;
    items[count++] = {key, static_cast<uint32_t>(at)};
    if (count < room) return;
    settle();
    last = items[k - 1].key;
  });
  settle();
  return items;
}

// The first k items, in order where `sorted`.
template <class T>
const Item<KeyOf<T>>* firstItems(const Row<T>& row, int64_t k, bool sorted) {
  using K = KeyOf<T>;
  if (row.n > kFew && k <= kVeryFew && k <= row.n / 8) return firstVeryFew(row, k);
  if (row.n < kWorthSelecting) return sortRow(row);
  if (k <= row.n / 16) return firstFew(row, k);
  const auto limit = keyOfRank(row, k - 1);
  int64_t equal = k - limit.before, count = 0;
  Item<K>* items = scratch<Item<K>>(kItemSlot, 2 * k);
  for (int64_t i = 0; count < k; ++i) {
    const K key = row.key(i);
    if (key < limit.key || (key == limit.key && equal-- > 0)) items[count++] = {key, static_cast<uint32_t>(i)};
  }
  return sorted ? sortItems(items, items + k, k) : items;
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
