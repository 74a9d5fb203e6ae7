#include "compile/code.h"

#include <cstring>

#include "core/stream.h"
#include "ops/operator.h"

namespace anneal {

namespace {

template <class Args>
void invoke(void (*kernel)(), const void* args) {
  reinterpret_cast<void (*)(const Args&)>(kernel)(*static_cast<const Args*>(args));
}

}  // namespace

void Code::link(const Backend& backend) {
  steps_.clear();
  for (Kernel& kernel : kernels_) {
    kernel.attach();
    if (auto* fused = std::get_if<FusedArgs>(&kernel.args)) {
      kernel.plan.assign(kFusedPlanBytes / sizeof(uint64_t), 0);
      fused->plan = kernel.plan.data();
    }
    steps_.push_back(std::visit(
        [&](const auto& args) -> Step {
          using Args = std::decay_t<decltype(args)>;
          return {reinterpret_cast<void (*)()>(backend.*SlotOf<Args>::kSlot), invoke<Args>, &args};
        },
        kernel.args));
  }
}

void Code::execute(const Run& run) {
  Code& code = *run.code;
  uint64_t* words = run.words;
  const uint64_t* gains = words + code.words_;
  for (int64_t i = 0; i < run.iterations; ++i) {
    if (run.client->cancelled.load(std::memory_order_relaxed)) return;
    for (const Relocation& r : code.relocations_) *r.pointer = reinterpret_cast<void*>(words[r.word] + r.place);
    for (const Value& value : code.values_) std::memcpy(value.field, &words[value.word], sizeof(uint64_t));
    for (const Step& step : code.steps_) step.invoke(step.kernel, step.args);
    for (size_t w = 0; w < code.words_; ++w) words[w] += gains[w];
  }
}

}  // namespace anneal
