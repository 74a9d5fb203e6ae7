// Elementary functions of vectors: float32 by polynomials, within 2 units in the last place everywhere (denormals,
// infinities, NaN and huge arguments included); float64 lane by lane through the C library.
//
// Polynomials are weighted minimax fits over the interval named, refitted after each coefficient was rounded. A scalar
// float runs the vector code, so both give the same bits.
#pragma once
#include "cpu/simd.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {

// c0 + c1 x + c2 x^2 + ... by Horner's rule (Estrin's was no faster: neighbouring vectors overlap anyway).
template <class T, class... C>
ANNEAL_INLINE Vec<T> polynomial(Vec<T> x, T c0, C... rest) {
  if constexpr (sizeof...(rest) == 0)
    return Vec<T>(c0);
  else
    return fma(polynomial(x, rest...), x, Vec<T>(c0));
}

template <class T, class F>
ANNEAL_INLINE Vec<T> mapLanes(Vec<T> x, F f) {
  T lane[Vec<T>::kLanes];
  store(lane, x);
  for (int i = 0; i < Vec<T>::kLanes; i++) lane[i] = f(lane[i]);
  return load(lane);
}
template <class T, class F>
ANNEAL_INLINE Vec<T> mapLanes(Vec<T> x, Vec<T> y, F f) {
  T a[Vec<T>::kLanes], b[Vec<T>::kLanes];
  store(a, x);
  store(b, y);
  for (int i = 0; i < Vec<T>::kLanes; i++) a[i] = f(a[i], b[i]);
  return load(a);
}

// ---- exp, expm1: x = n ln 2 + r, |r| <= ln 2 / 2 --------------------------------------------------------------------
// ln 2 in two parts; products of the first with integers below 2^14 are exact.
constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

struct ExpParts {
  Vec<float> n, r;
  Vec<int32_t> biased;  // its low bits are n + 127: shifted up they are 2^n

  ANNEAL_INLINE Vec<float> power(int less = 0) const {
    return bitCast<float>((less == 0 ? biased : biased - Vec<int32_t>(less)) << 23);  // 2^(n - less)
  }
  // expm1(r)
  ANNEAL_INLINE Vec<float> expm1() const {
    return fma(polynomial(r, 0.5f, 0.166666657f, 0.0416664928f, 0.00833354332f, 0.00139323878f, 0.000197644331f), r * r,
               r);
  }
  ANNEAL_INLINE Vec<float> exp() const {
    return polynomial(r, 1.f, 1.f, 0.49999994f, 0.166665211f, 0.0416682921f, 0.00836872123f, 0.0013818742f);
  }
};
ANNEAL_INLINE ExpParts expParts(Vec<float> x) {
  const Vec<float> magic(12583039.f);  // 1.5 * 2^23 + 127: adding it rounds to an integer
  const Vec<float> shifted = fma(x, Vec<float>(1.44269504f), magic), n = shifted - magic;
  return {n, fma(n, Vec<float>(-kLn2Low), fma(n, Vec<float>(-kLn2High), x)), bitCast<int32_t>(shifted)};
}

// For |x| <= 87, where the result and 2^n are normal numbers.
ANNEAL_INLINE Vec<float> expModerate(Vec<float> x) {
  const ExpParts p = expParts(x);
  return p.exp() * p.power();
}

ANNEAL_INLINE Vec<float> exp(Vec<float> x) {
#if !defined(__AVX512F__)
  if (all(abs(x) <= Vec<float>(87.f))) return expModerate(x);
#endif
  const ExpParts p = expParts(max(Vec<float>(-104.f), min(Vec<float>(89.f), x)));  // 0 and inf beyond; NaN stays
#if defined(__AVX512F__)
  return _mm512_scalef_ps(p.exp().raw, p.n.raw);
#else
  // In two factors, so that n = 128 and denormal results come out right.
  const Vec<int32_t> half = convert<int32_t>(p.n) >> 1, one(127);
  return p.exp() * bitCast<float>((half + one) << 23) * bitCast<float>((p.biased - half) << 23);
#endif
}

// For x <= 0, without a branch: what is not a normal number becomes 0, as n = -127 makes "2^n" the bits of zero.
ANNEAL_INLINE Vec<float> expNotPositive(Vec<float> x) { return expModerate(max(Vec<float>(-88.03f), x)); }

ANNEAL_INLINE Vec<float> expm1(Vec<float> x) {
  const ExpParts p = expParts(max(Vec<float>(-18.f), min(Vec<float>(89.f), x)));
  const Vec<float> small = p.expm1(), s = p.power(1);  // n may be 128
  const Vec<float> half = fma(s, small, s - Vec<float>(0.5f));
  return select(p.n == Vec<float>(0.f), small, half + half);
}

// ---- log, log1p: x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)) -----------------------------------------------------
// k ln 2 + log(1 + f)
ANNEAL_INLINE Vec<float> logSum(Vec<float> k, Vec<float> f) {
  const Vec<float> p = polynomial(f, 3.3333313e-01f, -2.500001e-01f, 2.0002072e-01f, -1.666799e-01f, 1.4220363e-01f,
                                  -1.2406208e-01f, 1.1883471e-01f, -1.1670183e-01f, 6.749539e-02f);
  const Vec<float> square = f * f;
  const Vec<float> tail = fma(p, square * f, square * Vec<float>(-0.5f));  // log(1 + f) - f
  return fma(k, Vec<float>(kLn2High), f + fma(k, Vec<float>(kLn2Low), tail));
}

// Splits a positive normal number: returns k, and x becomes 1 + f.
ANNEAL_INLINE Vec<int32_t> splitExponent(Vec<float>& x) {
  const Vec<int32_t> bits = bitCast<int32_t>(x);
  const Vec<int32_t> k = (bits - Vec<int32_t>(0x3f3504f3)) >> 23;  // the bits of sqrt(1/2)
  x = bitCast<float>(bits - (k << 23));
  return k;
}

// log of 0, of negative numbers, of inf and NaN; log1p's arguments are shifted to these by the caller.
ANNEAL_INLINE Vec<float> logSpecial(Vec<float> x) {
  const Vec<float> zero(0.f);
  return select(x == zero, Vec<float>(-__builtin_inff()), select(x < zero, Vec<float>(__builtin_nanf("")), x));
}

ANNEAL_INLINE Vec<float> log(Vec<float> x) {
  // Positive normal numbers, which are nearly all there are: one comparison of bits that begin at the lowest integer.
  const Vec<int32_t> order = bitCast<int32_t>(x) + Vec<int32_t>(0x7f800000);
  if (all(order < Vec<int32_t>(INT32_MIN + 0x7f000000))) {
    const Vec<float> k = convert<float>(splitExponent(x));
    return logSum(k, x - Vec<float>(1.f));
  }
  const Mask<4> denormal = x < Vec<float>(1.17549435e-38f);
  Vec<float> m = select(denormal, x * Vec<float>(33554432.f), x);  // 2^25
  const Vec<float> k = convert<float>(splitExponent(m)) - select(denormal, Vec<float>(25.f), Vec<float>(0.f));
  const Vec<float> result = logSum(k, m - Vec<float>(1.f));
  return select((x > Vec<float>(0.f)) & (x < Vec<float>(__builtin_inff())), result, logSpecial(x));
}

// u = 1 + x rounded, error is what the rounding lost: 1 + f = (u + error) / 2^k.
ANNEAL_INLINE Vec<float> log1p(Vec<float> x) {
  const Vec<float> one(1.f), zero(0.f);
  const Vec<float> u = x + one;
  const Vec<float> back = u - one;
  const Vec<float> error = (one - (u - back)) + (x - back);
  Vec<float> m = u;
  const Vec<int32_t> k = splitExponent(m);
  const Vec<float> scaled = error * bitCast<float>((Vec<int32_t>(127) - k) << 23);
  const Vec<float> f = (m - one) + select(u < Vec<float>(1e9f), scaled, zero);
  const Vec<float> result = logSum(convert<float>(k), f);
  return select((u > zero) & (u < Vec<float>(__builtin_inff())), result, logSpecial(u));
}

// log1p(e) for 0 <= e <= 1
ANNEAL_INLINE Vec<float> log1pUnit(Vec<float> e) {
  const Vec<float> p = polynomial(e, -0.499999881f, 0.333327144f, -0.249888644f, 0.198996231f, -0.161351711f,
                                  0.124795295f, -0.0832389519f, 0.0421148241f, -0.0136916712f, 0.00208454439f);
  return fma(p, e * e, e);
}

// ---- tanh, sigmoid, erf ---------------------------------------------------------------------------------------------
// e / (e + 1) with e = expm1(2 |x|) / 2. The sum's rounding error is put right: the derivative by it is -y (1 - y). From
// 8.66 on, where that error is no longer exact, rounding alone decides between 1 and the number before it.
ANNEAL_INLINE Vec<float> tanh(Vec<float> x) {
  const Vec<float> a = min(Vec<float>(9.1f), abs(x)), one(1.f);
  const ExpParts p = expParts(a + a);
  const Vec<float> s = p.power(1), e = fma(s, p.expm1(), s - Vec<float>(0.5f));
  const Vec<float> sum = e + one, error = (sum - one) - e, y = e / sum;
  const Vec<float> exact = fma(fma(-y, y, y), error, y);
  return copySign(select(a > Vec<float>(8.66f), y, exact), x);
}

// 1 / (1 + exp(-x)). Of exp(-x) = 2^n + 2^n expm1(r), as much of 2^n is added to 1 first as goes without rounding.
ANNEAL_INLINE Vec<float> sigmoid(Vec<float> x) {
  const Vec<float> limit(-87.f), one(1.f);
  const ExpParts p = expParts(max(limit, -x));
  const Vec<float> s = p.power(), part = min(s, Vec<float>(4194304.f));
  const Vec<float> y = one / (fma(s, p.expm1(), part + one) + (s - part));
  const Mask<4> tail = x < limit;
  return any(tail) ? select(tail, exp(x), y) : y;
}

// |x| < 1: x + x P(x^2). Beyond: 1 - exp(Q(|x|)) with Q = log(erfc), which is 1 in float32 from 3.92 on.
ANNEAL_INLINE Vec<float> erf(Vec<float> x) {
  const Vec<float> a = abs(x), z = x * x;
  const Vec<float> p = polynomial(z, 1.2837917e-01f, -3.7612626e-01f, 1.1283579e-01f, -2.6853347e-02f, 5.187162e-03f,
                                  -7.997853e-04f, 7.806904e-05f);
  const Vec<float> q = polynomial(min(Vec<float>(4.f), a), 1.884713e-04f, -1.1295804e+00f, -6.3321614e-01f,
                                  -1.0842253e-01f, 2.5210736e-02f, -4.205487e-03f, 4.41527e-04f, -2.1703601e-05f);
  return select(a < Vec<float>(1.f), fma(p, x, x), copySign(Vec<float>(1.f) - expModerate(q), x));
}

// The normal distribution: returns Phi(x), and gauss becomes exp(-x^2 / 2). The lower tail is gauss t P(t) with
// t = 1 / (1 + 0.35 |x|), so it keeps its relative accuracy, which (1 + erf) / 2 would lose.
ANNEAL_INLINE Vec<float> normalCdf(Vec<float> x, Vec<float>& gauss) {
  const Vec<float> one(1.f);
  gauss = exp(x * x * Vec<float>(-0.5f));
  const Vec<float> t = one / fma(abs(x), Vec<float>(0.35f), one);
  const Vec<float> p = polynomial(t, 1.396214e-01f, 1.3986182e-01f, 1.1983324e-01f, 1.0550645e-01f, -2.310598e-02f,
                                  1.5916833e-01f, -2.55709e-01f, 1.439691e-01f, -2.9145397e-02f);  // |x| up to 14
  const Vec<float> tail = gauss * (t * p);
  return select(x < Vec<float>(0.f), tail, one - tail);
}

// ---- sin, cos: x = n pi/2 + r ---------------------------------------------------------------------------------------
constexpr float kTrigonometricLimit = 524288.f;  // beyond, and for inf and NaN, the C library takes over

struct Quadrant {
  Vec<int32_t> n;  // in its low bits
  Vec<float> r;
};

ANNEAL_INLINE Quadrant reduceHalfPi(Vec<float> x) {
#if defined(__FMA__) || defined(__ARM_NEON)
  // pi/2 in three float32 parts. The first difference is exact, the second is or keeps its relative accuracy.
  const Vec<float> magic(12582912.f);  // 1.5 * 2^23
  const Vec<float> shifted = fma(x, Vec<float>(0.636619772f), magic), n = shifted - magic;
  const Vec<float> high = fma(n, Vec<float>(4.37113883e-8f), fma(n, Vec<float>(-1.57079637f), x));
  return {bitCast<int32_t>(shifted), fma(n, Vec<float>(1.71512451e-15f), high)};
#else
  // In float64: pi/2 in two parts; n < 2^20 times the first (33 bits) is exact.
  const Vec<double> magic(6755399441055744.0);  // 1.5 * 2^52
  const auto reduce = [&](Vec<double> wide, Vec<double>& n) {
    n = fma(wide, Vec<double>(0.63661977236758134308), magic) - magic;
    return fma(n, Vec<double>(-6.07710050650619224932e-11), fma(n, Vec<double>(-1.57079632673412561417e+00), wide));
  };
  const DoublePair wide = widen(x);
  DoublePair n;
  const Vec<float> r = narrow({reduce(wide.low, n.low), reduce(wide.high, n.high)});
  return {convert<int32_t>(narrow(n)), r};
#endif
}

// sin(x + shift pi/2)
ANNEAL_INLINE Vec<float> sinShifted(Vec<float> x, int shift) {
  const Quadrant q = reduceHalfPi(x);
  const Vec<float> r = q.r, z = r * r;
  const Vec<float> sine = fma(polynomial(z, -0.166666538f, 0.00833209231f, -0.000195048618f) * z, r, r);
  const Vec<float> c = polynomial(z, 0.0416666418f, -0.00138871302f, 2.44120856e-05f);
  const Vec<float> cosine = fma(c, z * z, fma(z, Vec<float>(-0.5f), Vec<float>(1.f)));
  const Vec<int32_t> quadrant = q.n + Vec<int32_t>(shift);
  const Mask<4> odd = (quadrant & Vec<int32_t>(1)) != Vec<int32_t>(0);
  const Vec<int32_t> sign = (quadrant & Vec<int32_t>(2)) << 30;
  return bitCast<float>(bitCast<int32_t>(select(odd, cosine, sine)) ^ sign);
}

ANNEAL_INLINE Vec<float> sin(Vec<float> x) {
  const Vec<float> y = select(x == Vec<float>(0.f), x, sinShifted(x, 0));  // keeps -0
  const Mask<4> near = abs(x) <= Vec<float>(kTrigonometricLimit);
  if (all(near)) return y;
  return select(near, y,
                mapLanes(x, [](float v) { return static_cast<float>(__builtin_sin(static_cast<double>(v))); }));
}
ANNEAL_INLINE Vec<float> cos(Vec<float> x) {
  const Vec<float> y = sinShifted(x, 1);
  const Mask<4> near = abs(x) <= Vec<float>(kTrigonometricLimit);
  if (all(near)) return y;
  return select(near, y,
                mapLanes(x, [](float v) { return static_cast<float>(__builtin_cos(static_cast<double>(v))); }));
}

// ---- pow: 2^(y log2 |x|) in float64 ---------------------------------------------------------------------------------
// For positive x; the logarithm needs about 33 bits, as it is multiplied by up to 150.
ANNEAL_INLINE Vec<double> powPositive(Vec<double> x, Vec<double> y) {
  const Vec<int64_t> bits = bitCast<int64_t>(x);
  const Vec<int64_t> one(0x3ff0000000000000), rootHalf(0x3fe6a09e667f3bcd);
  // The exponent as a double, without 64-bit conversions or signed shifts, which SSE2 and AVX2 lack: put the biased
  // exponent into the low bits of 2^52.
  const Vec<int64_t> shifted = bits - rootHalf + one;  // positive for all float32 values
  const Vec<int64_t> biased = bitCast<int64_t>(Vec<double>(4503599627370496.0)) |
                              bitCast<int64_t>(Vec<uint64_t>(bitCast<uint64_t>(shifted).raw >> 52));
  const Vec<double> k = bitCast<double>(biased) - Vec<double>(4503599627370496.0 + 1023.0);
  const Vec<int64_t> exponent = shifted & Vec<int64_t>(INT64_C(0x7ff0000000000000));
  const Vec<double> m = bitCast<double>(bits - exponent + one);
  const Vec<double> s = (m - Vec<double>(1.0)) / (m + Vec<double>(1.0));
  const Vec<double> log2 = fma(s,
                               polynomial(s * s, 2.885390081777849, 0.9617966941152277, 0.5770779417695903,
                                          0.41220931692978285, 0.3199028824408117, 0.2829425922044918),
                               k);
  const Vec<double> power = max(Vec<double>(-200.0), min(Vec<double>(200.0), y * log2));
  const Vec<double> magic(6755399441055744.0);
  const Vec<double> moved = power + magic;  // its low bits are the rounded integer
  const Vec<double> r = power - (moved - magic);
  const Vec<double> e = polynomial(r, 0.9999999999997622, 0.6931471805465145, 0.24022650698881665, 0.055504109393409155,
                                   0.009618128542638929, 0.0013333452062870745, 0.00015403851882721015,
                                   1.5309737277187393e-05, 1.317583209092599e-06);
  return bitCast<double>(bitCast<int64_t>(e) + (bitCast<int64_t>(moved) << 52));
}

ANNEAL_INLINE Vec<float> pow(Vec<float> x, Vec<float> y) {
  const Vec<float> zero(0.f), one(1.f), infinity(__builtin_inff());
  const Mask<4> squares = y == Vec<float>(2.f);
  if (all(squares)) return x * x;
  const Mask<4> integral = round(y) == y;
  const Mask<4> plain = (abs(y) < infinity) & ((x >= zero) | (integral & (x < zero)));
  const Vec<float> a = abs(x);
  const Mask<4> ordinary = (a > zero) & (a < infinity);
  const DoublePair base = widen(select(ordinary, a, one)), exponent = widen(y);
  const Vec<float> power = narrow({powPositive(base.low, exponent.low), powPositive(base.high, exponent.high)});
  // 0^y and inf^y are 0, 1 or inf.
  const Vec<float> extreme = select(y == zero, one, select((a == zero) ^ (y < zero), zero, infinity));
  const Vec<float> half = y * Vec<float>(0.5f);
  const Mask<4> odd = integral & (round(half) != half);
  const Vec<float> magnitude = select(ordinary, power, extreme);
  const Vec<float> result = select(squares, x * x, select(odd, copySign(magnitude, x), magnitude));
  if (all(plain | squares)) return result;
  return select(plain | squares, result, mapLanes(x, y, [](float a, float b) {
                  return static_cast<float>(__builtin_pow(static_cast<double>(a), static_cast<double>(b)));
                }));
}

// ---- float64 --------------------------------------------------------------------------------------------------------
ANNEAL_INLINE double sigmoid(double x) {
  const double e = __builtin_exp(-__builtin_fabs(x));
  return (x < 0 ? e : 1.0) / (1.0 + e);
}
#define ANNEAL_LANES(name, f)                          \
  ANNEAL_INLINE Vec<double> name(Vec<double> x) {      \
    return mapLanes(x, [](double v) { return f(v); }); \
  }
ANNEAL_LANES(exp, __builtin_exp)
ANNEAL_LANES(expNotPositive, __builtin_exp)
ANNEAL_LANES(expm1, __builtin_expm1)
ANNEAL_LANES(log, __builtin_log)
ANNEAL_LANES(log1p, __builtin_log1p)
ANNEAL_LANES(log1pUnit, __builtin_log1p)
ANNEAL_LANES(tanh, __builtin_tanh)
ANNEAL_LANES(erf, __builtin_erf)
ANNEAL_LANES(sin, __builtin_sin)
ANNEAL_LANES(cos, __builtin_cos)
ANNEAL_LANES(sigmoid, sigmoid)
#undef ANNEAL_LANES
ANNEAL_INLINE Vec<double> pow(Vec<double> x, Vec<double> y) {
  const Mask<8> squares = y == Vec<double>(2.0);
  if (all(squares)) return x * x;
  return select(squares, x * x, mapLanes(x, y, [](double a, double b) { return __builtin_pow(a, b); }));
}

ANNEAL_INLINE Vec<double> normalCdf(Vec<double> x, Vec<double>& gauss) {
  gauss = exp(x * x * Vec<double>(-0.5));
  return mapLanes(x, [](double v) { return 0.5 * __builtin_erfc(v * -0.70710678118654752440); });
}

// ---- integers: wraps around; a negative exponent gives 1 / base cut to an integer (0 for base 0) --------------------
template <class T>
inline T powInteger(T base, T exponent) {
  if (exponent < 0) return base == 1 ? T(1) : base == static_cast<T>(-1) ? ((exponent & 1) ? base : T(1)) : T(0);
  uint64_t result = 1, square = static_cast<uint64_t>(base);
  for (uint64_t e = static_cast<uint64_t>(exponent); e != 0; e >>= 1) {
    if (e & 1) result *= square;
    square *= square;
  }
  return static_cast<T>(result);
}
template <class T>
ANNEAL_INLINE Vec<T> pow(Vec<T> x, Vec<T> y) {
  if (all(y == Vec<T>(T(2)))) return x * x;
  return mapLanes(x, y, [](T a, T b) { return powInteger<T>(a, b); });
}

// ---- scalars --------------------------------------------------------------------------------------------------------
#define ANNEAL_SCALAR(name, f)                                         \
  ANNEAL_INLINE float name(float x) { return name(Vec<float>(x))[0]; } \
  ANNEAL_INLINE double name(double x) { return f(x); }
ANNEAL_SCALAR(exp, __builtin_exp)
ANNEAL_SCALAR(expm1, __builtin_expm1)
ANNEAL_SCALAR(log, __builtin_log)
ANNEAL_SCALAR(log1p, __builtin_log1p)
ANNEAL_SCALAR(log1pUnit, __builtin_log1p)
ANNEAL_SCALAR(tanh, __builtin_tanh)
ANNEAL_SCALAR(erf, __builtin_erf)
ANNEAL_SCALAR(sin, __builtin_sin)
ANNEAL_SCALAR(cos, __builtin_cos)
#undef ANNEAL_SCALAR
ANNEAL_INLINE float sigmoid(float x) { return sigmoid(Vec<float>(x))[0]; }
ANNEAL_INLINE float normalCdf(float x, float& gauss) {
  Vec<float> wide;
  const Vec<float> result = normalCdf(Vec<float>(x), wide);
  gauss = wide[0];
  return result[0];
}
ANNEAL_INLINE double normalCdf(double x, double& gauss) {
  gauss = __builtin_exp(x * x * -0.5);
  return 0.5 * __builtin_erfc(x * -0.70710678118654752440);
}
ANNEAL_INLINE float pow(float x, float y) { return pow(Vec<float>(x), Vec<float>(y))[0]; }
ANNEAL_INLINE double pow(double x, double y) { return __builtin_pow(x, y); }

}  // namespace anneal::ANNEAL_LEVEL
