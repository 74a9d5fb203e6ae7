// Integers as bits. Of truth values the logic is that of logicalAnd and its relatives.
#include "core/pointwise.h"
#include "ops/elementwise.h"
#include "ops/families.h"

namespace anneal {

namespace {

const Operator kOperators[] = {
    pointwise("bitwiseAnd", "the bits that both have, of integers or bool", kBinary, prepareInteger,
              PointwiseOp::BitAnd),
    pointwise("bitwiseOr", "the bits that either has, of integers or bool", kBinary, prepareInteger,
              PointwiseOp::BitOr),
    pointwise("bitwiseXor", "the bits that one of the two has, of integers or bool", kBinary, prepareInteger,
              PointwiseOp::BitXor),
    pointwise("bitwiseNot", "all bits turned round: -1 - x of signed integers; not x of bool", kUnary, prepareInteger,
              PointwiseOp::BitNot),
    pointwise("bitwiseLeftShift", "a 2^b of integers, without the bits that leave; 0 for a negative b", kBinary,
              prepareInteger, PointwiseOp::ShiftLeft),
    pointwise("bitwiseRightShift", "a / 2^b of integers, rounded down; all bits the sign for a negative b", kBinary,
              prepareInteger, PointwiseOp::ShiftRight),
    pointwise("gcd", "the greatest common divisor of integers", kBinary, prepareInteger, PointwiseOp::Gcd),
};

}  // namespace

Family bitsFamily() { return kOperators; }

}  // namespace anneal
