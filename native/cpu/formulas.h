// All formulas, over this level's vectors.
#pragma once
#include "cpu/math.h"
#include "cpu/simd.h"
#include "formulas/activation.h"
#include "formulas/arithmetic.h"
#include "formulas/bits.h"
#include "formulas/comparison.h"
#include "formulas/loss.h"
#include "formulas/rounding.h"
#include "formulas/special.h"
#include "formulas/trigonometry.h"

namespace anneal::ANNEAL_LEVEL {

template <class Formula>
constexpr int costOf() {
  if constexpr (requires { Formula::kCost; })
    return Formula::kCost;
  else
    return 1;
}

}  // namespace anneal::ANNEAL_LEVEL
