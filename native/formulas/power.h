// Powers with whole exponents, by products that every device rounds alike.
#pragma once
#include <cstdint>

namespace anneal::ANNEAL_LEVEL {

ANNEAL_INLINE double wholePower(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

}  // namespace anneal::ANNEAL_LEVEL
