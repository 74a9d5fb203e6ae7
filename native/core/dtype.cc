#include "core/dtype.h"

#include <algorithm>

namespace anneal {

DType promote(DType a, DType b) {
  // Two 16-bit floats have no common 16-bit form: neither range nor precision of one covers the other.
  const bool halves = (a == DType::Float16 && b == DType::BFloat16) || (a == DType::BFloat16 && b == DType::Float16);
  return halves ? DType::Float32 : std::max(a, b);
}

bool holds(DType dtype, double value) {
  switch (dtype) {
    case DType::UInt8: return value > -1.0 && value < 256.0;
    case DType::Int32: return value > -2147483649.0 && value < 2147483648.0;
    case DType::Int64: return value >= -9223372036854775808.0 && value < 9223372036854775808.0;
    default: return true;
  }
}

const char* rangeOf(DType dtype) {
  switch (dtype) {
    case DType::UInt8: return "0 to 255";
    case DType::Int32: return "-2147483648 to 2147483647";
    case DType::Int64: return "-2^63 to 2^63 - 1";
    default: return "all numbers";
  }
}

}  // namespace anneal
