// Blocks of scores [keys][queries]: what of them is hidden, and which weights dropout keeps.
#pragma once
#include "core/philox.h"
#include "cpu/attention/products.h"
#include "cpu/chance.h"
#include "cpu/fold.h"

namespace anneal::ANNEAL_LEVEL::attend {

template <class T>
constexpr T kHidden = -static_cast<T>(__builtin_inf());

// A block of scores, or of what becomes of them: rows for keys from firstKey on, which lie `row` apart, and lanes for queries from
// firstQuery on, of which `live` exist.
template <class T>
struct Block {
  T* s;
  int64_t row, keys;
  int vectors;
  int64_t firstKey, firstQuery, live;
};

// Hides the keys that come after a query.
template <class T>
void hideFuture(const Block<T>& block) {
  for (int64_t i = most(0, block.firstQuery + 1 - block.firstKey); i < block.keys; ++i) {
    T* const s = block.s + i * block.row;
    const int64_t hidden = least(block.firstKey + i - block.firstQuery, block.vectors * W<T>);
    int64_t lane = 0;
    for (; lane + W<T> <= hidden; lane += W<T>) store(s + lane, Vec<T>(kHidden<T>));
    for (; lane < hidden; ++lane) s[lane] = kHidden<T>;
  }
}

// The mask of one head: bools, of which false hides a key, or numbers that are added.
template <class T>
class HeadMask {
 public:
  // Elements of the spare memory of `add`.
  static int64_t spare(int64_t block) { return 2 * W<T> * block; }

  HeadMask(const AttentionArgs& a, int64_t batch, int64_t head)
      : bools_(a.maskType == DType::Bool), row_(a.maskAt[2]), column_(a.maskAt[3]) {
    const int64_t first = batch * a.maskAt[0] + head * a.maskAt[1];
    if (!a.mask) return;
    if (bools_) {
      flags_ = static_cast<const uint8_t*>(a.mask) + first;
    } else {
      numbers_ = static_cast<const T*>(a.mask) + first;
    }
  }

  explicit operator bool() const { return flags_ || numbers_; }

  // Whether no query of the block sees any of its keys, as far as bools that lie side by side say.
  bool hidesAll(const Block<T>& block) const {
    if (!flags_ || column_ != 1) return false;
    for (int64_t q = 0; q < (row_ == 0 ? 1 : block.live); ++q) {
      const uint8_t* const from = flags_ + (block.firstQuery + q) * row_ + block.firstKey;
      uint8_t seen = 0;
      for (int64_t i = 0; i < block.keys; ++i) seen |= from[i];
      if (seen) return false;
    }
    return true;
  }

  // The same of scores that lie in rows of keys, from `key` on, of so many queries.
  void applyToRows(T* s, int64_t queries, int64_t key, int64_t keys) const {
    for (int64_t q = 0; q < queries; ++q) {
      for (int64_t i = 0; i < keys; ++i) {
        const T term = at(q * row_ + (key + i) * column_);
        T& score = s[q * keys + i];
        score = !bools_ ? score + term : term < T{0} ? term : score;
      }
    }
  }

  void apply(const Block<T>& block, T* spare) const {
    if (row_ == 0) {
      for (int64_t i = 0; i < block.keys; ++i) {
        const Vec<T> term(at((block.firstKey + i) * column_));
        for (int j = 0; j < block.vectors; ++j) join(block.s + i * block.row + j * W<T>, term);
      }
      return;
    }
    for (int j = 0; j < block.vectors; ++j) {
      const int64_t queries = least(W<T>, block.live - j * W<T>);
      if (queries <= 0) return;
      const int64_t first = (block.firstQuery + j * W<T>)*row_ + block.firstKey * column_;
      transposed(first, queries, block.keys, spare);
      for (int64_t i = 0; i < block.keys; ++i) join(block.s + i * block.row + j * W<T>, load(spare + i * W<T>));
    }
  }

 private:
  T at(int64_t i) const { return flags_ ? (flags_[i] ? T{0} : kHidden<T>) : numbers_[i]; }

  // Chosen, not added, where the mask says no more than that: a hidden score may be NaN.
  void join(T* s, Vec<T> term) const {
    const Vec<T> score = load(s);
    store(s, bools_ ? select(term < Vec<T>(T{0}), term, score) : score + term);
  }

  // to[key][query] of so many queries and keys; lanes beyond the queries become zeros. Needs as much memory again behind it.
  void transposed(int64_t first, int64_t queries, int64_t keys, T* to) const {
    if (column_ != 1) {
      for (int64_t i = 0; i < keys; ++i) {
        for (int64_t q = 0; q < W<T>; ++q) to[i * W<T> + q] = q < queries ? at(first + q * row_ + i * column_) : T{0};
      }
    } else if (numbers_) {
      gemm::transposeStrip(numbers_ + first, row_, queries, keys, to, W<T>);
    } else {
      T* const rows = to + W<T> * keys;
      for (int64_t q = 0; q < queries; ++q) {
        const uint8_t* from = flags_ + first + q * row_;
        int64_t i = 0;
        for (; i + W<T> <= keys; i += W<T>) {
          store(rows + q * keys + i, select(loadMask<sizeof(T)>(from + i), Vec<T>(T{0}), Vec<T>(kHidden<T>)));
        }
        for (; i < keys; ++i) rows[q * keys + i] = from[i] ? T{0} : kHidden<T>;
      }
      gemm::transposeStrip(rows, keys, queries, keys, to, W<T>);
    }
  }

  const uint8_t* flags_ = nullptr;
  const T* numbers_ = nullptr;
  bool bools_;
  int64_t row_, column_;
};

// What dropout multiplies the weights by: 0, or 1 / (1 - probability).
class Keeping {
 public:
  Keeping(const AttentionArgs& a, uint64_t seed, uint64_t offset)
      : seed_(seed), offset_(offset), counts_(ceilDiv(a.keys, 4)), chance_(a.dropout), kept_(1 / (1 - a.dropout)) {}

  // Writes the factors of a block; firstRow: the number of its first query among those of all heads.
  template <class T>
  void fill(const Block<T>& block, int64_t firstRow) const {
    constexpr int kLanes = W<T>;
    const T kept = factor<T>();
    for (int64_t i = 0; i < block.keys; i += 4) {
      for (int j = 0; j < block.vectors; ++j) {
        uint32_t words[4][kLanes];
        for (int lane = 0; lane < kLanes; ++lane) {
          const uint64_t count = countOf(firstRow + j * kLanes + lane, block.firstKey + i);
          words[0][lane] = static_cast<uint32_t>(count);
          words[1][lane] = static_cast<uint32_t>(count >> 32);
          words[2][lane] = words[3][lane] = 0;
        }
        philoxRounds(words, static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32));
        for (int64_t u = 0; u < least(4, block.keys - i); ++u) {
          T* const to = block.s + (i + u) * block.row + j * kLanes;
          for (int lane = 0; lane < kLanes; ++lane) to[lane] = keeps(words[u][lane]) ? kept : T{0};
        }
      }
    }
  }

  // The factors of a row's keys from `first` on, a multiple of 4, one after the other.
  template <class T>
  void fillRow(int64_t row, int64_t first, int64_t keys, T* to) const {
    for (int64_t i = 0; i < keys; i += 4) {
      uint32_t words[4][1];
      philoxBlock(seed_, countOf(row, first + i), 0, words);
      for (int64_t u = 0; u < least(4, keys - i); ++u) to[i + u] = keeps(words[u][0]) ? factor<T>() : T{0};
    }
  }

 private:
  uint64_t countOf(int64_t row, int64_t key) const {
    return offset_ + static_cast<uint64_t>(row) * static_cast<uint64_t>(counts_) + static_cast<uint64_t>(key) / 4;
  }
  bool keeps(uint32_t word) const { return chance_.never || word > chance_.last; }
  template <class T>
  T factor() const {
    return chance_.last == UINT32_MAX && !chance_.never ? T{0} : static_cast<T>(kept_);
  }

  uint64_t seed_, offset_;
  int64_t counts_;
  Chance chance_;
  double kept_;
};

}  // namespace anneal::ANNEAL_LEVEL::attend
