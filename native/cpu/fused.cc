// A chain of pointwise operators and row reductions in one pass over memory: for each piece of the shape, runs every
// instruction of the program (fused/program.h) while the piece is in the L1 cache.
#include "cpu/fused/program.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// The rows, or the part of a row, that a tile of the operands covers; runs on one thread. Uses scratch slot 1.
class Machine {
 public:
  explicit Machine(const Program& program) : p_(program) {
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
    for (int i = 0; i < p_.places; i++) {
      const Place& place = p_.place[i];
      if (place.kind == PlaceKind::Input)
        at_[i] = base_[i] = static_cast<char*>(const_cast<void*>(walk.in()[place.index]));
      else if (place.kind == PlaceKind::Output)
        at_[i] = base_[i] = static_cast<char*>(p_.args.outputs[place.index].data) +
                            (place.moves ? walk.offset() : walk.row()) * place.size;
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

  static int begin(const Code& code, int phase) { return phase > 0 ? code.end[phase - 1] : 0; }

  void values(int phase) {
    for (int i = begin(p_.values, phase); i < p_.values.end[phase]; i++) {
      const Instruction& at = p_.values.list[i];
      execute(at, at.each ? rows_ : 1);
      repeat(at);
    }
  }

  void pieces(int phase) {
    const int first = begin(p_.pieces, phase), end = p_.pieces.end[phase];
    if (first == end) return;
    for (int64_t from = 0; from < elements_; from += p_.piece) {
      const int64_t n = p_.piece < elements_ - from ? p_.piece : elements_ - from;
      if (from > 0) move(from);
      for (int i = first; i < end; i++) execute(p_.pieces.list[i], n);
    }
    if (elements_ > p_.piece) move(0);
  }

  void folds(int phase) {
    for (int i = begin(p_.folds, phase); i < p_.folds.end[phase]; i++) {
      const Instruction& at = p_.folds.list[i];
      at.fold(at_[at.in[0]], rows_, p_.operands.inner, at_[at.out]);
      repeat(at);
    }
  }

  void move(int64_t from) {
    for (int i = 0; i < p_.places; i++) {
      if (p_.place[i].moves) at_[i] = base_[i] + from * p_.place[i].size;
    }
  }

  // A single value is read as a fixed operand.
  void repeat(const Instruction& at) {
    if (p_.place[at.out].kind == PlaceKind::Value && !at.each)
      gatherRow(at_[at.out], at_[at.out], 0, kFixedBytes / at.size, at.size);
  }

  void execute(const Instruction& at, int64_t n) {
    char* const out = at_[at.out];
    const void* const in[3] = {at_[at.in[0]], at_[at.in[1]], at_[at.in[2]]};
    switch (at.action) {
      case Action::Tile: return at.tile(out, in, n, at.params, at.fixed);
      case Action::Cast: return at.cast(out, in[0], n);
      case Action::Copy: return gatherRow(out, in[0], 1, n, at.size);
      case Action::Fill: return gatherRow(out, in[0], 0, n, at.size);
      case Action::Spread: {
        const int64_t row = p_.operands.inner * at.size;
        for (int64_t r = 0; r < rows_; r++) {
          gatherRow(out + r * row, static_cast<const char*>(in[0]) + r * at.size, 0, p_.operands.inner, at.size);
        }
        return;
      }
      case Action::Fold: return;
    }
  }

  const Program& p_;
  int64_t elements_ = 0, rows_ = 1;
  char* base_[kPlaces];  // of the tile
  char* at_[kPlaces];    // of the piece
};

}  // namespace

void fused(const FusedArgs& args) {
  const Program program(args);
  forRange(program.operands.units, program.operands.unitsPerTask, [&](int64_t begin, int64_t end) {
    TileWalk walk(program.operands, begin, end);
    Machine machine(program);
    while (walk.next()) machine.run(walk);
  });
}

}  // namespace anneal::ANNEAL_LEVEL
