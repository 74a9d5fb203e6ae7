// Elementary functions in float32 by polynomials, within 2 units in the last place everywhere (denormals, infinities, NaN and huge
// arguments included), and with the same bits on every device that multiplies and adds with one rounding.
//
// Templated on W, which wraps the lanes that compute together: W<float> is a vector of the CPU, or a lane of the GPU. Polynomials are
// weighted minimax fits over the interval named, refitted after each coefficient was rounded.
//
// Included after W, which brings along its operators, fma, min, max, abs, copySign, select, all, any, round, bitCast and convert, and
// these:
//   kScales, scale(x, n)       whether there is an instruction for x 2^n, rounded once
//   sinFar(x), cosFar(x)       sine and cosine where reduceHalfPi ends, and tanFar
//   powSpecial(x, y)           x^y where x or y is infinite or NaN, or x < 0 and y no integer
//   inDouble(x, y, f)          f in float64, rounded to float32
#pragma once

namespace anneal::ANNEAL_LEVEL {

// c0 + c1 x + c2 x^2 + ... by Horner's rule (Estrin's was no faster: neighbouring vectors overlap anyway).
template <template <class> class W, class T, class... C>
ANNEAL_INLINE W<T> polynomial(W<T> x, T c0, C... rest) {
  if constexpr (sizeof...(rest) == 0)
    return W<T>(c0);
  else
    return fma(polynomial(x, rest...), x, W<T>(c0));
}

// ---- exp, expm1: x = n ln 2 + r, |r| <= ln 2 / 2 --------------------------------------------------------------------
// ln 2 in two parts; products of the first with integers below 2^14 are exact.
constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

template <template <class> class W>
struct ExpParts {
  W<float> n, r;
  W<int32_t> biased;  // its low bits are n + 127: shifted up they are 2^n

  ANNEAL_INLINE W<float> power(int less = 0) const {
    return bitCast<float>((less == 0 ? biased : biased - W<int32_t>(less)) << 23);  // 2^(n - less)
  }
  // expm1(r)
  ANNEAL_INLINE W<float> expm1() const {
    return fma(polynomial(r, 0.5f, 0.166666657f, 0.0416664928f, 0.00833354332f, 0.00139323878f, 0.000197644331f), r * r,
               r);
  }
  ANNEAL_INLINE W<float> exp() const {
    return polynomial(r, 1.f, 1.f, 0.49999994f, 0.166665211f, 0.0416682921f, 0.00836872123f, 0.0013818742f);
  }
};
template <template <class> class W>
ANNEAL_INLINE ExpParts<W> expParts(W<float> x) {
  const W<float> magic(12583039.f);  // 1.5 * 2^23 + 127: adding it rounds to an integer
  const W<float> shifted = fma(x, W<float>(1.44269504f), magic), n = shifted - magic;
  return {n, fma(n, W<float>(-kLn2Low), fma(n, W<float>(-kLn2High), x)), bitCast<int32_t>(shifted)};
}

// For |x| <= 87, where the result and 2^n are normal numbers.
template <template <class> class W>
ANNEAL_INLINE W<float> expModerate(W<float> x) {
  const ExpParts<W> p = expParts(x);
  return p.exp() * p.power();
}

// exp(r) 2^n, of which n may be anything from -152 to 129.
template <template <class> class W>
ANNEAL_INLINE W<float> expScaled(const ExpParts<W>& p) {
  if constexpr (kScales) return scale(p.exp(), p.n);
  // In two factors, so that n = 128 and denormal results come out right.
  const W<int32_t> half = convert<int32_t>(p.n) >> 1, one(127);
  return p.exp() * bitCast<float>((half + one) << 23) * bitCast<float>((p.biased - half) << 23);
}

template <template <class> class W>
ANNEAL_INLINE W<float> exp(W<float> x) {
  if constexpr (!kScales) {
    if (all(abs(x) <= W<float>(87.f))) return expModerate(x);
  }
  return expScaled(expParts(max(W<float>(-104.f), min(W<float>(89.f), x))));  // 0 and inf beyond; NaN stays
}

// 2^x: x = n + r / ln 2, where x - n is exact
template <template <class> class W>
ANNEAL_INLINE W<float> exp2(W<float> x) {
  const W<float> inside = max(W<float>(-151.f), min(W<float>(129.f), x));
  const W<float> magic(12583039.f), shifted = inside + magic, n = shifted - magic;
  return expScaled(ExpParts<W>{n, (inside - n) * W<float>(0.693147181f), bitCast<int32_t>(shifted)});
}

// For x <= 0, without a branch: what is not a normal number becomes 0, as n = -127 makes "2^n" the bits of zero.
template <template <class> class W>
ANNEAL_INLINE W<float> expNotPositive(W<float> x) {
  return expModerate(max(W<float>(-88.03f), x));
}

template <template <class> class W>
ANNEAL_INLINE W<float> expm1(W<float> x) {
  const ExpParts<W> p = expParts(max(W<float>(-18.f), min(W<float>(89.f), x)));
  const W<float> small = p.expm1(), s = p.power(1);  // n may be 128
  const W<float> half = fma(s, small, s - W<float>(0.5f));
  return select(p.n == W<float>(0.f), small, half + half);
}

// ---- log, log1p: x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)) -----------------------------------------------------
// log(1 + f) - f
template <template <class> class W>
ANNEAL_INLINE W<float> logTail(W<float> f) {
  const W<float> p = polynomial(f, 3.3333313e-01f, -2.500001e-01f, 2.0002072e-01f, -1.666799e-01f, 1.4220363e-01f,
                                -1.2406208e-01f, 1.1883471e-01f, -1.1670183e-01f, 6.749539e-02f);
  const W<float> square = f * f;
  return fma(p, square * f, square * W<float>(-0.5f));
}

// k ln 2 + log(1 + f)
struct NaturalSum {
  template <template <class> class W>
  ANNEAL_INLINE W<float> operator()(W<float> k, W<float> f) const {
    return fma(k, W<float>(kLn2High), f + fma(k, W<float>(kLn2Low), logTail(f)));
  }
};
// k + log2(1 + f)
struct BinarySum {
  template <template <class> class W>
  ANNEAL_INLINE W<float> operator()(W<float> k, W<float> f) const {
    return fma(f + logTail(f), W<float>(1.44269504f), k);
  }
};
// k log10(2) + log10(1 + f), log10(2) in two parts of which the first has 12 bits
struct DecimalSum {
  template <template <class> class W>
  ANNEAL_INLINE W<float> operator()(W<float> k, W<float> f) const {
    const W<float> rest = fma(f + logTail(f), W<float>(0.434294482f), k * W<float>(4.60503903e-06f));
    return fma(k, W<float>(0.301025391f), rest);
  }
};

// Splits a positive normal number: returns k, and x becomes 1 + f.
template <template <class> class W>
ANNEAL_INLINE W<int32_t> splitExponent(W<float>& x) {
  const W<int32_t> bits = bitCast<int32_t>(x);
  const W<int32_t> k = (bits - W<int32_t>(0x3f3504f3)) >> 23;  // the bits of sqrt(1/2)
  x = bitCast<float>(bits - (k << 23));
  return k;
}

// log of 0, of negative numbers, of inf and NaN; log1p's arguments are shifted to these by the caller.
template <template <class> class W>
ANNEAL_INLINE W<float> logSpecial(W<float> x) {
  const W<float> zero(0.f);
  return select(x == zero, W<float>(-__builtin_inff()), select(x < zero, W<float>(__builtin_nanf("")), x));
}

// sum(k, f) of x = 2^k (1 + f)
template <template <class> class W, class Sum>
ANNEAL_INLINE W<float> logBy(W<float> x, Sum sum) {
  // Positive normal numbers, which are nearly all there are: one comparison of bits that begin at the lowest integer.
  const W<int32_t> order = bitCast<int32_t>(x) + W<int32_t>(0x7f800000);
  if (all(order < W<int32_t>(INT32_MIN + 0x7f000000))) {
    const W<float> k = convert<float>(splitExponent(x));
    return sum(k, x - W<float>(1.f));
  }
  const auto denormal = x < W<float>(1.17549435e-38f);
  W<float> m = select(denormal, x * W<float>(33554432.f), x);  // 2^25
  const W<float> k = convert<float>(splitExponent(m)) - select(denormal, W<float>(25.f), W<float>(0.f));
  const W<float> result = sum(k, m - W<float>(1.f));
  return select((x > W<float>(0.f)) & (x < W<float>(__builtin_inff())), result, logSpecial(x));
}
template <template <class> class W>
ANNEAL_INLINE W<float> log(W<float> x) {
  return logBy(x, NaturalSum{});
}
template <template <class> class W>
ANNEAL_INLINE W<float> log2(W<float> x) {
  return logBy(x, BinarySum{});
}
template <template <class> class W>
ANNEAL_INLINE W<float> log10(W<float> x) {
  return logBy(x, DecimalSum{});
}

// u = 1 + x rounded, error is what the rounding lost: 1 + f = (u + error) / 2^k.
template <template <class> class W>
ANNEAL_INLINE W<float> log1p(W<float> x) {
  const W<float> one(1.f), zero(0.f);
  const W<float> u = x + one;
  const W<float> back = u - one;
  const W<float> error = (one - (u - back)) + (x - back);
  W<float> m = u;
  const W<int32_t> k = splitExponent(m);
  const W<float> scaled = error * bitCast<float>((W<int32_t>(127) - k) << 23);
  const W<float> f = (m - one) + select(u < W<float>(1e9f), scaled, zero);
  const W<float> result = NaturalSum{}(convert<float>(k), f);
  return select((u > zero) & (u < W<float>(__builtin_inff())), result, logSpecial(u));
}

// log1p(e) for 0 <= e <= 1
template <template <class> class W>
ANNEAL_INLINE W<float> log1pUnit(W<float> e) {
  const W<float> p = polynomial(e, -0.499999881f, 0.333327144f, -0.249888644f, 0.198996231f, -0.161351711f,
                                0.124795295f, -0.0832389519f, 0.0421148241f, -0.0136916712f, 0.00208454439f);
  return fma(p, e * e, e);
}

// ---- tanh, sigmoid, erf ---------------------------------------------------------------------------------------------
// e / (e + 1) with e = expm1(2 |x|) / 2. The sum's rounding error is put right: the derivative by it is -y (1 - y). From
// 8.66 on, where that error is no longer exact, rounding alone decides between 1 and the number before it.
template <template <class> class W>
ANNEAL_INLINE W<float> tanh(W<float> x) {
  const W<float> a = min(W<float>(9.1f), abs(x)), one(1.f);
  const ExpParts<W> p = expParts(a + a);
  const W<float> s = p.power(1), e = fma(s, p.expm1(), s - W<float>(0.5f));
  const W<float> sum = e + one, error = (sum - one) - e, y = e / sum;
  const W<float> exact = fma(fma(-y, y, y), error, y);
  return copySign(select(a > W<float>(8.66f), y, exact), x);
}

// 1 / (1 + exp(-x)). Of exp(-x) = 2^n + 2^n expm1(r), as much of 2^n is added to 1 first as goes without rounding.
template <template <class> class W>
ANNEAL_INLINE W<float> sigmoid(W<float> x) {
  const W<float> limit(-87.f), one(1.f);
  const ExpParts<W> p = expParts(max(limit, -x));
  const W<float> s = p.power(), part = min(s, W<float>(4194304.f));
  const W<float> y = one / (fma(s, p.expm1(), part + one) + (s - part));
  const auto tail = x < limit;
  return any(tail) ? select(tail, exp(x), y) : y;
}

// |x| < 1: x + x P(x^2). Beyond: 1 - exp(Q(|x|)) with Q = log(erfc), which is 1 in float32 from 3.92 on.
template <template <class> class W>
ANNEAL_INLINE W<float> erf(W<float> x) {
  const W<float> a = abs(x), z = x * x;
  const W<float> p = polynomial(z, 1.2837917e-01f, -3.7612626e-01f, 1.1283579e-01f, -2.6853347e-02f, 5.187162e-03f,
                                -7.997853e-04f, 7.806904e-05f);
  const W<float> q = polynomial(min(W<float>(4.f), a), 1.884713e-04f, -1.1295804e+00f, -6.3321614e-01f, -1.0842253e-01f,
                                2.5210736e-02f, -4.205487e-03f, 4.41527e-04f, -2.1703601e-05f);
  return select(a < W<float>(1.f), fma(p, x, x), copySign(W<float>(1.f) - expModerate(q), x));
}

// The normal distribution: returns Phi(x), and gauss becomes exp(-x^2 / 2). The lower tail is gauss t P(t) with
// t = 1 / (1 + 0.35 |x|), so it keeps its relative accuracy, which (1 + erf) / 2 would lose.
template <template <class> class W>
ANNEAL_INLINE W<float> normalCdf(W<float> x, W<float>& gauss) {
  const W<float> one(1.f);
  gauss = exp(x * x * W<float>(-0.5f));
  const W<float> t = one / fma(abs(x), W<float>(0.35f), one);
  const W<float> p = polynomial(t, 1.396214e-01f, 1.3986182e-01f, 1.1983324e-01f, 1.0550645e-01f, -2.310598e-02f,
                                1.5916833e-01f, -2.55709e-01f, 1.439691e-01f, -2.9145397e-02f);  // |x| up to 14
  const W<float> tail = gauss * (t * p);
  return select(x < W<float>(0.f), tail, one - tail);
}

// ---- sin, cos: x = n pi/2 + r ---------------------------------------------------------------------------------------
constexpr float kTrigonometricLimit = 524288.f;  // beyond, and for inf and NaN, the C library takes over

template <template <class> class W>
struct Quadrant {
  W<int32_t> n;  // in its low bits
  W<float> r;
};

template <template <class> class W>
ANNEAL_INLINE Quadrant<W> reduceHalfPi(W<float> x) {
  // pi/2 in three float32 parts. The first difference is exact, the second is or keeps its relative accuracy.
  const W<float> magic(12582912.f);  // 1.5 * 2^23
  const W<float> shifted = fma(x, W<float>(0.636619772f), magic), n = shifted - magic;
  const W<float> high = fma(n, W<float>(4.37113883e-8f), fma(n, W<float>(-1.57079637f), x));
  return {bitCast<int32_t>(shifted), fma(n, W<float>(1.71512451e-15f), high)};
}

// Of |r| <= pi / 4.
template <template <class> class W>
ANNEAL_INLINE void sinCos(W<float> r, W<float>& sine, W<float>& cosine) {
  const W<float> z = r * r;
  sine = fma(polynomial(z, -0.166666538f, 0.00833209231f, -0.000195048618f) * z, r, r);
  const W<float> c = polynomial(z, 0.0416666418f, -0.00138871302f, 2.44120856e-05f);
  cosine = fma(c, z * z, fma(z, W<float>(-0.5f), W<float>(1.f)));
}

// sin(x + shift pi/2)
template <template <class> class W>
ANNEAL_INLINE W<float> sinShifted(W<float> x, int shift) {
  const Quadrant<W> q = reduceHalfPi(x);
  W<float> sine, cosine;
  sinCos(q.r, sine, cosine);
  const W<int32_t> quadrant = q.n + W<int32_t>(shift);
  const auto odd = (quadrant & W<int32_t>(1)) != W<int32_t>(0);
  const W<int32_t> sign = (quadrant & W<int32_t>(2)) << 30;
  return bitCast<float>(bitCast<int32_t>(select(odd, cosine, sine)) ^ sign);
}

template <template <class> class W>
ANNEAL_INLINE W<float> sin(W<float> x) {
  const W<float> y = select(x == W<float>(0.f), x, sinShifted(x, 0));  // keeps -0
  const auto near = abs(x) <= W<float>(kTrigonometricLimit);
  if (all(near)) return y;
  return select(near, y, sinFar(x));
}
template <template <class> class W>
ANNEAL_INLINE W<float> cos(W<float> x) {
  const W<float> y = sinShifted(x, 1);
  const auto near = abs(x) <= W<float>(kTrigonometricLimit);
  if (all(near)) return y;
  return select(near, y, cosFar(x));
}

// ---- pow: 2^(y log2 |x|) in float64 ---------------------------------------------------------------------------------
// For positive x; the logarithm needs about 33 bits, as it is multiplied by up to 150.
template <template <class> class W>
ANNEAL_INLINE W<double> powPositive(W<double> x, W<double> y) {
  const W<int64_t> bits = bitCast<int64_t>(x);
  const W<int64_t> one(0x3ff0000000000000), rootHalf(0x3fe6a09e667f3bcd);
  // The exponent as a double, without 64-bit conversions or signed shifts, which SSE2 and AVX2 lack: put the biased
  // exponent into the low bits of 2^52.
  const W<int64_t> shifted = bits - rootHalf + one;  // positive for all float32 values
  const W<int64_t> biased =
      bitCast<int64_t>(W<double>(4503599627370496.0)) | bitCast<int64_t>(bitCast<uint64_t>(shifted) >> 52);
  const W<double> k = bitCast<double>(biased) - W<double>(4503599627370496.0 + 1023.0);
  const W<int64_t> exponent = shifted & W<int64_t>(INT64_C(0x7ff0000000000000));
  const W<double> m = bitCast<double>(bits - exponent + one);
  const W<double> s = (m - W<double>(1.0)) / (m + W<double>(1.0));
  const W<double> log2 = fma(s,
                             polynomial(s * s, 2.885390081777849, 0.9617966941152277, 0.5770779417695903,
                                        0.41220931692978285, 0.3199028824408117, 0.2829425922044918),
                             k);
  const W<double> power = max(W<double>(-200.0), min(W<double>(200.0), y * log2));
  const W<double> magic(6755399441055744.0);
  const W<double> moved = power + magic;  // its low bits are the rounded integer
  const W<double> r = power - (moved - magic);
  const W<double> e = polynomial(r, 0.9999999999997622, 0.6931471805465145, 0.24022650698881665, 0.055504109393409155,
                                 0.009618128542638929, 0.0013333452062870745, 0.00015403851882721015,
                                 1.5309737277187393e-05, 1.317583209092599e-06);
  return bitCast<double>(bitCast<int64_t>(e) + (bitCast<int64_t>(moved) << 52));
}

struct PowPositive {
  template <template <class> class W>
  ANNEAL_INLINE W<double> operator()(W<double> x, W<double> y) const {
    return powPositive(x, y);
  }
};

template <template <class> class W>
ANNEAL_INLINE W<float> pow(W<float> x, W<float> y) {
  const W<float> zero(0.f), one(1.f), infinity(__builtin_inff());
  const auto squares = y == W<float>(2.f);
  if (all(squares)) return x * x;
  const auto integral = round(y) == y;
  const auto plain = (abs(y) < infinity) & ((x >= zero) | (integral & (x < zero)));
  const W<float> a = abs(x);
  const auto ordinary = (a > zero) & (a < infinity);
  const W<float> power = inDouble(select(ordinary, a, one), y, PowPositive{});
  // 0^y and inf^y are 0, 1 or inf.
  const W<float> extreme = select(y == zero, one, select((a == zero) ^ (y < zero), zero, infinity));
  const W<float> half = y * W<float>(0.5f);
  const auto odd = integral & (round(half) != half);
  const W<float> magnitude = select(ordinary, power, extreme);
  const W<float> result = select(squares, x * x, select(odd, copySign(magnitude, x), magnitude));
  if (all(plain | squares)) return result;
  return select(plain | squares, result, powSpecial(x, y));
}

}  // namespace anneal::ANNEAL_LEVEL
