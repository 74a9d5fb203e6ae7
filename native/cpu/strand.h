// Chains of operators on float32 that keep their running value in registers: threaded code (strand.cc).
//
// A strand is a list of steps, each a function that jumps to the next with eight vectors as arguments; so a step costs its
// arithmetic and one load for each operand besides the running value, where a tile function would also load and store that.
#pragma once
#include "cpu/tile.h"

namespace anneal::ANNEAL_LEVEL {

constexpr int kStrandVectors = 8;  // what every calling convention passes in registers
constexpr int kStrandElements = kStrandVectors * Vec<float>::kLanes;
constexpr int kStrandBytes = kStrandVectors * kVectorBytes;
static_assert(kStrandBytes <= kFixedBytes);

struct StrandStep;
using StrandVector = Vec<float>::Raw;
// at: the places' addresses; i: the offset of the block in bytes; end: of all blocks.
using StrandFunction = void (*)(const StrandStep* step, char* const* at, int64_t i, int64_t end, StrandVector,
                                StrandVector, StrandVector, StrandVector, StrandVector, StrandVector, StrandVector,
                                StrandVector);

struct StrandStep {
  StrandFunction run;
  const double* params;
  uint16_t place[2];  // of the operands besides the running value, or of the result
  int8_t mask[2];     // of i: all ones, or 0 where the operand is fixed
  int16_t back;       // End: how many steps before it the first one is
};

// What a step takes as the running value: one operand, both of two, or none (of one or two operands). The others come from
// places.
constexpr int kRunningBoth = 3;
constexpr int kRunningNone = 4;
// f(...), or null where a strand does not hold the operator like that. Bit k of `fixed`: the step's k-th place is fixed.
StrandFunction strandFunction(PointwiseOp op, int running, int fixed = 0);

StrandFunction strandLoad();               // running value = place[0]
StrandFunction strandStore(bool streams);  // place[0] = running value; past the caches, where it streams
StrandFunction strandEnd();

// Runs the steps over `blocks` blocks of kStrandElements.
void runStrand(const StrandStep* steps, char* const* at, int64_t blocks);

}  // namespace anneal::ANNEAL_LEVEL
