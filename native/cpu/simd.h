// One small vector type for every instruction-set level: Vec<T>, kVectorBytes wide, with masks of its own.
//
// Built on compiler vector extensions; intrinsics only where those have no word for it. Vectors go through memory
// unaligned, and a partial load or store touches exactly n elements. Everything also exists for plain float and double
// (lanes of one, masks of bool), so that a formula written for V runs on either.
#pragma once
#include "cpu/simd/arithmetic.h"
#include "cpu/simd/lanes.h"
#include "cpu/simd/mask.h"
#include "cpu/simd/memory.h"
#include "cpu/simd/vector.h"
