#include "cpu/fused/program.h"

namespace anneal::ANNEAL_LEVEL {

Program::Program(const FusedArgs& fused) : args(fused), operands(fused.rank, fused.shape) {
  defineInputs();
  defineSteps();
  for (int i = 0; i < args.inputCount; i++) emitOutputs(args.inputs[i].reg, 0);
  for (int i = 0; i < args.stepCount; i++) {
    const FusedStep& step = args.steps[i];
    emitStep(step, stepPhase_[i]);
    if (reg_[step.out].width == Width::Full) emitOutputs(step.out, stepPhase_[i]);
  }
  for (int i = 0; i < args.stepCount; i++) {
    if (reg_[args.steps[i].out].width != Width::Full) emitOutputs(args.steps[i].out, phases - 1);
  }
  emitRowOutputs();
  values.closeUntil(phases + 1);
  pieces.closeUntil(phases);
  folds.closeUntil(phases);
  assignSlots();
  choosePiece();
}

uint16_t Program::newPlace(PlaceKind kind, int size, int index) {
  const bool moves = kind != PlaceKind::Slot && kind != PlaceKind::Value;
  place[places] = {kind, moves, static_cast<uint8_t>(size), static_cast<uint16_t>(index)};
  return static_cast<uint16_t>(places++);
}

int Program::outSize(const FusedStep& step) const {
  if (step.kind == FusedKind::Cast) return elementSize(step.to);
  return step.kind == FusedKind::Pointwise && tileRow(step.op).kind == Kind::Compare ? 1 : elementSize(step.dtype);
}

// ---- what registers are ---------------------------------------------------------------------------------------------
// As the strides alone show it.
Width Program::widthOf(const FusedOperand& input) const {
  const int last = operands.outer;
  if (operands.inner == 1 || input.strides[last] != 0) return Width::Full;
  for (int d = 0; d < last; d++) {
    if (input.strides[d] != 0 && args.shape[d] != 1) return Width::Row;
  }
  return Width::Fixed;
}

Width Program::widthOf(const FusedStep& step) const {
  if (step.kind == FusedKind::Reduce) return Width::Row;
  Width width = Width::Fixed;
  for (int k = 0; k < inputsOf(step); k++) {
    if (reg_[step.in[k]].width > width) width = reg_[step.in[k]].width;
  }
  return width;
}

void Program::defineInputs() {
  for (int i = 0; i < args.inputCount; i++) {
    const FusedOperand& input = args.inputs[i];
    const int size = elementSize(input.dtype);
    operands.add(input.data, input.strides, size);
    reg_[input.reg] = {widthOf(input), static_cast<uint8_t>(size), true, false, -1, 0, 0, -1, 0};
  }
  // Is there something to compute a row at a time?
  for (int i = 0; i < args.stepCount; i++) {
    const Width width = widthOf(args.steps[i]);
    reg_[args.steps[i].out].width = width;
    rowwise = rowwise || width == Width::Row;
  }
  for (int o = 0; o < args.outputCount; o++) rowwise = rowwise || args.outputs[o].row;
  grouped = rowwise && operands.shared;
  operands.classify(rowwise);
  for (int i = 0; i < args.inputCount; i++) {
    Register& reg = reg_[args.inputs[i].reg];
    const Access access = operands.operand[i].access;
    reg.width = access == Access::Fixed                                    ? Width::Fixed
                : access == Access::FixedRow || access == Access::RowValue ? Width::Row
                                                                           : Width::Full;
    reg.place = newPlace(PlaceKind::Input, reg.size, i);
    place[reg.place].moves = reg.width == Width::Full;
  }
}

void Program::defineSteps() {
  int phase = 0;
  for (int i = 0; i < args.stepCount; i++) {
    const FusedStep& step = args.steps[i];
    for (int k = 0; k < inputsOf(step); k++) {
      if (reg_[step.in[k]].phase > phase) phase = reg_[step.in[k]].phase;
    }
    const bool folds = step.kind == FusedKind::Reduce;
    for (int k = 0; k < inputsOf(step); k++) {
      Register& in = reg_[step.in[k]];
      in.wide = in.wide || folds || in.phase < phase;
    }
    stepPhase_[i] = static_cast<int16_t>(phase);
    reg_[step.out] = {widthOf(step),
                      static_cast<uint8_t>(outSize(step)),
                      false,
                      false,
                      -1,
                      static_cast<int16_t>(folds ? phase + 1 : phase),
                      0,
                      -1,
                      0};
    if (reg_[step.out].width == Width::Full) cost_ += step.kind == FusedKind::Pointwise ? tileRow(step.op).cost : 1;
  }
  phases = phase + 1;
  if (cost_ == 0) cost_ = 1;
  for (int o = 0; o < args.outputCount; o++) {
    Register& reg = reg_[args.outputs[o].reg];
    const bool made = reg.width == Width::Full && !reg.input;
    if (made && reg.output < 0) reg.output = static_cast<int16_t>(o);
    if (reg.width != Width::Full && !args.outputs[o].row && reg.phase >= phases) phases = reg.phase + 1;
  }
}

// ---- instructions ---------------------------------------------------------------------------------------------------
// The values of several rows, each repeated along its row.
uint16_t Program::spreadOf(Register& reg, int phase) {
  if (reg.spreadPhase != phase) {
    reg.spread = newPlace(PlaceKind::Slot, reg.size);
    reg.spreadPhase = static_cast<int16_t>(phase);
    pieces.append(phase, Action::Spread, reg.size, reg.spread).in[0] = reg.place;
  }
  return reg.spread;
}

void Program::emitStep(const FusedStep& step, int phase) {
  Register& reg = reg_[step.out];
  if (step.kind == FusedKind::Reduce) {
    Register& in = reg_[step.in[0]];
    uint16_t from = in.place;
    if (in.width != Width::Full) {
      from = newPlace(PlaceKind::Wide, in.size, wides++);
      const bool spread = grouped && in.width == Width::Row;
      pieces.append(phase, spread ? Action::Spread : Action::Fill, in.size, from).in[0] = in.place;
    }
    reg.place = newPlace(PlaceKind::Value, reg.size, valuePlaces++);
    Instruction& fold = folds.append(phase, Action::Fold, reg.size, reg.place);
    fold.in[0] = from;
    fold.each = grouped;
    fold.fold = foldRowsFor(step.reduce, step.dtype);
    return;
  }
  const bool full = reg.width == Width::Full;
  uint16_t in[3];
  uint32_t fixed = 0;
  for (int k = 0; k < inputsOf(step); k++) {
    Register& from = reg_[step.in[k]];
    const bool spread = full && grouped && from.width == Width::Row;
    in[k] = spread ? spreadOf(from, phase) : from.place;
    const bool repeated = from.width == Width::Fixed || (from.width == Width::Row && !grouped);
    if (repeated) fixed |= uint32_t{1} << k;
  }
  if (!full)
    reg.place = newPlace(PlaceKind::Value, reg.size, valuePlaces++);
  else if (reg.output >= 0)
    reg.place = newPlace(PlaceKind::Output, reg.size, reg.output);
  else
    reg.place = reg.wide ? newPlace(PlaceKind::Wide, reg.size, wides++) : newPlace(PlaceKind::Slot, reg.size);
  const bool casts = step.kind == FusedKind::Cast;
  Instruction& made = (full ? pieces : values).append(phase, casts ? Action::Cast : Action::Tile, reg.size, reg.place);
  for (int k = 0; k < inputsOf(step); k++) made.in[k] = in[k];
  made.fixed = fixed;
  made.each = grouped && reg.width == Width::Row;
  made.params = step.params;
  if (casts)
    made.cast = castFor(step.dtype, step.to);
  else
    made.tile = tileFunction("fused", step.op, step.dtype);
}

// What has to be copied from a register to outputs over the whole shape.
void Program::emitOutputs(uint16_t number, int phase) {
  const Register& reg = reg_[number];
  for (int o = 0; o < args.outputCount; o++) {
    const FusedOperand& output = args.outputs[o];
    if (output.reg != number || reg.output == o) continue;
    if (output.row && reg.width != Width::Full) continue;
    const uint16_t to = newPlace(PlaceKind::Output, reg.size, o);
    const Action action = reg.width == Width::Full             ? Action::Copy
                          : reg.width == Width::Row && grouped ? Action::Spread
                                                               : Action::Fill;
    pieces.append(phase, action, reg.size, to).in[0] = reg.place;
  }
}

void Program::emitRowOutputs() {
  for (int o = 0; o < args.outputCount; o++) {
    const Register& reg = reg_[args.outputs[o].reg];
    if (!args.outputs[o].row || reg.width == Width::Full) continue;
    const uint16_t to = newPlace(PlaceKind::Output, reg.size, o);
    place[to].moves = false;
    const Action action = reg.width == Width::Row ? Action::Copy : Action::Fill;
    Instruction& made = values.append(phases, action, reg.size, to);
    made.in[0] = reg.place;
    made.each = true;
  }
}

// ---- slots ----------------------------------------------------------------------------------------------------------
// Slots for what lives within a phase. A result may take the slot of an operand that is read for the last time where its
// elements are as wide.
void Program::assignSlots() {
  int last[kPlaces];
  bool assigned[kPlaces] = {};
  for (int i = 0; i < pieces.count; i++) {
    const Instruction& at = pieces.list[i];
    last[at.out] = i;
    for (const uint16_t in : at.in) last[in] = i;
  }
  uint16_t free[kPlaces];
  int freeCount = 0;
  for (int i = 0; i < pieces.count; i++) {
    const Instruction& at = pieces.list[i];
    const auto release = [&](bool fitting) {
      for (int k = 0; k < 3; k++) {
        const uint16_t in = at.in[k];
        if (place[in].kind != PlaceKind::Slot || in == at.out || last[in] != i || !assigned[in]) continue;
        if (fitting && (at.action != Action::Tile || place[in].size != at.size)) continue;
        assigned[in] = false;
        free[freeCount++] = place[in].index;
      }
    };
    release(true);
    if (place[at.out].kind == PlaceKind::Slot) {
      place[at.out].index = static_cast<uint16_t>(freeCount > 0 ? free[--freeCount] : slots++);
      assigned[at.out] = true;
      if (place[at.out].size > slotSize) slotSize = place[at.out].size;
    }
    release(false);
    if (place[at.out].kind == PlaceKind::Slot && last[at.out] == i) free[freeCount++] = place[at.out].index;
  }
}

// As much as lets all that a piece touches stay in the L1 cache.
void Program::choosePiece() {
  int64_t bytes = slots * slotSize;
  for (int i = 0; i < places; i++) {
    if (place[i].moves) bytes += place[i].size;
  }
  piece = bytes > 0 ? kCacheBytes / bytes / 64 * 64 : kLargestPiece;
  piece = piece < kLeastPiece ? kLeastPiece : piece > kLargestPiece ? kLargestPiece : piece;
  operands.cut(cost_, piece);
}

}  // namespace anneal::ANNEAL_LEVEL
