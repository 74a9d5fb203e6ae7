// Whole numbers and remainders: rounding, division to whole quotients, and what is left.
//
// Of integers a divisor of 0 is refused (rows of the kind Divide); of floats it gives infinity or NaN. -2^31 / -1 wraps around.
// The device supplies fmodFar(a, b), the remainder where the quotient is large, and mapLanes(a, b, f), f of each lane.
#pragma once
#include "formulas/constant.h"
#include "formulas/elementary.h"

namespace anneal::ANNEAL_LEVEL {

template <template <class> class W, class T>
  requires(kIsFloat<T>)
ANNEAL_INLINE W<T> floor(W<T> v) {
  const W<T> r = round(v);
  return select(r > v, r - W<T>(1), r);
}
// Keep the sign of zero.
template <template <class> class W, class T>
  requires(kIsFloat<T>)
ANNEAL_INLINE W<T> trunc(W<T> v) {
  return copySign(floor(abs(v)), v);
}
template <template <class> class W, class T>
  requires(kIsFloat<T>)
ANNEAL_INLINE W<T> ceil(W<T> v) {
  const W<T> r = round(v);
  return copySign(select(r < v, r + W<T>(1), r), v);
}

// a - b trunc(a / b), exact where the quotient has less than 29 bits: it may be rounded up to the next integer, which the sign of what
// is left tells.
struct SmallRemainder {
  template <template <class> class W>
  ANNEAL_INLINE W<double> operator()(W<double> a, W<double> b) const {
    const W<double> x = abs(a), y = abs(b), zero(0.0), quotient = trunc(x / y);
    const W<double> rest = select(quotient == zero, x, fma(-quotient, y, x));
    return copySign(select(rest < zero, rest + y, rest), a);
  }
};
template <template <class> class W>
ANNEAL_INLINE W<float> fmod(W<float> a, W<float> b) {
  const auto small = abs(a) < abs(b) * W<float>(268435456.f);  // 2^28
  const W<float> rest = inDouble(a, b, SmallRemainder{});
  if (all(small)) return rest;
  return select(small, rest, fmodFar(a, b));
}

// ---- integers -------------------------------------------------------------------------------------------------------
// Lanes that are not used may have a divisor of 0.
template <class T>
ANNEAL_INLINE T truncQuotient(T a, T b) {
  if (b == T(0)) return 0;
  if (b == static_cast<T>(-1) && isNegative(b)) return static_cast<T>(0 - static_cast<uint64_t>(a));
  return static_cast<T>(a / b);
}
template <class T>
ANNEAL_INLINE T truncRest(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) -
                        static_cast<uint64_t>(truncQuotient(a, b)) * static_cast<uint64_t>(b));
}
// Whether what is left has not the divisor's sign.
template <class T>
ANNEAL_INLINE bool overshoots(T rest, T b) {
  return rest != T(0) && isNegative(rest) != isNegative(b);
}

// ---- formulas -------------------------------------------------------------------------------------------------------
template <class V>
constexpr bool kIsFloatValue = kIsFloat<typename ScalarOf<V>::type>;

#define ANNEAL_FUNCTION(Name, f)                       \
  struct Name##Formula {                               \
    template <class V>                                 \
    static ANNEAL_INLINE V apply(V x, const double*) { \
      if constexpr (kIsFloatValue<V>)                  \
        return f(x);                                   \
      else                                             \
        return x;                                      \
    }                                                  \
  };
ANNEAL_FUNCTION(Floor, floor)
ANNEAL_FUNCTION(Ceil, ceil)
ANNEAL_FUNCTION(Round, round)
ANNEAL_FUNCTION(Trunc, trunc)
#undef ANNEAL_FUNCTION

// The domain of division of integers.
struct Divisors {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE auto accepts(V, V b) {
    return b != V(0);
  }
  [[noreturn]] static void refuse(double a, double) {
    fail(ErrorKind::Argument, "an integer cannot be divided by 0, as %g is here; cast to float32 for infinity or NaN",
         a);
  }
};

// The remainder with the sign of a.
struct FmodFormula : Divisors {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    if constexpr (kIsFloatValue<V>)
      return fmod(a, b);
    else
      return mapLanes(a, b, [](auto x, auto y) { return truncRest(x, y); });
  }
};

// The remainder with the sign of b.
struct RemainderFormula : Divisors {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    if constexpr (kIsFloatValue<V>) {
      const V rest = fmod(a, b);
      return select((rest != V(0)) & ((rest < V(0)) ^ (b < V(0))), rest + b, rest);
    } else {
      return mapLanes(a, b, [](auto x, auto y) {
        const auto rest = truncRest(x, y);
        return static_cast<decltype(rest)>(overshoots(rest, y) ? rest + y : rest);
      });
    }
  }
};

// a / b rounded towards 0
struct TruncDivideFormula : Divisors {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    if constexpr (kIsFloatValue<V>)
      return trunc(a / b);
    else
      return mapLanes(a, b, [](auto x, auto y) { return truncQuotient(x, y); });
  }
};

// a / b rounded down: (a - remainder) / b, which is whole but for rounding. 0 has the sign of the quotient.
struct FloorDivideFormula : Divisors {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    if constexpr (kIsFloatValue<V>) {
      const V exact = a / b, rest = fmod(a, b), whole = (a - rest) / b;
      const V less = select((rest != V(0)) & ((b < V(0)) ^ (rest < V(0))), whole - V(1), whole);
      const V down = floor(less), near = select(less - down > V(0.5), down + V(1), down);
      return select(b == V(0), exact, select(less == V(0), copySign(V(0), exact), near));
    } else {
      return mapLanes(a, b, [](auto x, auto y) {
        const auto quotient = truncQuotient(x, y);
        return static_cast<decltype(quotient)>(quotient - (overshoots(truncRest(x, y), y) ? 1 : 0));
      });
    }
  }
};

}  // namespace anneal::ANNEAL_LEVEL
