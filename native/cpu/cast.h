// Conversion of contiguous elements from one dtype to another (cast.cc).
//
// To an integer, floats are truncated; out of range they saturate, NaN gives 0. Integers wrap around. To bool: not 0.
#pragma once
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {

// dst[i] = (To) src[i] for i in [0, n)
using CastRow = void (*)(void* dst, const void* src, int64_t n);

CastRow castFor(DType from, DType to);

}  // namespace anneal::ANNEAL_LEVEL
