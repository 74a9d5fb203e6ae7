// All formulas, over lanes.
#pragma once
#include "device/math.h"
#include "formulas/activation.h"
#include "formulas/arithmetic.h"
#include "formulas/comparison.h"
#include "formulas/fold.h"
#include "formulas/loss.h"
