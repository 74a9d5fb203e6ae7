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
  int firstLive = 0;                // of its live values among the program's (live.h)
  std::vector<uint64_t> plan = {};  // FusedArgs::plan

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
  template <class F, class... P>
  static void visit(F& f, Role role, P*&... pointers) {
    const auto one = [&](auto*& pointer) {
      using T = std::remove_const_t<std::remove_pointer_t<std::remove_reference_t<decltype(pointer)>>>;
      if (pointer) f(reinterpret_cast<void**>(const_cast<T**>(&pointer)), role);
    };
    (one(pointers), ...);
  }
  template <class F>
  static void fieldsOf(PointwiseArgs& a, F& f) {
    for (int i = 0; i < a.inputs; ++i) visit(f, Role::Read, a.in[i]);
    visit(f, Role::Write, a.out);
  }
  template <class F>
  static void fieldsOf(CopyArgs& a, F& f) {
    visit(f, Role::Read, a.src);
    visit(f, Role::Write, a.dst);
  }
  template <class F>
  static void fieldsOf(FillArgs& a, F& f) {
    visit(f, Role::Write, a.out);
  }
  template <class F>
  static void fieldsOf(RandomArgs& a, F& f) {
    visit(f, Role::Read, a.in);
    visit(f, Role::Write, a.out, a.mask);
  }
  template <class F>
  static void fieldsOf(ReduceArgs& a, F& f) {
    visit(f, Role::Read, a.src);
    visit(f, Role::Write, a.dst);
  }
  template <class F>
  static void fieldsOf(MatmulArgs& a, F& f) {
    visit(f, Role::Read, a.a, a.b, a.bias, a.residual, a.gate);
    visit(f, Role::Write, a.rowSums);
    visit(f, a.descends ? Role::Update : Role::Write, a.c);
  }
  template <class F>
  static void fieldsOf(SoftmaxArgs& a, F& f) {
    visit(f, Role::Read, a.in, a.dout);
    visit(f, Role::Write, a.out);
  }
  template <class F>
  static void fieldsOf(CrossEntropyArgs& a, F& f) {
    visit(f, Role::Read, a.in, a.index, a.target, a.weight, a.dout);
    visit(f, Role::Write, a.out);
  }
  template <class F>
  static void fieldsOf(IndexArgs& a, F& f) {
    visit(f, Role::Read, a.src, a.index, a.base);
    visit(f, Role::Write, a.out);
  }
  template <class F>
  void fieldsOf(FusedArgs&, F& f) {
    for (FusedOperand& input : inputs) visit(f, Role::Read, input.data);
    for (FusedOperand& output : outputs) visit(f, Role::Write, output.data);
  }
  template <class F>
  void fieldsOf(OptimizerArgs&, F& f) {
    for (OptimizerSlot& slot : slots) {
      visit(f, Role::Read, slot.grad);
      visit(f, Role::Update, slot.param, slot.state[0], slot.state[1], slot.state[2]);
    }
  }
};

}  // namespace anneal
