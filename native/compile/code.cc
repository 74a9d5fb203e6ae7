#include "compile/code.h"

#include <cstring>

#include "core/stream.h"
#include "ops/operator.h"

namespace anneal {

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
          return {reinterpret_cast<void (*)()>(backend.*SlotOf<Args>::kSlot), Stream::kindOf<Args>(), &args, nullptr};
        },
        kernel.args));
  }
  packOperand_ = backend.packOperand;
  for (const Pack& pack : packs_) steps_[pack.kernel].pack = &pack;
}

// An operand that was laid out while memory ran short, say, is laid out again if it is there itself.
void Code::packAgain(Stream& stream, const Pack& pack) const {
  const auto* packed = static_cast<const char*>(pack.args.packed);
  if (!stream.lost().in(packed, packed + pack.args.bytes)) return;
  stream.step(*Stream::kindOf<PackArgs>(), reinterpret_cast<Stream::Thunk>(packOperand_), &pack.args);
}

void Code::execute(const Run& run) {
  Code& code = *run.code;
  Stream& stream = *run.stream;
  LostMemory& lost = stream.lost();
  uint64_t* words = run.words;
  const uint64_t* gains = words + code.words_;
  const auto* gate = static_cast<const char*>(run.gate);
  for (int64_t i = 0; i < run.iterations; ++i) {
    if (stream.cancelled()) return;
    for (const Relocation& r : code.relocations_) *r.pointer = reinterpret_cast<void*>(words[r.word] + r.place);
    for (const Value& value : code.values_) std::memcpy(value.field, &words[value.word], sizeof(uint64_t));
    if (gate) stream.settle();
    const FailureRef failure = gate && !lost.empty() ? lost.in(gate, gate + run.gateBytes) : nullptr;
    for (const Step& step : code.steps_) {
      if (failure) {
        stream.leaveOut(*step.kind, step.args, failure);
        continue;
      }
      if (!lost.empty() && step.pack) code.packAgain(stream, *step.pack);
      stream.step(*step.kind, step.kernel, step.args);
    }
    if (!lost.empty()) lost.remove(code.scratch_.begin, code.scratch_.begin + code.scratch_.bytes);
    for (size_t w = 0; w < code.words_; ++w) words[w] += gains[w];
  }
}

}  // namespace anneal
