// Two uniform numbers to two normal ones (Box, Muller: "A note on the generation of random normal deviates", 1958).
//
// In float32 or float64, by operations that IEEE 754 rounds in one way only, so that every device gives the same bits. The
// device supplies mulAdd(a, b, c), whose product is rounded before the sum (no fused multiply-add), and
// splitExponent(x, k), which splits a positive normal x into m 2^k, m in [sqrt(1/2), sqrt(2)).
#pragma once

namespace anneal::ANNEAL_LEVEL {

// `single`: V holds float32, for which shorter series do.
template <bool single>
struct NormalFormula {
  // u in (0, 1], t in [0, 1): sqrt(-2 ln u) times the cosine and the sine of 2 pi t.
  template <class V>
  static ANNEAL_INLINE void apply(V u, V t, V& cosine, V& sine) {
    // ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| < 0.172
    V k;
    const V m = splitExponent(u, k);
    const V s = (m - V(1)) / (m + V(1));
    const V artanh = series(s * s, 1.0, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, Rest{}, 1.0 / 11, 1.0 / 13, 1.0 / 15,
                            1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23);
    const V minusLog = mulAdd(k, constant<V>(-0.69314718055994530942), mulAdd(V(-2) * s, artanh, V(0)));
    const V radius = sqrt(minusLog + minusLog);

    // The nearest quarter turn (adding 1.5 2^52, or 1.5 2^23, rounds to an integer) and what is left, in quarter turns:
    // |r| <= 1/2.
    const V magic = constant<V>(single ? 12582912.0 : 6755399441055744.0);
    const V turns = t * V(4), quarter = (turns + magic) - magic;
    const V r = turns - quarter, z = r * r;
    // The series of sin and cos of (pi / 2) r.
    const V sin = r * series(z, 1.5707963267948966, -0.6459640975062463, 0.07969262624616705, -0.004681754135318688,
                             0.00016044118478735982, Rest{}, -3.598843235212085e-06, 5.692172921967927e-08,
                             -6.688035109811468e-10, 6.0669357311061955e-12);
    const V cos =
        series(z, 1.0, -1.2337005501361697, 0.25366950790104803, -0.02086348076335296, 0.0009192602748394266,
               -2.5202042373060607e-05, Rest{}, 4.710874778818172e-07, -6.386603083791842e-09, 6.565963114979473e-11);
    const auto swapped = (quarter == V(1)) | (quarter == V(3));
    const V x = select(swapped, sin, cos) * radius, y = select(swapped, cos, sin) * radius;
    cosine = select((quarter == V(1)) | (quarter == V(2)), -x, x);
    sine = select((quarter == V(2)) | (quarter == V(3)), -y, y);
  }

 private:
  struct Rest {};  // what follows is for float64 only

  // c0 + c1 z + c2 z^2 + ...
  template <class V, class... C>
  static ANNEAL_INLINE V series(V z, double c0, C... rest) {
    if constexpr (sizeof...(rest) == 0)
      return constant<V>(c0);
    else if constexpr (kEnds<C...>)
      return constant<V>(c0);
    else
      return mulAdd(series(z, rest...), z, constant<V>(c0));
  }
  template <class V, class... C>
  static ANNEAL_INLINE V series(V z, Rest, C... rest) {
    return series(z, rest...);
  }
  template <class First, class...>
  static constexpr bool kEnds = single && __is_same(First, Rest);
};

}  // namespace anneal::ANNEAL_LEVEL
