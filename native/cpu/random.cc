// Random numbers: element i depends on (seed, offset, i) alone, and is the same at every instruction-set level.
//
// Word i of stream 0 (core/philox.h) is 32 random bits for element i; where 64 are needed, stream 1 has the lower half.
#include "core/philox.h"
#include "cpu/math.h"
#include "cpu/support.h"
#include "formulas/constant.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// What formulas/normal.h asks for. The compiler must not see that the sum belongs to the product: it would fuse them,
// at some levels only.
ANNEAL_INLINE Vec<double> mulAdd(Vec<double> a, Vec<double> b, Vec<double> c) {
  Vec<double> product = a * b;
#if defined(__AVX512F__)
  __asm__("" : "+v"(product.raw));
#elif defined(__SSE2__)
  __asm__("" : "+x"(product.raw));
#else
  __asm__("" : "+w"(product.raw));
#endif
  return product + c;
}

// The biased exponent goes into the low bits of 2^52: SSE2 and AVX2 do not convert 64-bit integers.
ANNEAL_INLINE Vec<double> splitExponent(Vec<double> x, Vec<double>& k) {
  const Vec<uint64_t> bits = bitCast<uint64_t>(x), one(0x3ff0000000000000), big(0x4330000000000000);
  const Vec<uint64_t> shifted = bits - Vec<uint64_t>(0x3fe6a09e667f3bcd) + one;  // less the bits of sqrt(1/2)
  k = bitCast<double>((shifted >> 52) | big) - Vec<double>(4503599627370496.0 + 1023.0);
  return bitCast<double>(bits - (shifted & Vec<uint64_t>(0x7ff0000000000000)) + one);
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL

#include "formulas/normal.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int kCounts = 64;          // counters at once
constexpr int kBlock = 4 * kCounts;  // elements at once
constexpr int64_t kGrain = 64 * kBlock;

// words[i] = word of element first + i, for a whole block
void makeWords(const RandomArgs& args, int64_t first, uint32_t stream, uint32_t* words) {
  uint32_t block[4][kCounts];
  philoxBlock(args.seed, args.offset + static_cast<uint64_t>(first) / 4, stream, block);
  for (int c = 0; c < kCounts; ++c) {
    for (int j = 0; j < 4; ++j) words[4 * c + j] = block[j][c];
  }
}

// Calls body(first, n) for blocks of n <= kBlock elements; first is a multiple of kBlock.
template <class Body>
void forBlocks(int64_t count, Body&& body) {
  forRange(count, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += kBlock) {
      body(first, static_cast<int>(end - first < kBlock ? end - first : kBlock));
    }
  });
}

// Calls body(n) with a constant for whole blocks, whose loops then become vector code.
template <class Body>
ANNEAL_INLINE void forWhole(int n, Body&& body) {
  if (n == kBlock)
    body([] { return kBlock; });
  else
    body([n] { return n; });
}

// u[i] in [0, 1) with 24 bits, or 53 of two streams.
void makeUniform(const RandomArgs& args, int64_t first, bool wide, double* u) {
  uint32_t high[kBlock];
  makeWords(args, first, 0, high);
  if (!wide) {
    for (int i = 0; i < kBlock; ++i) u[i] = static_cast<int32_t>(high[i] >> 8) * 0x1p-24;
    return;
  }
  uint32_t low[kBlock];
  makeWords(args, first, 1, low);
  for (int i = 0; i < kBlock; ++i) {
    const double top = static_cast<int32_t>(high[i] >> 1);
    const double next = static_cast<int32_t>((high[i] & 1) << 21 | low[i] >> 11);
    u[i] = top * 0x1p-31 + next * 0x1p-53;  // exact, so fusing does not matter
  }
}

// The largest T below b.
double below(float b, double limit) {
  if (static_cast<double>(b) >= limit) {
    // One step down: the bits of positive floats ascend, those of negative ones descend.
    int32_t bits;
    __builtin_memcpy(&bits, &b, 4);
    bits = b > 0 ? bits - 1 : b < 0 ? bits + 1 : INT32_MIN + 1;
    __builtin_memcpy(&b, &bits, 4);
  }
  return static_cast<double>(b);
}
double below(double b, double) {
  int64_t bits;
  __builtin_memcpy(&bits, &b, 8);
  bits = b > 0 ? bits - 1 : b < 0 ? bits + 1 : INT64_MIN + 1;
  __builtin_memcpy(&b, &bits, 8);
  return b;
}

template <class T>
ANNEAL_INLINE T fromUniform(double value, double top) {
  if constexpr (kIsFloat<T>) {
    const T rounded = static_cast<T>(value);
    return rounded > static_cast<T>(top) ? static_cast<T>(top) : rounded;
  } else {
    const double down = __builtin_floor(value > top ? top : value);
    if constexpr (sizeof(T) == 1 && static_cast<T>(2) == static_cast<T>(1))
      return down != 0;
    else
      return fromDouble<T>(down);
  }
}

// a + (b - a) u; rounding up to b itself is undone. Integers are the floor of the float64 number.
template <class T>
void uniform(const RandomArgs& args) {
  T* out = static_cast<T*>(args.out);
  constexpr bool kSingle = sizeof(T) == 4 && kIsFloat<T>;
  const double a = args.a, b = args.b;
  double top = __builtin_inf();
  if (a < b) {
    if constexpr (kSingle)
      top = below(static_cast<float>(b), b);
    else
      top = below(b, b);
  }
  forBlocks(args.count, [&](int64_t first, int n) {
    double u[kBlock];
    makeUniform(args, first, !kSingle, u);
    for (int i = 0; i < kBlock; i += Vec<double>::kLanes) {
      store(u + i, mulAdd(Vec<double>(b - a), load(u + i), Vec<double>(a)));
    }
    T* to = out + first;
    forWhole(n, [&](auto size) {
      for (int i = 0; i < size(); ++i) to[i] = fromUniform<T>(u[i], top);
    });
  });
}

// a + b z. Elements 2 p and 2 p + 1 of a block are the cosine and sine of one pair.
template <class T>
void normal(const RandomArgs& args) {
  T* out = static_cast<T*>(args.out);
  constexpr int kPairs = kBlock / 2;
  forBlocks(args.count, [&](int64_t first, int n) {
    double u[kPairs], t[kPairs];
    if constexpr (sizeof(T) == 4) {
      uint32_t words[kBlock];
      makeWords(args, first, 0, words);
      for (int p = 0; p < kPairs; ++p) {
        u[p] = (static_cast<double>(words[2 * p]) + 1.0) * 0x1p-32;
        t[p] = static_cast<double>(words[2 * p + 1]) * 0x1p-32;
      }
    } else {
      double both[kBlock];
      makeUniform(args, first, true, both);
      for (int p = 0; p < kPairs; ++p) {
        u[p] = both[2 * p] + 0x1p-53;
        t[p] = both[2 * p + 1];
      }
    }
    const Vec<double> mean(args.a), deviation(args.b);
    for (int p = 0; p < kPairs; p += Vec<double>::kLanes) {
      Vec<double> x, y;
      NormalFormula::apply(load(u + p), load(t + p), x, y);
      store(u + p, mulAdd(deviation, x, mean));
      store(t + p, mulAdd(deviation, y, mean));
    }
    T z[kBlock];
    for (int p = 0; p < kPairs; ++p) {
      z[2 * p] = static_cast<T>(u[p]);
      z[2 * p + 1] = static_cast<T>(t[p]);
    }
    __builtin_memcpy(out + first, z, static_cast<size_t>(n) * sizeof(T));
  });
}

// hit(word) has probability p in steps of 2^-32; 0 and 1 are exact.
struct Chance {
  uint32_t last;
  bool never;
  explicit Chance(double p)
      : last(p >= 1 ? UINT32_MAX : static_cast<uint32_t>(p > 0 ? p * 0x1p32 : 0) - 1), never(!(p * 0x1p32 >= 1)) {}
};

template <class T>
void bernoulli(const RandomArgs& args) {
  T* out = static_cast<T*>(args.out);
  const Chance chance(args.a);
  if (chance.never) {
    if (args.count > 0) __builtin_memset(out, 0, static_cast<size_t>(args.count) * sizeof(T));
    return;
  }
  forBlocks(args.count, [&](int64_t first, int n) {
    uint32_t words[kBlock];
    makeWords(args, first, 0, words);
    T* to = out + first;
    forWhole(n, [&](auto size) {
      for (int i = 0; i < size(); ++i) to[i] = words[i] <= chance.last ? T(1) : T(0);
    });
  });
}

template <class T>
void dropout(const RandomArgs& args) {
  const T* in = static_cast<const T*>(args.in);
  T* out = static_cast<T*>(args.out);
  bool* mask = static_cast<bool*>(args.mask);
  const Chance chance(args.a);
  const T scale = args.a >= 1 ? T(0) : static_cast<T>(1 / (1 - args.a));
  forBlocks(args.count, [&](int64_t first, int n) {
    uint32_t words[kBlock];
    makeWords(args, first, 0, words);
    if (chance.never) __builtin_memset(words, 0xff, sizeof words);
    const uint32_t last = chance.never ? 0 : chance.last;
    T factor[kBlock];
    bool kept[kBlock];
    for (int i = 0; i < kBlock; ++i) factor[i] = words[i] > last ? scale : T(0);
    for (int i = 0; i < kBlock; ++i) kept[i] = words[i] > last;
    __builtin_memcpy(mask + first, kept, static_cast<size_t>(n));
    // A product, not a choice: NaN and infinity of the input stay visible, as they do in PyTorch.
    constexpr int kLanes = Vec<T>::kLanes;
    int i = 0;
    for (; i + kLanes <= n; i += kLanes) store(out + first + i, load(in + first + i) * load(factor + i));
    if (i < n) storePartial(out + first + i, loadPartial(in + first + i, n - i) * load(factor + i), n - i);
  });
}

// A number in [0, range) from 64 bits without bias (Lemire: "Fast random integer generation in an interval", 2019).
int64_t bounded(const RandomArgs& args, int64_t i, uint64_t bits, uint64_t range) {
  __extension__ typedef unsigned __int128 Wide;
  Wide product = Wide{bits} * range;
  if (static_cast<uint64_t>(product) < range) {
    const uint64_t threshold = (0 - range) % range;
    for (uint32_t draw = 1; static_cast<uint64_t>(product) < threshold; ++draw) {
      product = Wide{philoxWide(args.seed, args.offset, static_cast<uint64_t>(i), draw)} * range;
    }
  }
  return static_cast<int64_t>(product >> 64);
}

// Fisher-Yates, from the front: each step depends on the one before, so one thread does it.
void permutation(const RandomArgs& args) {
  int64_t* out = static_cast<int64_t*>(args.out);
  const int64_t count = args.count;
  for (int64_t i = 0; i < count; ++i) out[i] = i;
  for (int64_t first = 0; first < count; first += kBlock) {
    uint32_t high[kBlock], low[kBlock];
    makeWords(args, first, 0, high);
    makeWords(args, first, 1, low);
    for (int64_t i = first; i < first + kBlock && i < count; ++i) {
      const uint64_t bits = uint64_t{high[i - first]} << 32 | low[i - first];
      const int64_t j = i + bounded(args, i, bits, static_cast<uint64_t>(count - i));
      const int64_t moved = out[j];
      out[j] = out[i];
      out[i] = moved;
    }
  }
}

}  // namespace

void random(const RandomArgs& args) {
  switch (args.op) {
    case RandomOp::Uniform:
      return withAny("uniform", args.dtype, [&](auto t) { uniform<typename decltype(t)::type>(args); });
    case RandomOp::Normal:
      return withFloat("normal", args.dtype, [&](auto t) { normal<typename decltype(t)::type>(args); });
    case RandomOp::Bernoulli:
      return withAny("bernoulli", args.dtype, [&](auto t) { bernoulli<typename decltype(t)::type>(args); });
    case RandomOp::Dropout:
      return withFloat("dropout", args.dtype, [&](auto t) { dropout<typename decltype(t)::type>(args); });
    case RandomOp::Permutation: return permutation(args);
  }
}

}  // namespace anneal::ANNEAL_LEVEL
