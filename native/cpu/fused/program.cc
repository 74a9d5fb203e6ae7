#include "cpu/fused/builder.h"

namespace anneal::ANNEAL_LEVEL {

void Builder::build() {
  p_.rowwise = p_.grouped = p_.streams = false;
  p_.places = p_.slots = p_.wides = p_.valuePlaces = p_.boundCount = p_.movingCount = 0;
  p_.slotSize = 1;
  p_.values.count = p_.values.closed = 0;
  p_.pieces.count = p_.pieces.closed = 0;
  p_.folds.count = p_.folds.closed = 0;
  for (int d = 0; d < args_.rank; d++) p_.shape[d] = args_.shape[d];
  operands_.start(args_.rank, p_.shape);
  defineInputs();
  defineSteps();
  for (int i = 0; i < args_.inputCount; i++) emitOutputs(args_.inputs[i].reg, 0);
  for (int i = 0; i < args_.stepCount; i++) {
    const FusedStep& step = args_.steps[i];
    emitStep(step, stepPhase_[i]);
    if (reg_[step.out].width == Width::Full) emitOutputs(step.out, stepPhase_[i]);
  }
  for (int i = 0; i < args_.stepCount; i++) {
    if (reg_[args_.steps[i].out].width != Width::Full) emitOutputs(args_.steps[i].out, p_.phases - 1);
  }
  emitRowOutputs();
  p_.values.closeUntil(p_.phases + 1);
  p_.pieces.closeUntil(p_.phases);
  p_.folds.closeUntil(p_.phases);
  findStrands();
  assignSlots();
  choosePiece();
}

uint16_t Builder::newPlace(PlaceKind kind, int size, int index) {
  const bool moves = kind != PlaceKind::Slot && kind != PlaceKind::Value;
  p_.place[p_.places] = {kind, moves, false, static_cast<uint8_t>(size), static_cast<uint16_t>(index)};
  return static_cast<uint16_t>(p_.places++);
}

int Builder::outSize(const FusedStep& step) const {
  if (step.kind == FusedKind::Cast) return elementSize(step.to);
  return step.kind == FusedKind::Pointwise && tileRow(step.op).kind == Kind::Compare ? 1 : elementSize(step.dtype);
}

// ---- what registers are ---------------------------------------------------------------------------------------------
// Do all rows take one and the same row, while none takes a value of its own?
bool Builder::repeatsRow() const {
  bool repeats = false;
  for (int i = 0; i < args_.inputCount; i++) {
    const FusedOperand& input = args_.inputs[i];
    const Width width = reg_[input.reg].width;
    if (width == Width::Row) return false;
    bool still = true;
    for (int d = 0; d < operands_.outer; d++) still = still && (input.strides[d] == 0 || args_.shape[d] == 1);
    repeats = repeats || (still && width == Width::Full);
  }
  return repeats;
}

// As the strides alone show it.
Width Builder::widthOf(const FusedOperand& input) const {
  const int last = operands_.outer;
  if (operands_.inner == 1 || input.strides[last] != 0) return Width::Full;
  for (int d = 0; d < last; d++) {
    if (input.strides[d] != 0 && args_.shape[d] != 1) return Width::Row;
  }
  return Width::Fixed;
}

Width Builder::widthOf(const FusedStep& step) const {
  if (step.kind == FusedKind::Reduce) return Width::Row;
  Width width = Width::Fixed;
  for (int k = 0; k < inputsOf(step); k++) {
    if (reg_[step.in[k]].width > width) width = reg_[step.in[k]].width;
  }
  return width;
}

void Builder::defineInputs() {
  for (int i = 0; i < args_.inputCount; i++) {
    const FusedOperand& input = args_.inputs[i];
    const int size = elementSize(input.dtype);
    operands_.add(input.data, input.strides, size);
    reg_[input.reg] = {widthOf(input), static_cast<uint8_t>(size), true, false, -1, 0, 0, -1, 0};
  }
  // Is there something to compute a row at a time?
  for (int i = 0; i < args_.stepCount; i++) {
    const Width width = widthOf(args_.steps[i]);
    reg_[args_.steps[i].out].width = width;
    p_.rowwise = p_.rowwise || width == Width::Row;
  }
  for (int o = 0; o < args_.outputCount; o++) p_.rowwise = p_.rowwise || args_.outputs[o].row;
  if (!p_.rowwise && repeatsRow() && operands_.rows > 1 && operands_.inner <= kRepeatedRow) operands_.shared = true;
  operands_.classify(p_.rowwise);
  takeRowsTogether();
  for (int i = 0; i < args_.inputCount; i++) {
    Register& reg = reg_[args_.inputs[i].reg];
    const Access access = operands_.operand[i].access;
    reg.width = access == Access::Fixed                                    ? Width::Fixed
                : access == Access::FixedRow || access == Access::RowValue ? Width::Row
                                                                           : Width::Full;
    reg.place = newPlace(PlaceKind::Input, reg.size, i);
    p_.place[reg.place].moves = reg.width == Width::Full;
    p_.place[reg.place].alike = access == Access::Once;
  }
}

// Rows share a tile where they are short, and, so that the folds and the values of one do not have to wait for those of
// another, where they are somewhat longer and lie as they are needed.
void Builder::takeRowsTogether() {
  p_.grouped = p_.rowwise && operands_.shared;
  if (!p_.rowwise || p_.grouped || operands_.rows == 1 || operands_.inner > kRowsAtHand / 2) return;
  operands_.shared = true;
  operands_.classify(true);
  bool lies = true;
  for (int i = 0; i < operands_.count; i++) lies = lies && operands_.operand[i].access != Access::EachTile;
  for (int i = 0; i < args_.stepCount; i++) {
    const FusedStep& step = args_.steps[i];
    if (step.kind != FusedKind::Reduce) continue;
    for (int k = 0; k < operands_.count; k++)
      lies = lies && (args_.inputs[k].reg != step.in[0] || operands_.operand[k].access != Access::Once);
  }
  p_.grouped = operands_.shared = operands_.byRow = lies;
  if (!lies) operands_.classify(true);
}

void Builder::defineSteps() {
  int phase = 0;
  for (int i = 0; i < args_.stepCount; i++) {
    const FusedStep& step = args_.steps[i];
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
  p_.phases = phase + 1;
  if (cost_ == 0) cost_ = 1;
  for (int o = 0; o < args_.outputCount; o++) {
    Register& reg = reg_[args_.outputs[o].reg];
    const bool made = reg.width == Width::Full && !reg.input;
    if (made && reg.output < 0) reg.output = static_cast<int16_t>(o);
    if (reg.width != Width::Full && !args_.outputs[o].row && reg.phase >= p_.phases) p_.phases = reg.phase + 1;
  }
}

// ---- instructions ---------------------------------------------------------------------------------------------------
// The values of several rows, each repeated along its row, or the one of the row at hand as a fixed operand.
uint16_t Builder::spreadOf(Register& reg, int phase) {
  if (reg.spreadPhase != phase) {
    reg.spread =
        operands_.byRow ? newPlace(PlaceKind::Value, reg.size, p_.valuePlaces++) : newPlace(PlaceKind::Slot, reg.size);
    reg.spreadPhase = static_cast<int16_t>(phase);
    const Action action = operands_.byRow ? Action::Repeat : Action::Spread;
    p_.pieces.prepend(phase, action, reg.size, reg.spread).in[0] = reg.place;
  }
  return reg.spread;
}

// From a register that is not as wide as the rows to a place that is.
void Builder::emitSpread(Register& reg, int phase, uint16_t to) {
  const bool each = p_.grouped && reg.width == Width::Row;
  const uint16_t from = each && operands_.byRow ? spreadOf(reg, phase) : reg.place;
  p_.pieces.append(phase, each && !operands_.byRow ? Action::Spread : Action::Fill, reg.size, to).in[0] = from;
}

void Builder::emitFold(const FusedStep& step, int phase) {
  Register& in = reg_[step.in[0]];
  Register& reg = reg_[step.out];
  uint16_t from = in.place;
  if (in.width != Width::Full) {
    from = newPlace(PlaceKind::Wide, in.size, p_.wides++);
    emitSpread(in, phase, from);
  }
  reg.place = newPlace(PlaceKind::Value, reg.size, p_.valuePlaces++);
  Instruction& fold = p_.folds.append(phase, Action::Fold, reg.size, reg.place);
  fold.in[0] = from;
  fold.each = p_.grouped;
  fold.step = &step;
  fold.fold = foldRowsFor(step.reduce, step.dtype);
}

void Builder::emitStep(const FusedStep& step, int phase) {
  Register& reg = reg_[step.out];
  if (step.kind == FusedKind::Reduce) return emitFold(step, phase);
  const bool full = reg.width == Width::Full;
  uint16_t in[3];
  uint8_t fixed = 0;
  for (int k = 0; k < inputsOf(step); k++) {
    Register& from = reg_[step.in[k]];
    const bool spread = full && p_.grouped && from.width == Width::Row;
    in[k] = spread ? spreadOf(from, phase) : from.place;
    const bool repeated =
        from.width == Width::Fixed || (from.width == Width::Row && (!p_.grouped || (full && operands_.byRow)));
    if (repeated) fixed = static_cast<uint8_t>(fixed | 1 << k);
  }
  if (!full)
    reg.place = newPlace(PlaceKind::Value, reg.size, p_.valuePlaces++);
  else if (reg.output >= 0)
    reg.place = newPlace(PlaceKind::Output, reg.size, reg.output);
  else
    reg.place = reg.wide ? newPlace(PlaceKind::Wide, reg.size, p_.wides++) : newPlace(PlaceKind::Slot, reg.size);
  const bool casts = step.kind == FusedKind::Cast;
  const Action action = casts ? Action::Cast : Action::Tile;
  Instruction& made = full ? p_.pieces.append(phase, action, reg.size, reg.place)
                           : p_.values.append(phase, action, reg.size, reg.place);
  for (int k = 0; k < inputsOf(step); k++) made.in[k] = in[k];
  made.fixed = fixed;
  made.each = p_.grouped && reg.width == Width::Row;
  made.step = &step;
  if (casts)
    made.cast = castFor(step.dtype, step.to);
  else
    made.tile = tileFunction("fused", step.op, step.dtype);
}

// What has to be copied from a register to outputs over the whole shape.
void Builder::emitOutputs(uint16_t number, int phase) {
  Register& reg = reg_[number];
  for (int o = 0; o < args_.outputCount; o++) {
    const FusedOperand& output = args_.outputs[o];
    if (output.reg != number || reg.output == o) continue;
    if (output.row && reg.width != Width::Full) continue;
    const uint16_t to = newPlace(PlaceKind::Output, reg.size, o);
    if (reg.width == Width::Full)
      p_.pieces.append(phase, Action::Copy, reg.size, to).in[0] = reg.place;
    else
      emitSpread(reg, phase, to);
  }
}

void Builder::emitRowOutputs() {
  for (int o = 0; o < args_.outputCount; o++) {
    const Register& reg = reg_[args_.outputs[o].reg];
    if (!args_.outputs[o].row || reg.width == Width::Full) continue;
    const uint16_t to = newPlace(PlaceKind::Output, reg.size, o);
    p_.place[to].moves = false;
    const Action action = reg.width == Width::Row ? Action::Copy : Action::Fill;
    Instruction& made = p_.values.append(p_.phases, action, reg.size, to);
    made.in[0] = reg.place;
    made.each = true;
  }
}

void TileProgram::build(const FusedArgs& args) {
  Builder(*this, args).build();
  ready = true;
}

}  // namespace anneal::ANNEAL_LEVEL
