// A fused program, made ready to run: what each register is (one value, one a row, or one an element), where it lies, and
// the instructions in phases.
//
// A reduction needs its whole row before a later step can take the result. So the steps are cut into phases: in each, the
// row's values are computed, then the elements piece by piece, then the rows are folded. Registers that live within a
// phase are slots of a piece's size in the L1 cache, shared by liveness; those that cross phases, and those that are
// folded, are as wide as the row.
#pragma once
#include "cpu/cast.h"
#include "cpu/operands.h"
#include "cpu/reduce.h"

namespace anneal::ANNEAL_LEVEL {

constexpr int64_t kCacheBytes = 24 * 1024;  // of the L1 cache, for all that a piece touches
constexpr int64_t kLeastPiece = kShortRow;
constexpr int64_t kLargestPiece = 4096;
constexpr int kPlaces = 2 * kFusedRegisters + kFusedOutputs;
constexpr int kInstructions = kPlaces;

enum class Width : uint8_t { Fixed, Row, Full };

// Where a register lies while the program runs.
enum class PlaceKind : uint8_t {
  Input,
  Output,
  Slot,   // a piece in the L1 cache
  Wide,   // all elements of the rows at hand
  Value,  // a value a row, or one repeated over kFixedBytes
};
struct Place {
  PlaceKind kind;
  bool moves;  // from piece to piece
  uint8_t size;
  uint16_t index;  // within its kind
};

enum class Action : uint8_t { Tile, Cast, Fold, Spread, Fill, Copy };
struct Instruction {
  Action action;
  bool each;  // among values: on one a row, not on a single one
  uint8_t size;
  uint32_t fixed;
  uint16_t in[3];  // places
  uint16_t out;
  union {
    TileFunction tile;
    CastRow cast;
    FoldRows fold;
  };
  const double* params;
};

// Instructions in the order of their phases.
struct Code {
  Instruction list[kInstructions];
  int count = 0;
  int end[kFusedSteps + 2];  // of each phase
  int closed = 0;            // phases whose end is known

  void closeUntil(int phase) {
    while (closed < phase) end[closed++] = count;
  }
  Instruction& append(int phase, Action action, int size, uint16_t out) {
    closeUntil(phase);
    Instruction& made = list[count++];
    made.action = action;
    made.each = false;
    made.size = static_cast<uint8_t>(size);
    made.fixed = 0;
    made.in[0] = made.in[1] = made.in[2] = made.out = out;
    return made;
  }
};

class Program {
 public:
  explicit Program(const FusedArgs& fused);

  const FusedArgs& args;
  Operands operands;
  bool rowwise = false;  // some step computes one value a row
  bool grouped = false;  // rowwise, with several rows at hand
  int phases = 1;
  Code values, pieces, folds;  // of a phase, in this order; the values of one more phase are outputs
  Place place[kPlaces];
  int places = 0;
  int slots = 0, wides = 0, valuePlaces = 0;
  int slotSize = 1;
  int64_t piece = 0;  // elements

 private:
  struct Register {
    Width width;
    uint8_t size;
    bool input;
    bool wide;
    int16_t output;  // that it is computed in, or -1
    int16_t phase;   // from which on it can be read
    uint16_t place;
    int16_t spreadPhase;  // in which its values were last repeated along the rows ...
    uint16_t spread;      // ... and where
  };

  Width widthOf(const FusedOperand& input) const;
  Width widthOf(const FusedStep& step) const;
  int outSize(const FusedStep& step) const;
  int inputsOf(const FusedStep& step) const { return step.kind == FusedKind::Pointwise ? tileRow(step.op).inputs : 1; }
  uint16_t newPlace(PlaceKind kind, int size, int index = 0);
  void defineInputs();
  void defineSteps();
  void emitStep(const FusedStep& step, int phase);
  void emitOutputs(uint16_t number, int phase);
  void emitRowOutputs();
  uint16_t spreadOf(Register& reg, int phase);
  void assignSlots();
  void choosePiece();

  Register reg_[kFusedRegisters];
  int16_t stepPhase_[kFusedSteps];
  int cost_ = 0;  // of an element
};

}  // namespace anneal::ANNEAL_LEVEL
