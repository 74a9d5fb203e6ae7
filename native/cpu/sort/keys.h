// Elements as unsigned numbers of the same order, and rows of them with their places.
#pragma once
#include "cpu/fold.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

template <class T>
struct KeyTypeOf {
  using type = uint32_t;
};
template <>
struct KeyTypeOf<int64_t> {
  using type = uint64_t;
};
template <>
struct KeyTypeOf<double> {
  using type = uint64_t;
};
template <class T>
using KeyOf = typename KeyTypeOf<T>::type;

template <class K>
constexpr K kTop = K{1} << (8 * sizeof(K) - 1);

// Ascending as the elements do. Zeros of both signs are one key, and every NaN is the largest.
template <class T>
ANNEAL_INLINE KeyOf<T> keyOf(T x) {
  using K = KeyOf<T>;
  if constexpr (kIsFloat<T>) {
    using Signed = typename LaneTypes<T>::Int;
    const T positive = x + T{0};  // -0 becomes 0
    K bits;
    __builtin_memcpy(&bits, &positive, sizeof bits);
    const K key = bits ^ (static_cast<K>(static_cast<Signed>(bits) >> (8 * sizeof(K) - 1)) | kTop<K>);
    return x == x ? key : static_cast<K>(-1);
  } else if constexpr (sizeof(T) == 1) {
    return x;
  } else {
    return static_cast<K>(x) ^ kTop<K>;
  }
}

// Whether a key says all of its element, which `elementOf` then gives: not of zeros and NaN.
template <class T>
ANNEAL_INLINE bool saysAll(KeyOf<T> key) {
  return !kIsFloat<T> || (key != kTop<KeyOf<T>> && key != static_cast<KeyOf<T>>(-1));
}
template <class T>
ANNEAL_INLINE T elementOf(KeyOf<T> key) {
  using K = KeyOf<T>;
  if constexpr (kIsFloat<T>) {
    const K bits = key & kTop<K> ? key ^ kTop<K> : static_cast<K>(~key);
    T x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
  } else if constexpr (sizeof(T) == 1) {
    return static_cast<T>(key);
  } else {
    return static_cast<T>(key ^ kTop<K>);
  }
}

template <class K>
struct Item {
  K key;
  uint32_t place;
};

// A row of elements and the order that is asked for: keys are complements where it descends, so that equal ones keep their order.
template <class T>
struct Row {
  using K = KeyOf<T>;
  const T* x;
  int64_t n;
  K flip;

  Row(const T* elements, int64_t count, bool descending)
      : x(elements), n(count), flip(descending ? static_cast<K>(-1) : K{0}) {}
  ANNEAL_INLINE K key(int64_t i) const { return keyOf(x[i]) ^ flip; }
  ANNEAL_INLINE K ofNaN() const { return static_cast<K>(-1) ^ flip; }
  ANNEAL_INLINE T element(const Item<K>& item) const {
    const K own = item.key ^ flip;
    return saysAll<T>(own) ? elementOf<T>(own) : x[item.place];
  }
  // Keys as signed numbers of the same order, up to a whole vector of them; those behind the row are the largest.
  using Signed = typename LaneTypes<K>::Int;
  void signedKeys(Signed* out) const {
    using V = Vec<Signed>;
    constexpr int kLanes = V::kLanes;
    const V last(static_cast<Signed>(~kTop<K>)), flipped(static_cast<Signed>(flip));
    int64_t i = 0;
    if constexpr (sizeof(T) == sizeof(K)) {
      for (; i + kLanes <= n; i += kLanes) {
        const Vec<T> v = load(x + i);
        if constexpr (kIsFloat<T>) {
          const V bits = bitCast<Signed>(v + Vec<T>(T{0}));  // -0 becomes 0
          store(out + i, select(v == v, bits ^ ((bits >> (8 * sizeof(K) - 1)) & last), last) ^ flipped);
        } else {
          store(out + i, bitCast<Signed>(v) ^ flipped);
        }
      }
    }
    for (; i < n; ++i) out[i] = static_cast<Signed>(key(i) ^ kTop<K>);
    for (; i % kLanes != 0; ++i) out[i] = static_cast<Signed>(~kTop<K>);
  }
  void items(Item<K>* out) const {
    for (int64_t i = 0; i < n; ++i) out[i] = {key(i), static_cast<uint32_t>(i)};
  }
};

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
