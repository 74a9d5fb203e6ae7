// Makes a TileProgram: registers and instructions in program.cc, slots and strands in layout.cc.
#pragma once
#include "cpu/fused/program.h"

namespace anneal::ANNEAL_LEVEL {

class Builder {
 public:
  Builder(TileProgram& program, const FusedArgs& args) : p_(program), args_(args), operands_(program.operands) {}
  void build();

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

  bool repeatsRow() const;
  Width widthOf(const FusedOperand& input) const;
  Width widthOf(const FusedStep& step) const;
  int outSize(const FusedStep& step) const;
  int inputsOf(const FusedStep& step) const { return step.kind == FusedKind::Pointwise ? tileRow(step.op).inputs : 1; }
  uint16_t newPlace(PlaceKind kind, int size, int index = 0);
  void defineInputs();
  void takeRowsTogether();
  void defineSteps();
  void emitStep(const FusedStep& step, int phase);
  void emitFold(const FusedStep& step, int phase);
  void emitOutputs(uint16_t number, int phase);
  void emitRowOutputs();
  uint16_t spreadOf(Register& reg, int phase);
  void emitSpread(Register& reg, int phase, uint16_t to);
  void assignSlots();
  bool isStrandable(const Instruction& at) const;
  void findStrands();
  void emitStrand(int first, int count);
  StrandStep& addStrandStep(StrandFunction run);
  void emitStore(uint16_t result);
  bool isRead(int instruction, int from) const;
  bool isOperand(uint16_t at, int from) const;
  void choosePiece();

  TileProgram& p_;
  const FusedArgs& args_;
  Operands& operands_;
  Register reg_[kFusedRegisters];
  int16_t stepPhase_[kFusedSteps];
  int strandStepCount_ = 0;
  int cost_ = 0;  // of an element
};

}  // namespace anneal::ANNEAL_LEVEL
