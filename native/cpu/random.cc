// Random numbers: element i depends on (seed, offset, i) alone, and is the same at every instruction-set level.
//
// Word i of stream 0 (core/philox.h) is 32 random bits for element i; where 64 are needed, stream 1 has the lower half.
#include "core/philox.h"
#include "cpu/chance.h"
#include "cpu/fold.h"
#include "cpu/math.h"
#include "cpu/support.h"
#include "cpu/words.h"
#include "formulas/constant.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// What formulas/normal.h asks for. The compiler must not see that the sum belongs to the product: it would fuse them,
// at some levels only.
template <class T>
ANNEAL_INLINE Vec<T> mulAdd(Vec<T> a, Vec<T> b, Vec<T> c) {
  Vec<T> product = a * b;
#if defined(__AVX512F__)
  __asm__("" : "+v"(product.raw));
#elif defined(__SSE2__)
  __asm__("" : "+x"(product.raw));
#else
  __asm__("" : "+w"(product.raw));
#endif
  return product + c;
}

// The biased exponent goes into the low bits of 2^52 or 2^23: SSE2 and AVX2 do not convert 64-bit integers.
template <class T>
ANNEAL_INLINE Vec<T> splitExponent(Vec<T> x, Vec<T>& k) {
  constexpr bool kSingle = sizeof(T) == 4;
  using Bits = typename LaneTypes<T>::UInt;
  constexpr int kMantissa = kSingle ? 23 : 52;
  constexpr Bits kOne = kSingle ? 0x3f800000 : static_cast<Bits>(0x3ff0000000000000);
  constexpr Bits kRootHalf = kSingle ? 0x3f3504f3 : static_cast<Bits>(0x3fe6a09e667f3bcd);
  constexpr Bits kExponent = kSingle ? 0x7f800000 : static_cast<Bits>(0x7ff0000000000000);
  const Vec<T> big(static_cast<T>(Bits{1} << kMantissa)), bias(static_cast<T>(kOne >> kMantissa));
  const Vec<Bits> bits = bitCast<Bits>(x), shifted = bits - Vec<Bits>(kRootHalf) + Vec<Bits>(kOne);
  k = bitCast<T>((shifted >> kMantissa) | bitCast<Bits>(big)) - (big + bias);
  return bitCast<T>(bits - (shifted & Vec<Bits>(kExponent)) + Vec<Bits>(kOne));
}

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL

#include "formulas/normal.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

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

// u[i] in [0, 1) with 53 bits of two streams.
void makeUniform(const RandomArgs& args, int64_t first, double* u) {
  uint32_t high[kBlock];
  makeWords(args, first, 0, high);
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
void uniformSingle(const RandomArgs& args, double top) {
  float* out = static_cast<float*>(args.out);
  const bool unit = args.a == 0 && args.b == 1;
  const Vec<double> low(args.a), range(args.b - args.a);
  const Vec<float> most(static_cast<float>(top));
  forBlocks(args.count, [&](int64_t first, int n) {
    uint32_t words[kBlock];
    makeWords(args, first, 0, words);
    forLanes<float>(n, [&](int64_t i, int lanes) {
      Vec<float> u = convert<float>(bitCast<int32_t>(load(words + i) >> 8)) * Vec<float>(0x1p-24f);
      if (!unit) {
        const DoublePair wide = widen(u);
        u = min(most, narrow({mulAdd(range, wide.low, low), mulAdd(range, wide.high, low)}));
      }
      storeLanes(out + first + i, u, lanes);
    });
  });
}

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
  if constexpr (kSingle) return uniformSingle(args, top);
  forBlocks(args.count, [&](int64_t first, int n) {
    double u[kBlock];
    makeUniform(args, first, u);
    for (int i = 0; i < kBlock; i += Vec<double>::kLanes) {
      store(u + i, mulAdd(Vec<double>(b - a), load(u + i), Vec<double>(a)));
    }
    T* to = out + first;
    forWhole(n, [&](auto size) {
      for (int i = 0; i < size(); ++i) to[i] = fromUniform<T>(u[i], top);
    });
  });
}

// u in (0, 1] and t in [0, 1) of a block's pairs, from words 2 p and 2 p + 1 of each, or twice as many bits.
constexpr int kPairs = kBlock / 2;
void makePairs(const RandomArgs& args, int64_t first, float* u, float* t) {
  uint32_t words[kBlock];
  makeWords(args, first, 0, words);
  constexpr int kLanes = Vec<uint32_t>::kLanes;
  for (int p = 0; p < kPairs; p += kLanes) {
    Vec<uint32_t> even = load(words + 2 * p), odd = load(words + 2 * p + kLanes);
    Indices<kLanes>::unzip(even.raw, odd.raw);
    // All 32 bits for the radius, so that it reaches 6.6: what is below 2^-24 counts where the rest is small.
    const Vec<float> high = convert<float>(bitCast<int32_t>(even >> 8));
    const Vec<float> low = convert<float>(bitCast<int32_t>(even & Vec<uint32_t>(255)));
    store(u + p,
          fma(high, Vec<float>(0x1p-24f), (low + Vec<float>(1.f)) * Vec<float>(0x1p-32f)));  // products are exact
    store(t + p, convert<float>(bitCast<int32_t>(odd >> 8)) * Vec<float>(0x1p-24f));
  }
}
void makePairs(const RandomArgs& args, int64_t first, double* u, double* t) {
  double both[kBlock];
  makeUniform(args, first, both);
  for (int p = 0; p < kPairs; ++p) {
    u[p] = both[2 * p] + 0x1p-53;
    t[p] = both[2 * p + 1];
  }
}

// a + b z. Elements 2 p and 2 p + 1 of a block are the cosine and sine of one pair.
template <class T>
void normal(const RandomArgs& args) {
  T* out = static_cast<T*>(args.out);
  constexpr int kLanes = Vec<T>::kLanes;
  const Vec<T> mean(static_cast<T>(args.a)), deviation(static_cast<T>(args.b));
  forBlocks(args.count, [&](int64_t first, int n) {
    T u[kPairs], t[kPairs], z[kBlock];
    makePairs(args, first, u, t);
    T* to = n == kBlock ? out + first : z;
    for (int p = 0; p < kPairs; p += kLanes) {
      Vec<T> x, y;
      NormalFormula<sizeof(T) == 4>::apply(load(u + p), load(t + p), x, y);
      x = mulAdd(deviation, x, mean), y = mulAdd(deviation, y, mean);
      Indices<kLanes>::zip(x.raw, y.raw);
      store(to + 2 * p, x);
      store(to + 2 * p + kLanes, y);
    }
    if (to == z) __builtin_memcpy(out + first, z, static_cast<size_t>(n) * sizeof(T));
  });
}

// Each of a, a + 1, ... b - 1 as often as any other.
template <class T>
void integers(const RandomArgs& args) {
  T* out = static_cast<T*>(args.out);
  const int64_t low = static_cast<int64_t>(args.a);
  const uint64_t range = static_cast<uint64_t>(static_cast<int64_t>(args.b) - low);
  forBlocks(args.count, [&](int64_t first, int n) {
    uint32_t high[kBlock], rest[kBlock];
    makeWords(args, first, 0, high);
    makeWords(args, first, 1, rest);
    for (int i = 0; i < n; ++i) {
      const uint64_t bits = uint64_t{high[i]} << 32 | rest[i];
      out[first + i] = static_cast<T>(low + philoxBelow(args.seed, args.offset, first + i, bits, range));
    }
  });
}

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
    // A product, not a choice: NaN and infinity of the input stay visible, as they do in PyTorch.
    if constexpr (sizeof(T) == sizeof(uint32_t)) {
      const Vec<T> zero(T{0}), kept(scale);
      const auto step = [&](int i, int lanes) {
        const Mask<4> keep = load(words + i) > Vec<uint32_t>(last);
        storeLanes(out + first + i, loadLanes(in + first + i, lanes) * select(keep, kept, zero), lanes);
        return keep;
      };
      constexpr int kLanes = Vec<T>::kLanes;
      uint8_t* bools = reinterpret_cast<uint8_t*>(mask) + first;
      int i = 0;
      for (; i + kLanes <= n; i += kLanes) storeMask(bools + i, step(i, kLanes));
      if (i == n) return;
      uint8_t rest[kLanes];
      storeMask(rest, step(i, n - i));
      __builtin_memcpy(bools + i, rest, static_cast<size_t>(n - i));
    } else {
      for (int i = 0; i < n; ++i) {
        const bool keep = words[i] > last;
        mask[first + i] = keep;
        out[first + i] = in[first + i] * (keep ? scale : T(0));
      }
    }
  });
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
      const int64_t j = i + philoxBelow(args.seed, args.offset, i, bits, static_cast<uint64_t>(count - i));
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
    case RandomOp::Integers:
      return withAny("randint", args.dtype, [&](auto t) { integers<typename decltype(t)::type>(args); });
    case RandomOp::Bernoulli:
      return withAny("bernoulli", args.dtype, [&](auto t) { bernoulli<typename decltype(t)::type>(args); });
    case RandomOp::Dropout:
      return withFloat("dropout", args.dtype, [&](auto t) { dropout<typename decltype(t)::type>(args); });
    case RandomOp::Permutation: return permutation(args);
  }
}

}  // namespace anneal::ANNEAL_LEVEL
