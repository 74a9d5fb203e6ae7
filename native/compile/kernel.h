// One kernel of a traced program: its arguments, and the arrays that they point to.
#pragma once
#include <cstring>
#include <string>
#include <vector>

#include "core/capture.h"
#include "core/error.h"

namespace anneal {

struct Kernel {
  const char* op;     // the operator that launched it; null: removed
  std::string label;  // its name, and those of what was fused into it
  KernelArgs args;
  std::vector<OptimizerSlot> slots;  // what an optimizer's record points to
  // What FusedArgs points to.
  std::vector<FusedOperand> inputs, outputs;
  std::vector<FusedStep> steps;
  // Its dynamic values among those of the program, by name.
  struct DynamicValue {
    const char* name;
    size_t at;
  };
  std::vector<DynamicValue> dynamicValues = {};
  std::vector<uint64_t> plan = {};  // FusedArgs::plan

  // The part that the records of optimizers share; null for other kernels.
  OptimizerTable* optimizerTable() {
    return std::visit(
        [](auto& a) -> OptimizerTable* {
          if constexpr (std::is_base_of_v<OptimizerTable, std::decay_t<decltype(a)>>) return &a;
          return nullptr;
        },
        args);
  }

  // Points the arguments to the arrays, which move when the kernel does.
  void attach() {
    if (OptimizerTable* table = optimizerTable()) table->slot = slots.data();
    if (auto* fused = std::get_if<FusedArgs>(&args)) {
      fused->inputs = inputs.data();
      fused->outputs = outputs.data();
      fused->steps = steps.data();
    }
  }

  // f(void** field, Role, Extent) for every pointer that is not null.
  template <class F>
  void forPointerFields(F&& f) {
    attach();
    const auto visit = [&](auto*& pointer, Role role, const Extent& extent) {
      using T = std::remove_const_t<std::remove_pointer_t<std::remove_reference_t<decltype(pointer)>>>;
      if (pointer) f(reinterpret_cast<void**>(const_cast<T**>(&pointer)), role, extent);
    };
    std::visit([&](auto& a) { a.pointers(visit); }, args);
  }
  // f(const void*, Role, Extent), to read them.
  template <class F>
  void forPointers(F&& f) const {
    const_cast<Kernel*>(this)->forPointerFields(
        [&](void** field, Role role, const Extent& extent) { f(static_cast<const void*>(*field), role, extent); });
  }

  // f(name, field) for every dynamic value: an argument that changes from run to run while the rest of a program stays. Each is eight
  // bytes.
  template <class F>
  void forDynamicFields(F&& f) {
    std::visit([&](auto& a) { a.dynamicFields(f); }, args);
  }
  bool isDynamic() const { return !dynamicValues.empty(); }
  // The place of a dynamic value among those of the program.
  size_t placeOfDynamic(const char* name) const {
    for (const DynamicValue& value : dynamicValues) {
      if (std::strcmp(value.name, name) == 0) return value.at;
    }
    fail(ErrorKind::Argument, "[compile] %s has no dynamic value '%s'", label.c_str(), name);
  }
};

}  // namespace anneal
