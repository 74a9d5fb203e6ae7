// Random numbers: element i depends on (seed, offset, i) alone, with the bits of the CPU (native/cpu/random.cc). A thread makes the
// words of one Philox counter, and four elements of them.
#include <utility>
#include <vector>

#include "device/launch.h"
//
#include "core/philox.h"  // after ANNEAL_DEVICE has been defined
#include "device/dtypes.h"
#include "device/formulas.h"
#include "formulas/normal.h"
#include "kernels.h"

namespace anneal::device {

// What formulas/normal.h asks for: a product that is rounded before the sum, which device code does unless it says fma.
template <class T>
ANNEAL_INLINE Lane<T> mulAdd(Lane<T> a, Lane<T> b, Lane<T> c) {
  return a * b + c;
}
ANNEAL_INLINE Lane<float> splitExponent(Lane<float> x, Lane<float>& k) {
  const Lane<int32_t> bits = bitCast<int32_t>(x), one(0x3f800000), shifted = bits - Lane<int32_t>(0x3f3504f3) + one;
  k = convert<float>((shifted >> 23) - Lane<int32_t>(127));
  return bitCast<float>(bits - (shifted & Lane<int32_t>(0x7f800000)) + one);
}
ANNEAL_INLINE Lane<double> splitExponent(Lane<double> x, Lane<double>& k) {
  const Lane<int64_t> bits = bitCast<int64_t>(x), one(0x3ff0000000000000);
  const Lane<int64_t> shifted = bits - Lane<int64_t>(0x3fe6a09e667f3bcd) + one;
  k = convert<double>((shifted >> 52) - Lane<int64_t>(1023));
  return bitCast<double>(bits - (shifted & Lane<int64_t>(0x7ff0000000000000)) + one);
}

namespace {

constexpr unsigned kThreads = 256;
constexpr int kEach = 4;  // elements per counter

struct Params {
  int64_t count;
  uint64_t seed, offset;
  double a, b;
  double top;     // Uniform: the largest result
  uint32_t last;  // Bernoulli, Dropout: the last word that hits
  bool never;     // ... none does
  const void* in;
  void* out;
  uint8_t* mask;
};

// The counter's words of a stream.
struct Words {
  uint32_t word[kEach];
  ANNEAL_INLINE Words(const Params& p, int64_t first, uint32_t stream) {
    uint32_t words[4][1];
    philoxBlock(p.seed, p.offset + static_cast<uint64_t>(first) / kEach, stream, words);
    for (int i = 0; i < kEach; ++i) word[i] = words[i][0];
  }
};

// In [0, 1), with 53 bits of two streams.
ANNEAL_INLINE double unit(uint32_t high, uint32_t low) {
  const double top = static_cast<int32_t>(high >> 1);
  const double next = static_cast<int32_t>((high & 1) << 21 | low >> 11);
  return top * 0x1p-31 + next * 0x1p-53;
}

template <class F>
ANNEAL_INLINE void forEach(const Params& p, int64_t first, const F& f) {
  for (int i = 0; i < kEach; ++i) {
    if (first + i < p.count) f(i, first + i);
  }
}
ANNEAL_INLINE int64_t firstOfThread() { return (int64_t{blockIndex()} * kThreads + threadIndex()) * kEach; }

// a + (b - a) u; rounding up to b itself is undone. Integers are the floor of the float64 number.
template <class T>
ANNEAL_INLINE T fromUniform(double value, double top) {
  if constexpr (kIsFloat<T>) {
    const T rounded = static_cast<T>(value);
    return rounded > static_cast<T>(top) ? static_cast<T>(top) : rounded;
  } else {
    const double down = ::floor(value > top ? top : value);
    if constexpr (__is_same(T, bool))
      return down != 0;
    else
      return fromDouble<T>(down);
  }
}

template <class T>
ANNEAL_KERNEL(kThreads)
uniform(const Params p) {
  const int64_t first = firstOfThread();
  if (first >= p.count) return;
  T* const out = static_cast<T*>(p.out);
  const Words high(p, first, 0);
  if constexpr (__is_same(T, float)) {
    forEach(p, first, [&](int i, int64_t at) {
      const float u = static_cast<float>(static_cast<int32_t>(high.word[i] >> 8)) * 0x1p-24f;
      out[at] = p.a == 0 && p.b == 1 ? u : fromUniform<float>((p.b - p.a) * static_cast<double>(u) + p.a, p.top);
    });
  } else {
    const Words low(p, first, 1);
    forEach(p, first, [&](int i, int64_t at) {
      out[at] = fromUniform<T>((p.b - p.a) * unit(high.word[i], low.word[i]) + p.a, p.top);
    });
  }
}

// Each of a, a + 1, ... b - 1 as often as any other.
template <class T>
ANNEAL_KERNEL(kThreads)
integers(const Params p) {
  const int64_t first = firstOfThread();
  if (first >= p.count) return;
  const Words high(p, first, 0), low(p, first, 1);
  const int64_t least = static_cast<int64_t>(p.a);
  const uint64_t range = static_cast<uint64_t>(static_cast<int64_t>(p.b) - least);
  forEach(p, first, [&](int i, int64_t at) {
    const uint64_t bits = uint64_t{high.word[i]} << 32 | low.word[i];
    static_cast<T*>(p.out)[at] = static_cast<T>(least + philoxBelow(p.seed, p.offset, at, bits, range));
  });
}

// a + b z. Elements 2 p and 2 p + 1 are the cosine and sine of one pair.
template <class T>
ANNEAL_KERNEL(kThreads)
normal(const Params p) {
  const int64_t first = firstOfThread();
  if (first >= p.count) return;
  T z[kEach];
  const Words even(p, first, 0), odd(p, first, 1);
  for (int i = 0; i < kEach; i += 2) {
    T u, t;
    if constexpr (sizeof(T) == 4) {
      // All 32 bits for the radius, so that it reaches 6.6.
      const uint32_t word = even.word[i];
      u = static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f +
          (static_cast<float>(static_cast<int32_t>(word & 255)) + 1.f) * 0x1p-32f;
      t = static_cast<float>(static_cast<int32_t>(even.word[i + 1] >> 8)) * 0x1p-24f;
    } else {
      u = unit(even.word[i], odd.word[i]) + 0x1p-53;
      t = unit(even.word[i + 1], odd.word[i + 1]);
    }
    Lane<T> x, y;
    NormalFormula<sizeof(T) == 4>::apply(Lane<T>(u), Lane<T>(t), x, y);
    const Lane<T> mean(static_cast<T>(p.a)), deviation(static_cast<T>(p.b));
    z[i] = mulAdd(deviation, x, mean).raw;
    z[i + 1] = mulAdd(deviation, y, mean).raw;
  }
  forEach(p, first, [&](int i, int64_t at) { static_cast<T*>(p.out)[at] = z[i]; });
}

template <class T>
ANNEAL_KERNEL(kThreads)
bernoulli(const Params p) {
  const int64_t first = firstOfThread();
  if (first >= p.count) return;
  const Words words(p, first, 0);
  forEach(p, first,
          [&](int i, int64_t at) { static_cast<T*>(p.out)[at] = static_cast<T>(!p.never && words.word[i] <= p.last); });
}

// A product, not a choice: NaN and infinity of the input stay visible.
template <class T>
ANNEAL_KERNEL(kThreads)
dropout(const Params p) {
  const int64_t first = firstOfThread();
  if (first >= p.count) return;
  const Words words(p, first, 0);
  const T scale = p.a >= 1 ? T(0) : static_cast<T>(1 / (1 - p.a));
  forEach(p, first, [&](int i, int64_t at) {
    const bool keep = p.never || words.word[i] > p.last;
    p.mask[at] = keep;
    static_cast<T*>(p.out)[at] = static_cast<const T*>(p.in)[at] * (keep ? scale : T(0));
  });
}

// The largest T below b.
double below(float b, double limit) {
  return static_cast<double>(b) >= limit ? static_cast<double>(__builtin_nextafterf(b, -__builtin_inff()))
                                         : static_cast<double>(b);
}
double below(double b) { return __builtin_nextafter(b, -__builtin_inf()); }

// Fisher-Yates, where each step depends on the one before: on the CPU, and then copied.
void permutation(CudaQueue& queue, const RandomArgs& args) {
  std::vector<int64_t> order(static_cast<size_t>(args.count));
  for (int64_t i = 0; i < args.count; ++i) order[static_cast<size_t>(i)] = i;
  for (int64_t i = 0; i < args.count; ++i) {
    const uint64_t bits = philoxWide(args.seed, args.offset, static_cast<uint64_t>(i), 0);
    const uint64_t left = static_cast<uint64_t>(args.count - i);
    std::swap(order[static_cast<size_t>(i)],
              order[static_cast<size_t>(i + philoxBelow(args.seed, args.offset, i, bits, left))]);
  }
  queue.upload(args.out, order.data(), order.size() * sizeof(int64_t));
}

}  // namespace

void random(CudaQueue& queue, const RandomArgs& args) {
  if (args.count == 0) return;
  if (args.op == RandomOp::Permutation) return permutation(queue, args);
  Params p{};
  p.count = args.count;
  p.seed = args.seed;
  p.offset = args.offset;
  p.a = args.a;
  p.b = args.b;
  p.in = resolve(args.in);
  p.out = resolve(args.out);
  p.mask = static_cast<uint8_t*>(resolve(args.mask));
  // hit(word) has probability a in steps of 2^-32; 0 and 1 are exact.
  p.last = args.a >= 1 ? UINT32_MAX : static_cast<uint32_t>(args.a > 0 ? args.a * 0x1p32 : 0) - 1;
  p.never = !(args.a * 0x1p32 >= 1);
  p.top = __builtin_inf();
  if (args.a < args.b) {
    p.top = args.dtype == DType::Float32 ? below(static_cast<float>(args.b), args.b) : below(args.b);
  }
  const Grid grid{(args.count + kThreads * kEach - 1) / (kThreads * kEach)};
  const auto over = [&](void (*kernel)(Params)) { launch(queue, grid, kThreads, kernel, p); };
  switch (args.op) {
    case RandomOp::Uniform:
      if (args.dtype == DType::Bool) return over(uniform<bool>);
      return withNumber("uniform", args.dtype, [&](auto t) { over(uniform<typename decltype(t)::type>); });
    case RandomOp::Normal:
      return withFloat("normal", args.dtype, [&](auto t) { over(normal<typename decltype(t)::type>); });
    case RandomOp::Integers:
      return withNumber("randint", args.dtype, [&](auto t) { over(integers<typename decltype(t)::type>); });
    case RandomOp::Bernoulli:
      return withElement("bernoulli", args.dtype, [&](auto t) { over(bernoulli<typename decltype(t)::type>); });
    case RandomOp::Dropout:
      return withFloat("dropout", args.dtype, [&](auto t) { over(dropout<typename decltype(t)::type>); });
    case RandomOp::Permutation: return;
  }
}

}  // namespace anneal::device
