// Element types: their sizes, names, categories, and the one promotion table.
#pragma once
#include <cstddef>
#include <cstdint>

namespace anneal {

// The order is the promotion order within a category. Float16 and BFloat16 are reserved: storage types to come.
enum class DType : uint8_t { Bool, UInt8, Int32, Int64, Float16, BFloat16, Float32, Float64 };

constexpr int kDTypeCount = 8;

enum class Category : uint8_t { Bool, Integer, Floating };

size_t sizeOf(DType dtype);
const char* nameOf(DType dtype);
Category categoryOf(DType dtype);
inline bool isFloating(DType dtype) { return dtype >= DType::Float16; }

// The smallest dtype that both convert to, as NumPy and PyTorch have it: a floating type wins over integers whatever
// its size, int64 over int32 over uint8 over bool.
DType promote(DType a, DType b);

// False for the reserved dtypes, which no kernel computes with yet.
inline bool isSupported(DType dtype) { return dtype != DType::Float16 && dtype != DType::BFloat16; }

}  // namespace anneal
