#include "core/dtype.h"

#include <algorithm>

namespace anneal {

DType promote(DType a, DType b) {
  // Two 16-bit floats have no common 16-bit form: neither range nor precision of one covers the other.
  const bool halves = (a == DType::Float16 && b == DType::BFloat16) || (a == DType::BFloat16 && b == DType::Float16);
  return halves ? DType::Float32 : std::max(a, b);
}

}  // namespace anneal
