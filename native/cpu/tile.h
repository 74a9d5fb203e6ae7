// Pointwise operators on contiguous pieces: one function an operator and dtype (tile.cc), the same for every caller, so
// that an operator gives the same bits alone and within a fused chain. They know nothing of shapes; the caller cuts
// the work into tiles and lays strided operands out first.
#pragma once
#include "cpu/simd.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {

// What a fixed operand is laid out in: its one element, repeated over so many bytes.
constexpr int kFixedBytes = 8 * kVectorBytes;

// out[i] = f(in[0][i], in[1][i], ...) for i in [0, n). Bit k of `fixed` says that in[k] is one element for all i. out may
// be one of the inputs when its elements are as wide.
using TileFunction = void (*)(void* out, const void* const* in, int64_t n, const double* params, uint32_t fixed);

enum class Kind : uint8_t { Float, Checked, Arith, Divide, Integer, Compare, Logical, Select };

struct TileRow {
  Kind kind;
  uint8_t inputs;
  int cost;                         // of one element, 1 for an addition
  TileFunction tiles[kDTypeCount];  // null where the operator does not take the dtype
};

const TileRow& tileRow(PointwiseOp op);

// The function for a dtype, or an error that names the family.
TileFunction tileFunction(const char* family, PointwiseOp op, DType dtype);

// How a product or convolution applies an activation to its sums: relu and its gradient in registers, others by their tile function on
// values that lie in cache.
enum class Activation : uint8_t { None, Relu, ReluBackward, Tile };

struct AppliedActivation {
  Activation how;
  TileFunction function;  // null but for Tile
};
AppliedActivation appliedActivation(const char* family, PointwiseOp op, DType dtype);

}  // namespace anneal::ANNEAL_LEVEL
