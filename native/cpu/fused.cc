// A chain of pointwise operators and row reductions in one pass over memory: for each piece of the shape, runs every
// instruction of the program (fused/program.h) while the piece is in the L1 cache.
#include "cpu/fused/program.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// dst [rows, extent]: row r is src[r]. Whole vectors, that reach into rows still to come.
template <class T>
void spreadRows(T* dst, const T* src, int64_t rows, int64_t extent) {
  constexpr int kLanes = Vec<T>::kLanes;
  const T* const end = dst + rows * extent;
  for (int64_t r = 0; r < rows; r++, dst += extent) {
    const Vec<T> value(src[r]);
    int64_t i = 0;
    for (; i < extent && dst + i + kLanes <= end; i += kLanes) store(dst + i, value);
    if (i < extent) storePartial(dst + i, value, static_cast<int>(extent - i));
  }
}

// The rows, or the part of a row, that a tile of the operands covers; runs on one thread. Uses scratch slot 1.
class Machine {
 public:
  Machine(const TileProgram& program, const FusedOperand* outputs) : p_(program), outputs_(outputs) {
    const int64_t wideBytes = round(p_.operands.laidElements * 8), slotBytes = round(p_.piece * p_.slotSize);
    const int64_t valueBytes = p_.grouped ? round(p_.operands.rowsPerTile * 8) : kFixedBytes;
    char* memory =
        scratch<char>(1, p_.slots * slotBytes + p_.wides * wideBytes + p_.valuePlaces * valueBytes + kFixedBytes);
    char* const wide = memory + p_.slots * slotBytes;
    char* const value = wide + p_.wides * wideBytes;
    for (int i = 0; i < p_.places; i++) {
      const Place& place = p_.place[i];
      if (place.kind == PlaceKind::Slot) base_[i] = memory + place.index * slotBytes;
      if (place.kind == PlaceKind::Wide) base_[i] = wide + place.index * wideBytes;
      if (place.kind == PlaceKind::Value) base_[i] = value + place.index * valueBytes;
      at_[i] = base_[i];
    }
  }

  void run(const TileWalk& walk) {
    elements_ = walk.elements();
    rows_ = p_.grouped ? elements_ / p_.operands.inner : 1;
    for (int k = 0; k < p_.boundCount; k++) {
      const int i = p_.bound[k];
      const Place& place = p_.place[i];
      if (place.kind == PlaceKind::Input)
        base_[i] = static_cast<char*>(const_cast<void*>(walk.in()[place.index]));
      else
        base_[i] =
            static_cast<char*>(outputs_[place.index].data) + (place.moves ? walk.offset() : walk.row()) * place.size;
      at_[i] = base_[i];
    }
    for (int phase = 0; phase <= p_.phases; phase++) {
      values(phase);
      if (phase == p_.phases) break;
      pieces(phase);
      folds(phase);
    }
  }

 private:
  static int64_t round(int64_t bytes) { return (bytes + kFixedBytes - 1) / kFixedBytes * kFixedBytes; }

  void values(int phase) {
    for (int i = p_.values.begin(phase); i < p_.values.end[phase]; i++) {
      const Instruction& at = p_.values.list[i];
      // A single value's operands are repeated over a vector and more: a whole one is faster than a part.
      const bool vector = !at.each && at.action == Action::Tile;
      execute(at, at.each ? rows_ : vector ? kVectorBytes / elementSize(at.step->dtype) : 1);
      repeat(at);
    }
  }

  void pieces(int phase) {
    const int first = p_.pieces.begin(phase), end = p_.pieces.end[phase];
    if (first == end) return;
    const int64_t rows = p_.operands.byRow ? rows_ : 1, elements = p_.operands.byRow ? p_.operands.inner : elements_;
    for (row_ = 0; row_ < rows; row_++) {
      for (int64_t from = 0; from < elements; from += p_.piece) {
        if (row_ > 0 || from > 0) move(from);
        piece(first, end, p_.piece < elements - from ? p_.piece : elements - from);
      }
    }
    row_ = 0;
    if (rows > 1 || elements > p_.piece) move(0);
  }

  void piece(int first, int end, int64_t n) {
    for (int i = first; i < end; i++) {
      const Instruction& at = p_.pieces.list[i];
      if (at.strandLength == 0) {
        execute(at, n);
        continue;
      }
      // What is left of a block runs by tile functions, which give the same bits.
      const int64_t blocks = n / kStrandElements, done = blocks * kStrandElements;
      runStrand(p_.strandSteps + at.strand, at_, blocks);
      for (int k = 0; k < at.strandLength && done < n; k++) execute(p_.pieces.list[i + k], n - done, done);
      i += at.strandLength - 1;
    }
  }

  void folds(int phase) {
    for (int i = p_.folds.begin(phase); i < p_.folds.end[phase]; i++) {
      const Instruction& at = p_.folds.list[i];
      at.fold(at_[at.in[0]], rows_, p_.operands.inner, at.step->params[0], at_[at.out]);
      repeat(at);
    }
  }

  void move(int64_t from) {
    for (int k = 0; k < p_.movingCount; k++) {
      const int i = p_.moving[k];
      at_[i] = base_[i] + (p_.place[i].alike ? from : row_ * p_.operands.inner + from) * p_.place[i].size;
    }
  }

  // A single value is read as a fixed operand.
  void repeat(const Instruction& at) {
    if (p_.place[at.out].kind == PlaceKind::Value && !at.each)
      gatherRow(at_[at.out], at_[at.out], 0, kFixedBytes / at.size, at.size);
  }

  // n elements, from the first-th of the piece on.
  void execute(const Instruction& at, int64_t n, int64_t first = 0) {
    char* const out = at_[at.out] + first * at.size;
    const void* in[3];
    for (int k = 0; k < 3; k++) in[k] = at_[at.in[k]] + (at.fixed >> k & 1 ? 0 : first * p_.place[at.in[k]].size);
    switch (at.action) {
      case Action::Tile: return at.tile(out, in, n, at.step->params, at.fixed);
      case Action::Cast: return at.cast(out, in[0], n);
      case Action::Copy: return gatherRow(out, in[0], 1, n, at.size);
      case Action::Fill: return gatherRow(out, in[0], 0, n, at.size);
      case Action::Spread:
        return withWord(at.size, [&](auto word) {
          using T = decltype(word);
          spreadRows(reinterpret_cast<T*>(out), static_cast<const T*>(in[0]), rows_, p_.operands.inner);
        });
      case Action::Repeat:
        return gatherRow(out, static_cast<const char*>(in[0]) + row_ * at.size, 0, kFixedBytes / at.size, at.size);
      case Action::Fold: return;
    }
  }

  const TileProgram& p_;
  const FusedOperand* const outputs_;
  int64_t elements_ = 0, rows_ = 1;
  int64_t row_ = 0;      // of those taken one by one
  char* base_[kPlaces];  // of the tile
  char* at_[kPlaces];    // of the piece
};

}  // namespace

void fused(const FusedArgs& args) {
  TileProgram own;
  TileProgram& program = args.plan != nullptr ? *static_cast<TileProgram*>(args.plan) : own;
  if (args.plan == nullptr || !program.ready) program.build(args);
  program.bind(args);
  forRange(program.operands.units, program.operands.unitsPerTask, [&](int64_t begin, int64_t end) {
    TileWalk walk(program.operands, begin, end);
    Machine machine(program, args.outputs);
    while (walk.next()) machine.run(walk);
    if (program.streams) streamFence();
  });
}

}  // namespace anneal::ANNEAL_LEVEL
