// One kernel of a traced program: its arguments, and every pointer in them with what the kernel does there.
#pragma once
#include <string>
#include <vector>

#include "core/capture.h"

namespace anneal {

enum class Role : uint8_t { Read, Write, Update };
inline bool reads(Role role) { return role != Role::Write; }
inline bool writes(Role role) { return role != Role::Read; }

struct Kernel {
  const char* op;     // the operator that launched it; null: removed
  std::string label;  // its name, and those of what was fused into it
  KernelArgs args;
  std::vector<OptimizerSlot> slots;  // what OptimizerArgs points to
  // What FusedArgs points to.
  std::vector<FusedOperand> inputs, outputs;
  std::vector<FusedStep> steps;
  int firstLive = 0;  // of its live values among the program's (live.h)

  // f(void** field, Role) for every pointer that is not null.
  template <class F>
  void forPointerFields(F&& f) {
    std::visit([&](auto& a) { this->fieldsOf(a, f); }, args);
  }
  // f(const void*, Role), to read them.
  template <class F>
  void forPointers(F&& f) const {
    const_cast<Kernel*>(this)->forPointerFields(
        [&](void** field, Role role) { f(static_cast<const void*>(*field), role); });
  }

 private:
  template <class F, class P>
  static void visit(F& f, P*& pointer, Role role) {
    if (pointer) f(reinterpret_cast<void**>(const_cast<std::remove_const_t<P>**>(&pointer)), role);
  }
  template <class F>
  static void fieldsOf(PointwiseArgs& a, F& f) {
    for (int i = 0; i < a.inputs; ++i) visit(f, a.in[i], Role::Read);
    visit(f, a.out, Role::Write);
  }
  template <class F>
  static void fieldsOf(CopyArgs& a, F& f) {
    visit(f, a.src, Role::Read);
    visit(f, a.dst, Role::Write);
  }
  template <class F>
  static void fieldsOf(FillArgs& a, F& f) {
    visit(f, a.out, Role::Write);
  }
  template <class F>
  static void fieldsOf(RandomArgs& a, F& f) {
    visit(f, a.in, Role::Read);
    visit(f, a.out, Role::Write);
    visit(f, a.mask, Role::Write);
  }
  template <class F>
  static void fieldsOf(ReduceArgs& a, F& f) {
    visit(f, a.src, Role::Read);
    visit(f, a.dst, Role::Write);
  }
  template <class F>
  static void fieldsOf(MatmulArgs& a, F& f) {
    visit(f, a.a, Role::Read);
    visit(f, a.b, Role::Read);
    visit(f, a.bias, Role::Read);
    visit(f, a.residual, Role::Read);
    visit(f, a.gate, Role::Read);
    visit(f, a.rowSums, Role::Write);
    visit(f, a.c, Role::Write);
  }
  template <class F>
  static void fieldsOf(SoftmaxArgs& a, F& f) {
    visit(f, a.in, Role::Read);
    visit(f, a.dout, Role::Read);
    visit(f, a.out, Role::Write);
  }
  template <class F>
  static void fieldsOf(CrossEntropyArgs& a, F& f) {
    visit(f, a.in, Role::Read);
    visit(f, a.index, Role::Read);
    visit(f, a.target, Role::Read);
    visit(f, a.weight, Role::Read);
    visit(f, a.dout, Role::Read);
    visit(f, a.out, Role::Write);
  }
  template <class F>
  static void fieldsOf(IndexArgs& a, F& f) {
    visit(f, a.src, Role::Read);
    visit(f, a.index, Role::Read);
    visit(f, a.base, Role::Read);
    visit(f, a.out, Role::Write);
  }
  template <class F>
  void fieldsOf(FusedArgs&, F& f) {
    for (FusedOperand& input : inputs) visit(f, input.data, Role::Read);
    for (FusedOperand& output : outputs) visit(f, output.data, Role::Write);
  }
  template <class F>
  void fieldsOf(OptimizerArgs&, F& f) {
    for (OptimizerSlot& slot : slots) {
      visit(f, slot.grad, Role::Read);
      visit(f, slot.param, Role::Update);
      for (void*& state : slot.state) visit(f, state, Role::Update);
    }
  }
};

}  // namespace anneal
