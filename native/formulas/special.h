// Exponentials and logarithms to other bases, error functions, the logarithm of the gamma function and its derivatives, lengths and
// signs. In float32 within 6 units in the last place; lgamma and polygamma are computed in float64 lanes.
//
// The device supplies every function in float64 but erfinv and polygamma.
#pragma once
#include "formulas/constant.h"
#include "formulas/elementary.h"
#include "formulas/trigonometry.h"

namespace anneal::ANNEAL_LEVEL {

// 1 - erf(x). For a = |x|: exp(-a^2) t P(t), t = 1 / (1 + a / 2). The square is exact in two parts, the first that of a in 12 bits.
template <template <class> class W>
ANNEAL_INLINE W<float> erfc(W<float> x) {
  const W<float> one(1.f), a = min(W<float>(10.5f), abs(x));
  const W<float> t = one / fma(a, W<float>(0.5f), one);
  const W<float> p = polynomial(t, 0.282088518f, 0.282252461f, 0.24517855f, 0.185598239f, 0.0548668578f, 0.035430301f,
                                -0.0219961163f, -0.28955704f, 0.381397963f, -0.191025615f, 0.0357658826f);
  const W<float> high = bitCast<float>((bitCast<int32_t>(a) + W<int32_t>(2048)) & W<int32_t>(-4096));
  ExpParts<W> power = expParts(-(high * high));
  power.r = fma(high - a, a + high, power.r);
  const W<float> tail = expScaled(power) * (t * p);
  return select(x < W<float>(0.f), W<float>(2.f) - tail, tail);
}

// x P(w), w = -log(1 - x^2): a polynomial in w below 5, in sqrt(w) beyond. (The variable is that of Giles: "Approximating the erfinv
// function", 2012.)
template <template <class> class W>
ANNEAL_INLINE W<float> erfinv(W<float> x) {
  const W<float> one(1.f), a = abs(x);
  const W<float> w = -log((one - a) * (one + a));
  const W<float> near =
      polynomial(w - W<float>(2.5f), 1.50140941f, 0.246640295f, -0.00417766906f, -0.00125278416f, 0.000218578003f,
                 -4.92867412e-06f, -3.52386496e-06f, 4.57066477e-07f, 2.82051111e-08f, -8.04729705e-09f);
  const W<float> far = polynomial(sqrt(w) - W<float>(3.f), 2.83297706f, 1.00167537f, 0.00943677686f, -0.00763452845f,
                                  0.00575245172f, -0.00364064751f, 0.00131529057f, 7.31795735e-05f, -0.000170835076f);
  const W<float> y = x * select(w < W<float>(5.f), near, far);
  return select(a == one, copySign(W<float>(__builtin_inff()), x), y);
}

// Halley's iteration on erf(y) = |x|, or on erfc(y) = 1 - |x| where that is small.
template <template <class> class W>
ANNEAL_INLINE W<double> erfinv(W<double> x) {
  const W<double> one(1.0), a = abs(x), rest = one - a;
  const W<double> w = -log(rest * (one + a));
  const auto near = a < W<double>(0.75);
  // To begin with: three terms of the series, or log(erfc(y)) = -y^2 - log(y sqrt(pi)) with y^2 = w in the second term.
  const W<double> z = a * a;
  const W<double> series = a * polynomial(z, 0.886226925452758, 0.23201366653465, 0.12755617530559, 0.0865521292415);
  const W<double> tail =
      sqrt(max(W<double>(0.25), w + W<double>(0.693147180559945) -
                                    log(max(W<double>(0.1), w) * W<double>(3.14159265358979)) * W<double>(0.5)));
  W<double> y = select(near, series, tail);
  for (int i = 0; i < 4; ++i) {
    const W<double> error = select(near, erf(y) - a, rest - erfc(y));
    const W<double> step = error * exp(y * y) * W<double>(0.886226925452758);
    y = y - step / fma(y, step, one);
  }
  const W<double> inside = select(a == W<double>(0.0), a, y);
  const W<double> ends = select(a == one, W<double>(__builtin_inf()), W<double>(__builtin_nan("")));
  return copySign(select(a < one, inside, ends), x);
}

// psi(x), the derivative of lgamma. The recurrence takes x to `steps` and beyond, where the asymptotic series is exact: 10 for float64,
// 5 for 33 bits.
template <template <class> class W>
ANNEAL_INLINE W<double> digamma(W<double> x, int steps) {
  const W<double> zero(0.0), one(1.0), pi(3.14159265358979323846), start(static_cast<double>(steps));
  const auto negative = x < zero;
  W<double> y = select(negative, one - x, x), sum = zero;
  for (int i = 0; i < steps; ++i) {
    const auto low = y < start;
    if (!any(low)) break;
    sum = sum - select(low, one / y, zero);
    y = select(low, y + one, y);
  }
  const W<double> z = one / (y * y);
  const W<double> series =
      polynomial(z, 1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12);
  const W<double> upper = log(y) - W<double>(0.5) / y - z * series + sum;
  const W<double> pole = copySign(W<double>(__builtin_inf()), -x);
  const W<double> positive = select(x == zero, pole, upper);
  if (!any(negative)) return positive;
  // psi(x) = psi(1 - x) - pi / tan(pi x), from the part of x after the point
  const W<double> part = x - round(x);
  const W<double> reflected = select(part == zero, W<double>(__builtin_nan("")), upper - pi / tan(pi * part));
  return select(negative, reflected, positive);
}

// log(|gamma(x)|) to 33 bits: by Stirling's series beyond 8, where the recurrence takes x. For negative x,
// log(pi / |sin(pi x)|) - lgamma(1 - x).
template <template <class> class W>
ANNEAL_INLINE W<double> logGammaBrief(W<double> x) {
  const W<double> zero(0.0), one(1.0), pi(3.14159265358979323846), start(8.0);
  const auto negative = x < zero;
  W<double> y = select(negative, one - x, x), product = one;
  for (int i = 0; i < 8; ++i) {
    const auto low = y < start;
    if (!any(low)) break;
    product = product * select(low, y, one);
    y = select(low, y + one, y);
  }
  const W<double> z = one / (y * y);
  const W<double> series = polynomial(z, 1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360);
  const W<double> half(0.5), rest = W<double>(0.91893853320467274178) + series / y;
  const W<double> stirling = (y - half) * log(y) - y + rest;
  const W<double> upper = select(product == one, stirling, stirling - log(abs(product)));
  const W<double> infinity(__builtin_inf());
  const auto root = (x == one) | (x == W<double>(2.0));
  const W<double> positive = select(abs(x) == infinity, infinity, select(root, zero, upper));
  if (!any(negative)) return positive;
  const W<double> part = x - round(x);
  const W<double> reflected = select(part == zero, infinity, log(pi / abs(sin(pi * part))) - upper);
  return select(negative & (abs(x) < infinity), reflected, positive);
}

constexpr int kMostPolygamma = 32;

// psi^(n)(x) for n >= 1: (-1)^(n + 1) n! zeta(n + 1, x), zeta by the Euler-Maclaurin sum beyond 10 + n. For negative x,
// (-1)^n psi^(n)(1 - x) - pi (d/dx)^n cot(pi x), whose derivatives are polynomials in cot(pi x).
template <template <class> class W>
ANNEAL_INLINE W<double> polygamma(W<double> x, int n) {
  const W<double> zero(0.0), one(1.0), pi(3.14159265358979323846);
  const auto power = [](W<double> base, int exponent) {
    W<double> result(1.0);
    for (int e = exponent; e > 0; e >>= 1) {
      if (e & 1) result = result * base;
      base = base * base;
    }
    return result;
  };
  const auto negative = x < zero;
  const W<double> start(10.0 + n);
  W<double> q = select(negative, one - x, x), sum = zero;
  for (int i = 0; i < 10 + n; ++i) {
    const auto low = q < start;
    sum = sum + select(low, power(one / q, n + 1), zero);
    q = select(low, q + one, q);
  }
  // q^-n / n + q^-(n+1) / 2 + the sum over k of B_2k / (2k)! (n + 1) ... (n + 2k - 1) q^-(n + 2k)
  constexpr double kBernoulli[] = {1.0 / 12,
                                   -1.0 / 720,
                                   1.0 / 30240,
                                   -1.0 / 1209600,
                                   1.0 / 47900160,
                                   -691.0 / 1307674368000.0,
                                   1.0 / 74724249600.0,
                                   -3617.0 / 10670622842880000.0};
  const W<double> inverse = one / q, first = power(inverse, n);
  sum = sum + first * (W<double>(1.0 / n) + inverse * W<double>(0.5));
  W<double> term = first * inverse * inverse * W<double>(n + 1.0);
  for (int k = 0; k < 8; ++k) {
    sum = sum + term * W<double>(kBernoulli[k]);
    term = term * inverse * inverse * W<double>((n + 2.0 * k + 2) * (n + 2.0 * k + 3));
  }
  double factorial = n & 1 ? 1 : -1;
  for (int i = 2; i <= n; ++i) factorial *= i;
  const W<double> upper = sum * W<double>(factorial);
  if (!any(negative)) return upper;
  // The coefficients of (d/dx)^n cot(x) as a polynomial in c = cot(x): dc/dx = -(1 + c^2).
  double coefficients[kMostPolygamma + 2] = {0, 1};
  for (int k = 1; k <= n; ++k) {
    double next[kMostPolygamma + 2] = {};
    for (int i = 1; i <= k; ++i) {
      next[i - 1] -= i * coefficients[i];
      next[i + 1] -= i * coefficients[i];
    }
    for (int i = 0; i <= k + 1; ++i) coefficients[i] = next[i];
  }
  const W<double> part = x - round(x), cotangent = one / tan(pi * part);
  W<double> derivative(coefficients[n + 1]);
  for (int i = n; i >= 0; --i) derivative = fma(derivative, cotangent, W<double>(coefficients[i]));
  const W<double> reflected = (n & 1 ? -upper : upper) - power(pi, n + 1) * derivative;
  const W<double> pole(n & 1 ? __builtin_inf() : -__builtin_inf());
  return select(negative, select(part == zero, pole, reflected), upper);
}

struct Polygamma {
  int n, steps;
  template <template <class> class W>
  ANNEAL_INLINE W<double> operator()(W<double> x, W<double>) const {
    return n == 0 ? digamma(x, steps) : polygamma(x, n);
  }
};
template <template <class> class W>
ANNEAL_INLINE W<float> polygammaOf(W<float> x, int n) {
  return inDouble(x, x, Polygamma{n, 5});
}
template <template <class> class W>
ANNEAL_INLINE W<double> polygammaOf(W<double> x, int n) {
  return Polygamma{n, 10}(x, x);
}

struct LogGamma {
  template <template <class> class W>
  ANNEAL_INLINE W<double> operator()(W<double> x, W<double>) const {
    return logGammaBrief(x);
  }
};
template <template <class> class W>
ANNEAL_INLINE W<float> lgamma(W<float> x) {
  return inDouble(x, x, LogGamma{});
}

// ---- formulas -------------------------------------------------------------------------------------------------------
ANNEAL_UNARY_FORMULA(Exp2, exp2, 4)
ANNEAL_UNARY_FORMULA(Expm1, expm1, 4)
ANNEAL_UNARY_FORMULA(Log2, log2, 4)
ANNEAL_UNARY_FORMULA(Log10, log10, 4)
ANNEAL_UNARY_FORMULA(Erfc, erfc, 12)
ANNEAL_UNARY_FORMULA(Erfinv, erfinv, 12)
ANNEAL_UNARY_FORMULA(Lgamma, lgamma, 64)

struct Log1pFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double*) {
    return select(x == V(0), x, log1p(x));  // keeps -0
  }
};

// The derivative of order p0 of digamma, p0 at most kMostPolygamma.
struct PolygammaFormula {
  static constexpr int kCost = 64;
  template <class V>
  static ANNEAL_INLINE V apply(V x, const double* p) {
    return polygammaOf(x, p[0] >= 1 ? (p[0] < kMostPolygamma ? static_cast<int>(p[0]) : kMostPolygamma) : 0);
  }
};

// sqrt(a^2 + b^2) without overflow on the way; infinite where either is, also beside NaN
struct HypotFormula {
  static constexpr int kCost = 4;
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    const V x = abs(a), y = abs(b), infinity = constant<V>(__builtin_inf());
    const auto swapped = y > x;
    const V large = select(swapped, y, x), small = select(swapped, x, y);
    const V ratio = select(large == V(0), small, small / large);
    const V length = large * sqrt(fma(ratio, ratio, V(1)));
    return select((x == infinity) | (y == infinity), infinity, length);
  }
};

// The magnitude of a with the sign of b, also of -0.
struct CopySignFormula {
  template <class V>
  static ANNEAL_INLINE V apply(V a, V b, const double*) {
    return copySign(a, b);
  }
};

}  // namespace anneal::ANNEAL_LEVEL
