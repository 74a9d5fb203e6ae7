// Tangent, inverse trigonometric and hyperbolic functions: in float32 within 4 units in the last place, by the means of elementary.h;
// and the formulas that have them, of any value type.
//
// The device supplies tanFar(x), where reduceHalfPi ends, and all functions in float64.
#pragma once
#include "formulas/constant.h"
#include "formulas/elementary.h"

namespace anneal::ANNEAL_LEVEL {

// Multiples of pi / 4 in two parts.
constexpr float kHalfPi = 1.57079637f, kHalfPiLow = -4.37113883e-8f;
constexpr float kPi = 3.14159274f, kPiLow = -8.74227766e-8f;

template <template <class> class W>
ANNEAL_INLINE W<float> tan(W<float> x) {
  const Quadrant<W> q = reduceHalfPi(x);
  W<float> sine, cosine;
  sinCos(q.r, sine, cosine);
  const auto odd = (q.n & W<int32_t>(1)) != W<int32_t>(0);
  const W<float> y = select(odd, -cosine, sine) / select(odd, sine, cosine);
  const W<float> signed0 = select(x == W<float>(0.f), x, y);  // keeps -0
  const auto near = abs(x) <= W<float>(kTrigonometricLimit);
  if (all(near)) return signed0;
  return select(near, signed0, tanFar(x));
}

// Of a >= 0: a, (a - 1) / (a + 1) or -1 / a, whichever is small, and the angle that is missing.
template <template <class> class W>
ANNEAL_INLINE W<float> atanPositive(W<float> a) {
  const W<float> zero(0.f), one(1.f);
  const auto middle = a > W<float>(0.414213562f), large = a > W<float>(2.41421356f);
  const W<float> above = select(large, -one, select(middle, a - one, a));
  const W<float> below = select(large, a, select(middle, a + one, one));
  const W<float> t = above / below, z = t * t;
  const W<float> p = polynomial(z, -0.333333164f, 0.199985325f, -0.142445117f, 0.106001884f, -0.0609279387f);
  const W<float> angle = fma(p * z, t, t);
  const W<float> base = select(large, W<float>(kHalfPi), select(middle, W<float>(0.5f * kHalfPi), zero));
  const W<float> low = select(large, W<float>(kHalfPiLow), select(middle, W<float>(0.5f * kHalfPiLow), zero));
  return base + (angle + low);
}
template <template <class> class W>
ANNEAL_INLINE W<float> atan(W<float> x) {
  return copySign(atanPositive(abs(x)), x);
}

// The angle of the point (x, y); of infinities and zeros as their limits along the diagonals and axes.
template <template <class> class W>
ANNEAL_INLINE W<float> atan2(W<float> y, W<float> x) {
  const W<float> zero(0.f), one(1.f), infinity(__builtin_inff());
  const W<float> height = abs(y), width = abs(x);
  const auto steep = height > width;
  const W<float> small = select(steep, width, height), large = select(steep, height, width);
  const auto both = (small == infinity) & (large == infinity);
  const W<float> ratio = select((small == zero) & (large == zero), zero, select(both, one, small / large));
  const W<float> t = atanPositive(ratio);
  const W<float> first = select(steep, W<float>(kHalfPi) + (W<float>(kHalfPiLow) - t), t);
  const auto left = copySign(one, x) < zero;
  return copySign(select(left, W<float>(kPi) + (W<float>(kPiLow) - first), first), y);
}

// Up to 1/2 by a polynomial, beyond from the angle of sqrt((1 - |x|) / 2), which is half of what is missing to pi / 2.
template <template <class> class W>
struct ArcSine {
  W<float> angle;
  decltype(W<float>() < W<float>()) beyond;

  explicit ANNEAL_INLINE ArcSine(W<float> a) : beyond(a > W<float>(0.5f)) {
    const W<float> z = select(beyond, fma(a, W<float>(-0.5f), W<float>(0.5f)), a * a);
    const W<float> t = select(beyond, sqrt(z), a);
    const W<float> p = polynomial(z, 0.166667536f, 0.0749525204f, 0.0454760417f, 0.0241520908f, 0.0422118045f);
    angle = fma(p * z, t, t);
  }
};
template <template <class> class W>
ANNEAL_INLINE W<float> asin(W<float> x) {
  const ArcSine<W> s(abs(x));
  const W<float> rest = W<float>(kHalfPi) + fma(s.angle, W<float>(-2.f), W<float>(kHalfPiLow));
  return copySign(select(s.beyond, rest, s.angle), x);
}
template <template <class> class W>
ANNEAL_INLINE W<float> acos(W<float> x) {
  const ArcSine<W> s(abs(x));
  const auto left = x < W<float>(0.f);
  const W<float> twice = s.angle + s.angle;
  const W<float> far = select(left, W<float>(kPi) + (W<float>(kPiLow) - twice), twice);
  return select(s.beyond, far, W<float>(kHalfPi) + (W<float>(kHalfPiLow) - copySign(s.angle, x)));
}

// exp(a) / 4 for a >= 0: a quarter, so that results near the largest number do not overflow on their way.
template <template <class> class W>
ANNEAL_INLINE W<float> quarterExp(W<float> a) {
  const ExpParts<W> p = expParts(min(W<float>(89.5f), a));
  return p.exp() * p.power(2);
}
template <template <class> class W>
ANNEAL_INLINE W<float> sinh(W<float> x) {
  const W<float> a = abs(x), z = x * x, q = quarterExp(a);
  const W<float> p = polynomial(z, 0.166666672f, 0.00833331142f, 0.000198426351f, 2.78392554e-06f);
  const W<float> half = q - W<float>(0.0625f) / q;
  return select(a < W<float>(1.f), fma(p * z, x, x), copySign(half + half, x));
}
template <template <class> class W>
ANNEAL_INLINE W<float> cosh(W<float> x) {
  const W<float> q = quarterExp(abs(x)), half = q + W<float>(0.0625f) / q;
  return half + half;
}

// The inverse functions by log1p. Where squares would overflow they are log(2 a).
constexpr float kSquaresEnd = 16777216.f;  // 2^24
template <template <class> class W>
ANNEAL_INLINE W<float> asinh(W<float> x) {
  const W<float> a = abs(x), one(1.f);
  const auto large = a > W<float>(kSquaresEnd);
  const W<float> inner = fma(a / (one + sqrt(fma(a, a, one))), a, a);
  const W<float> y = log1p(select(large, a, inner)) + select(large, W<float>(0.693147181f), W<float>(0.f));
  return copySign(y, x);
}
template <template <class> class W>
ANNEAL_INLINE W<float> acosh(W<float> x) {
  const W<float> t = x - W<float>(1.f);
  const auto large = t > W<float>(kSquaresEnd);
  const W<float> inner = t + sqrt(fma(t, t, t + t));
  const W<float> y = log1p(select(large, t, inner)) + select(large, W<float>(0.693147181f), W<float>(0.f));
  return select(t < W<float>(0.f), W<float>(__builtin_nanf("")), y);
}
// log1p(2 a / (1 - a)) / 2
template <template <class> class W>
ANNEAL_INLINE W<float> atanh(W<float> x) {
  const W<float> a = abs(x), twice = a + a;
  const W<float> y = copySign(log1p(fma(twice, a / (W<float>(1.f) - a), twice)) * W<float>(0.5f), x);
  return select(a > W<float>(1.f), W<float>(__builtin_nanf("")), y);
}

// ---- formulas -------------------------------------------------------------------------------------------------------
ANNEAL_UNARY_FORMULA(Tan, tan, 8)
ANNEAL_UNARY_FORMULA(Asin, asin, 8)
ANNEAL_UNARY_FORMULA(Acos, acos, 8)
ANNEAL_UNARY_FORMULA(Atan, atan, 8)
ANNEAL_UNARY_FORMULA(Sinh, sinh, 8)
ANNEAL_UNARY_FORMULA(Cosh, cosh, 8)
ANNEAL_UNARY_FORMULA(Asinh, asinh, 8)
ANNEAL_UNARY_FORMULA(Acosh, acosh, 8)
ANNEAL_UNARY_FORMULA(Atanh, atanh, 8)

struct Atan2Formula {
  static constexpr int kCost = 8;
  template <class V>
  static ANNEAL_INLINE V apply(V y, V x, const double*) {
    return atan2(y, x);
  }
};

}  // namespace anneal::ANNEAL_LEVEL
