// A fused program, made ready to run: what each register is (one value, one per row, or one per element), where it lies, and
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
#include "cpu/strand.h"

namespace anneal::ANNEAL_LEVEL {

constexpr int64_t kCacheBytes = 24 * 1024;  // of the L1 cache, for all that a piece touches
constexpr int64_t kLeastPiece = kShortRow;
constexpr int64_t kLargestPiece = 4096;
constexpr int64_t kStreamedPiece = 256;     // where operands come from memory, which costly steps must not leave alone
constexpr int64_t kStreamedTask = 1 << 17;  // elements: at a task's end stores past the caches are waited for
constexpr int64_t kRowsAtHand = 4096;       // elements of rows that share a tile although each is taken alone
constexpr int64_t kRepeatedRow = 1024;      // up to here a row that all rows take is laid out several times
constexpr int64_t kStreamBytes =
    32 << 20;  // read and written: beyond, results have left the caches before they are read
// A step has a place for its result and lays out three operands at most; an output is copied at most once.
constexpr int kPlaces = kFusedInputs + kFusedOutputs + 4 * kFusedSteps;

enum class Width : uint8_t { Fixed, Row, Full };

// Where a register lies while the program runs.
enum class PlaceKind : uint8_t {
  Input,
  Output,
  Slot,   // a piece in the L1 cache
  Wide,   // all elements of the rows at hand
  Value,  // a value per row, or one repeated over kFixedBytes
};
struct Place {
  PlaceKind kind;
  bool moves;  // from piece to piece
  bool alike;  // for all rows of a tile
  uint8_t size;
  uint16_t index;  // within its kind
};

enum class Action : uint8_t { Tile, Cast, Fold, Spread, Repeat, Fill, Copy };
struct Instruction {
  union {
    TileFunction tile;
    CastRow cast;
    FoldRows fold;
  };
  const FusedStep* step;  // Tile, Fold
  uint16_t in[3];         // places
  uint16_t out;
  Action action;
  bool each;  // among values: on one per row, not on a single one
  uint8_t size;
  uint8_t fixed;
  // Whole blocks of so many instructions from here on run as a strand, whose steps begin at `strand`; 0: none begins here.
  int16_t strandLength, strand;
};

// Instructions in the order of their phases.
template <int capacity>
struct Code {
  int count;
  int closed;                    // phases whose end is known
  int16_t end[kFusedSteps + 3];  // of each phase; one further back is where it begins
  Instruction list[capacity];

  int begin(int phase) const { return phase > 0 ? end[phase - 1] : 0; }
  void closeUntil(int phase) {
    while (closed < phase) end[closed++] = static_cast<int16_t>(count);
  }
  Instruction& append(int phase, Action action, int size, uint16_t out) {
    closeUntil(phase);
    return make(list[count++], action, size, out);
  }
  // Before those of its phase, which is the last one so far.
  Instruction& prepend(int phase, Action action, int size, uint16_t out) {
    closeUntil(phase);
    for (int i = count++; i > begin(phase); i--) list[i] = list[i - 1];
    return make(list[begin(phase)], action, size, out);
  }

 private:
  static Instruction& make(Instruction& made, Action action, int size, uint16_t out) {
    made.action = action;
    made.each = false;
    made.size = static_cast<uint8_t>(size);
    made.fixed = 0;
    made.strandLength = 0;
    made.in[0] = made.in[1] = made.in[2] = made.out = out;
    return made;
  }
};

// Plain memory, of which no more is touched than the program needs.
struct TileProgram {
  bool ready;
  bool rowwise;  // some step computes one value per row
  bool grouped;  // rowwise, with several rows at hand, each in pieces of its own where operands.byRow
  bool streams;  // operands come from memory, and outputs are written past the caches where strands do
  int phases;
  int places, slots, wides, valuePlaces;
  int slotSize;
  int boundCount, movingCount;
  int64_t piece;  // elements
  int64_t shape[kRank];
  Operands operands;
  uint16_t bound[kFusedInputs + 2 * kFusedOutputs];  // places of inputs and outputs
  uint16_t moving[kPlaces];                          // places that move from piece to piece
  Place place[kPlaces];
  // Of a phase, in this order; the values of one more phase are outputs.
  Code<kFusedSteps + kFusedOutputs> values;
  Code<4 * kFusedSteps + kFusedOutputs> pieces;
  Code<kFusedSteps> folds;
  StrandStep strandSteps[4 * kFusedSteps];  // load, operator, store, end

  void build(const FusedArgs& args);
  // To the data of this call.
  void bind(const FusedArgs& args) {
    for (int i = 0; i < args.inputCount; i++) operands.operand[i].base = static_cast<const char*>(args.inputs[i].data);
  }
};
static_assert(sizeof(TileProgram) <= kFusedPlanBytes);

}  // namespace anneal::ANNEAL_LEVEL
