#include "core/dtype.h"

#include <algorithm>

namespace anneal {

namespace {

struct Entry {
  const char* name;
  size_t size;
  Category category;
};

constexpr Entry kEntries[kDTypeCount] = {
    {"bool", 1, Category::Bool},        {"uint8", 1, Category::Integer},    {"int32", 4, Category::Integer},
    {"int64", 8, Category::Integer},    {"float16", 2, Category::Floating}, {"bfloat16", 2, Category::Floating},
    {"float32", 4, Category::Floating}, {"float64", 8, Category::Floating},
};

const Entry& entry(DType dtype) { return kEntries[static_cast<int>(dtype)]; }

}  // namespace

size_t sizeOf(DType dtype) { return entry(dtype).size; }
const char* nameOf(DType dtype) { return entry(dtype).name; }
Category categoryOf(DType dtype) { return entry(dtype).category; }

DType promote(DType a, DType b) {
  // Two 16-bit floats have no common 16-bit form: neither range nor precision of one covers the other.
  const bool halves = (a == DType::Float16 && b == DType::BFloat16) || (a == DType::BFloat16 && b == DType::Float16);
  return halves ? DType::Float32 : std::max(a, b);
}

}  // namespace anneal
