// Rounding, division to whole quotients, and remainders. Quotients and rounded numbers have the gradient 0.
#include "core/pointwise.h"
#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

template <int inputs>
void noSlope(GradCall& g) {
  for (int i = 0; i < inputs; ++i) {
    if (g.needs(i)) give(g, i, mul(g.dout(), 0));
  }
}

// a - b q: the gradient by a is dout, that by b is -q dout.
template <const Operator& (*quotient)()>
void remainderGradient(GradCall& g) {
  if (g.needs(0)) give(g, 0, g.dout());
  if (g.needs(1)) give(g, 1, neg(mul(g.dout(), apply1(quotient(), {g.in(0), g.in(1)}))));
}
const Operator& floorQuotient() { return "floorDivide"_op; }
const Operator& truncQuotient() { return "truncDivide"_op; }

constexpr Operator rounded(const char* name, const char* doc, PointwiseOp op) {
  return pointwise(name, doc, kUnary, prepareArithmetic, op, kSaveNothing, noSlope<1>);
}

const Operator kOperators[] = {
    rounded("floor", "the largest whole number that is at most x; the gradient is 0", PointwiseOp::Floor),
    rounded("ceil", "the least whole number that is at least x; the gradient is 0", PointwiseOp::Ceil),
    rounded("round", "the nearest whole number, of two the even one; the gradient is 0", PointwiseOp::Round),
    rounded("trunc", "x without the digits after the point; the gradient is 0", PointwiseOp::Trunc),
    pointwise("floorDivide", "a / b rounded down; the gradient is 0", kBinary, prepareArithmetic,
              PointwiseOp::FloorDivide, kSaveNothing, noSlope<2>),
    pointwise("truncDivide", "a / b rounded towards 0; the gradient is 0", kBinary, prepareArithmetic,
              PointwiseOp::TruncDivide, kSaveNothing, noSlope<2>),
    pointwise("remainder", "a - b floor(a / b), with the sign of b", kBinary, prepareArithmetic, PointwiseOp::Remainder,
              kSaveAllInputs, remainderGradient<floorQuotient>),
    pointwise("fmod", "a - b trunc(a / b), with the sign of a", kBinary, prepareArithmetic, PointwiseOp::Fmod,
              kSaveAllInputs, remainderGradient<truncQuotient>),
};

}  // namespace

Family roundingFamily() { return kOperators; }

}  // namespace anneal
