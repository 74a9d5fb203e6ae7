// All formulas, over lanes.
#pragma once
#include "device/math.h"
#include "formulas/activation.h"
#include "formulas/arithmetic.h"
#include "formulas/bits.h"
#include "formulas/comparison.h"
#include "formulas/fold.h"
#include "formulas/loss.h"
#include "formulas/rounding.h"
#include "formulas/special.h"
#include "formulas/trigonometry.h"
