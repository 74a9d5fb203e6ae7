// Element types: their sizes, names, categories, and the one promotion table. All of it comes from the rows of dtype.def.
#pragma once
#include <cstddef>
#include <cstdint>

namespace anneal {

enum class DType : uint8_t {
#define ANNEAL_DTYPE(Name, ...) Name,
#include "core/dtype.def"
#undef ANNEAL_DTYPE
};

constexpr int kDTypeCount = 0
#define ANNEAL_DTYPE(...) +1
#include "core/dtype.def"
#undef ANNEAL_DTYPE
    ;

enum class Category : uint8_t { Bool, Integer, Floating };

struct DTypeRow {
  const char* name;
  uint8_t size;
  Category category;
  DType compute;  // what kernels calculate in
};
constexpr DTypeRow kDTypes[kDTypeCount] = {
#define ANNEAL_DTYPE(Name, name, Element, category, Compute) \
  {#name, sizeof(Element), Category::category, DType::Compute},
#include "core/dtype.def"
#undef ANNEAL_DTYPE
};

constexpr const DTypeRow& dtypeRow(DType dtype) { return kDTypes[static_cast<int>(dtype)]; }
constexpr size_t sizeOf(DType dtype) { return dtypeRow(dtype).size; }
constexpr const char* nameOf(DType dtype) { return dtypeRow(dtype).name; }
constexpr Category categoryOf(DType dtype) { return dtypeRow(dtype).category; }
constexpr bool isFloating(DType dtype) { return categoryOf(dtype) == Category::Floating; }
// False for the reserved dtypes, which tensors cannot have yet.
constexpr bool isSupported(DType dtype) { return dtypeRow(dtype).compute == dtype; }

// The smallest dtype that both convert to, as NumPy and PyTorch have it: a floating type wins over integers whatever
// its size, int64 over int32 over uint8 over bool.
DType promote(DType a, DType b);

// Whether a number, truncated, is one of the integers of a dtype; of floating dtypes and bool every number is.
bool holds(DType dtype, double value);
// The least and the greatest integer of a dtype, for errors.
const char* rangeOf(DType dtype);

}  // namespace anneal
