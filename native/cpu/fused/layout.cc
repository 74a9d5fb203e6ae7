#include "cpu/fused/builder.h"

namespace anneal::ANNEAL_LEVEL {

// ---- slots ----------------------------------------------------------------------------------------------------------
// Slots for what lives within a phase. A result may take the slot of an operand that is read for the last time where its
// elements are as wide.
void Builder::assignSlots() {
  int last[kPlaces];
  bool assigned[kPlaces] = {};
  for (int i = 0; i < p_.pieces.count; i++) {
    const Instruction& at = p_.pieces.list[i];
    last[at.out] = i;
    for (const uint16_t in : at.in) last[in] = i;
  }
  uint16_t free[kPlaces];
  int freeCount = 0;
  for (int i = 0; i < p_.pieces.count; i++) {
    const Instruction& at = p_.pieces.list[i];
    const auto release = [&](bool fitting) {
      for (int k = 0; k < 3; k++) {
        const uint16_t in = at.in[k];
        if (p_.place[in].kind != PlaceKind::Slot || in == at.out || last[in] != i || !assigned[in]) continue;
        if (fitting && (at.action != Action::Tile || p_.place[in].size != at.size)) continue;
        assigned[in] = false;
        free[freeCount++] = p_.place[in].index;
      }
    };
    release(true);
    if (p_.place[at.out].kind == PlaceKind::Slot) {
      p_.place[at.out].index = static_cast<uint16_t>(freeCount > 0 ? free[--freeCount] : p_.slots++);
      assigned[at.out] = true;
      if (p_.place[at.out].size > p_.slotSize) p_.slotSize = p_.place[at.out].size;
    }
    release(false);
    if (p_.place[at.out].kind == PlaceKind::Slot && last[at.out] == i) free[freeCount++] = p_.place[at.out].index;
  }
}

// ---- strands --------------------------------------------------------------------------------------------------------
// What costs more than an addition gains nothing by registers, and is as fast or faster as a loop over the whole piece.
bool Builder::isStrandable(const Instruction& at) const {
  if (at.action != Action::Tile || at.step->dtype != DType::Float32) return false;
  if (strandFunction(at.step->op, 0) == nullptr) return false;
  return tileRow(at.step->op).cost == 1;
}

// Runs of float32 operators within a phase; a single one only to stream what it gives.
void Builder::findStrands() {
  int64_t bytes = 0;
  for (int i = 0; i < p_.places; i++)
    bytes += p_.place[i].kind <= PlaceKind::Output && p_.place[i].moves ? p_.place[i].size : 0;
  p_.streams = bytes * operands_.rows * operands_.inner > kStreamBytes;
  int i = 0;
  for (int phase = 0; phase < p_.phases; phase++) {
    for (; i < p_.pieces.end[phase]; i++) {
      int count = 0;
      while (i + count < p_.pieces.end[phase] && isStrandable(p_.pieces.list[i + count])) count++;
      if (count < (p_.streams ? 1 : 2)) continue;
      emitStrand(i, count);
      i += count - 1;
    }
  }
}

// Is what lies at a place read within the call, by a fold or by a piece's instruction from `from` on?
bool Builder::isOperand(uint16_t at, int from) const {
  const auto among = [&](const auto& code, int first) {
    for (int i = first; i < code.count; i++) {
      for (const uint16_t in : code.list[i].in) {
        if (in == at && code.list[i].out != at) return true;
      }
    }
    return false;
  };
  return among(p_.pieces, from) || among(p_.folds, 0);
}

// Is an instruction's result read from memory by one from `from` on, or by the caller?
bool Builder::isRead(int instruction, int from) const {
  const uint16_t out = p_.pieces.list[instruction].out;
  return p_.place[out].kind != PlaceKind::Slot || isOperand(out, from);
}

StrandStep& Builder::addStrandStep(StrandFunction run) {
  StrandStep& made = p_.strandSteps[strandStepCount_++];
  made.run = run;
  return made;
}

void Builder::emitStore(uint16_t result) {
  const bool past = p_.streams && p_.place[result].kind == PlaceKind::Output && !isOperand(result, 0);
  addStrandStep(strandStore(past)).place[0] = result;
}

void Builder::emitStrand(int first, int count) {
  const int firstStep = strandStepCount_;
  p_.pieces.list[first].strandLength = static_cast<int16_t>(count);
  p_.pieces.list[first].strand = static_cast<int16_t>(firstStep);
  for (int i = first; i < first + count; i++) {
    const Instruction& at = p_.pieces.list[i];
    const int inputs = inputsOf(*at.step);
    const auto operand = [&](StrandStep& to, int k, int input) {
      to.place[k] = at.in[input];
      to.mask[k] = at.fixed >> input & 1 ? 0 : -1;
    };
    int running = kRunningNone, uses = 0;
    for (int k = 0; k < inputs; k++) {
      if (i == first || at.in[k] != p_.pieces.list[i - 1].out) continue;
      if (running == kRunningNone) running = k;
      uses++;
    }
    if (uses == 2 && inputs == 2) running = kRunningBoth;
    const bool once = uses == 1 || running == kRunningBoth;  // all uses are the running value
    if (i > first && isRead(i - 1, once ? i + 1 : i)) emitStore(p_.pieces.list[i - 1].out);
    if (running == kRunningNone && inputs == 3) {
      running = 0;
      operand(addStrandStep(strandLoad()), 0, 0);
    }
    StrandStep& step = addStrandStep(nullptr);
    step.params = at.step->params;
    int fixed = 0;
    for (int k = 0, others = 0; k < inputs && running != kRunningBoth; k++) {
      if (k == running) continue;
      fixed |= (at.fixed >> k & 1) << others;
      operand(step, others++, k);
    }
    step.run = strandFunction(at.step->op, running, fixed);
  }
  emitStore(p_.pieces.list[first + count - 1].out);
  StrandStep& end = addStrandStep(strandEnd());
  end.back = static_cast<int16_t>(strandStepCount_ - 1 - firstStep);
}

// As much as lets all that a piece touches stay in the L1 cache.
void Builder::choosePiece() {
  int64_t bytes = p_.slots * p_.slotSize;
  for (int i = 0; i < p_.places; i++) {
    const Place& place = p_.place[i];
    if (place.kind <= PlaceKind::Output) p_.bound[p_.boundCount++] = static_cast<uint16_t>(i);
    if (!place.moves) continue;
    p_.moving[p_.movingCount++] = static_cast<uint16_t>(i);
    bytes += place.size;
  }
  p_.piece = bytes > 0 ? kCacheBytes / bytes / 64 * 64 : kLargestPiece;
  const int64_t largest = p_.streams ? kStreamedPiece : kLargestPiece;
  p_.piece = p_.piece < kLeastPiece ? kLeastPiece : p_.piece > largest ? largest : p_.piece;
  // As even as whole blocks allow; a row somewhat longer is not cut.
  if (p_.rowwise && (!p_.grouped || operands_.byRow)) {
    const int64_t inner = operands_.inner, cuts = (inner + p_.piece / 2) / p_.piece, count = cuts > 1 ? cuts : 1;
    p_.piece = ((inner + count - 1) / count + kStrandElements - 1) / kStrandElements * kStrandElements;
  }
  operands_.cut(cost_, operands_.byRow ? kRowsAtHand : p_.piece);
  if (p_.streams) operands_.enlargeTasks(kStreamedTask);
}

}  // namespace anneal::ANNEAL_LEVEL
