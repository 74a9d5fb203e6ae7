// Kernels whose results depend on different operands, where some of those are lost: the results that do not depend on them are
// computed as ever. See docs/architecture.md, "Failures".
#include <new>
#include <utility>
#include <vector>

#include "core/kernels/collective.h"
#include "core/kernels/fused.h"
#include "core/kernels/matmul.h"
#include "core/pointwise.h"
#include "core/stream.h"

namespace anneal {

namespace {

constexpr std::align_val_t kAlign{64};

// Memory for a result that nobody gets.
class Scratch {
 public:
  Scratch(LostMemory& lost, int64_t bytes)
      : lost_(&lost), bytes_(bytes), data_(::operator new(static_cast<size_t>(bytes), kAlign)) {}
  Scratch(Scratch&& other) noexcept
      : lost_(other.lost_), bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    if (!data_) return;
    lost_->remove(data_, static_cast<char*>(data_) + bytes_);
    ::operator delete(data_, kAlign);
  }
  void* data() const { return data_; }

 private:
  LostMemory* lost_;
  int64_t bytes_;
  void* data_;
};

int inputsOf(const FusedStep& step) { return step.kind == FusedKind::Pointwise ? pointwiseInputs(step.op) : 1; }

}  // namespace

std::vector<OptimizerSlot> Stream::slotsThere(const OptimizerTable& table) {
  std::vector<OptimizerSlot> slots;
  for (int64_t i = 0; i < table.slots; ++i) {
    OptimizerTable one = table;
    one.slots = 1;
    one.slot = &table.slot[i];
    if (const FailureRef failure = lossOf(one))
      noteSkip(failure);
    else
      slots.push_back(table.slot[i]);
  }
  return slots;
}

// A result is lost if one of the inputs is from which its register comes.
void Stream::stepFused(Stream& stream, const Kind& kind, Thunk kernel, const void* args) {
  FusedArgs part = *static_cast<const FusedArgs*>(args);  // with outputs of its own
  LostMemory& lost = stream.lost_;
  const auto memoryOf = [&](const FusedOperand& operand, bool output) {
    const Extent extent =
        output ? denseExtent(operand.dtype, elements(part.shape, operand.row ? part.rank - 1 : part.rank))
               : stridedExtent(operand.dtype, part.rank, part.shape, operand.strides);
    return memoryUse(operand.data, output ? Role::Write : Role::Read, extent);
  };
  std::vector<FailureRef> failures(static_cast<size_t>(part.registers));
  for (int i = 0; i < part.inputCount; ++i) {
    const MemoryUse use = memoryOf(part.inputs[i], false);
    failures[part.inputs[i].reg] = lost.in(use.begin, use.end);
  }
  for (int s = 0; s < part.stepCount; ++s) {
    const FusedStep& step = part.steps[s];
    for (int i = 0; i < inputsOf(step); ++i) failures[step.out] = earlier(failures[step.out], failures[step.in[i]]);
  }
  std::vector<FusedOperand> outputs(part.outputs, part.outputs + part.outputCount);
  {
    std::vector<Scratch> scratch;
    for (FusedOperand& output : outputs) {
      if (!failures[output.reg]) continue;
      const MemoryUse use = memoryOf(output, true);
      output.data = scratch.emplace_back(lost, use.end - use.begin).data();
    }
    const FusedOperand* original = std::exchange(part.outputs, outputs.data());
    if (scratch.size() < outputs.size()) stream.stepWhole(kind, kernel, &part);
    part.outputs = const_cast<FusedOperand*>(original);
  }
  for (int i = 0; i < part.outputCount; ++i) {
    const MemoryUse use = memoryOf(part.outputs[i], true);
    if (failures[part.outputs[i].reg]) lost.add(use.begin, use.end, failures[part.outputs[i].reg]);
  }
  stream.publish();
}

// This process takes part without its data: the others would wait for it, and learn by it that they have no result either.
void Stream::stepCollective(Stream& stream, const Kind& kind, Thunk kernel, const void* args) {
  CollectiveArgs without = *static_cast<const CollectiveArgs*>(args);
  const FailureRef failure = stream.lossOf(without);
  without.lost = failure->error.message().c_str();
  attempt(kind, kernel, &without);
  stream.leaveOut(kind, args, failure);
  stream.publish();
}

// Sums of the rows of a depend on a alone.
void Stream::stepMatmul(Stream& stream, const Kind& kind, Thunk kernel, const void* args) {
  const MatmulArgs& all = *static_cast<const MatmulArgs*>(args);
  MatmulArgs product = all, sums = all;
  product.rowSums = nullptr;
  sums.b = sums.packedB = nullptr;
  sums.epilogue = {};
  sums.c = nullptr;
  sums.steps = nullptr;
  const FailureRef failure = stream.lossOf(all), failureOfSums = stream.lossOf(sums);
  if (all.rowSums && failureOfSums) stream.leaveOut(kind, &sums, failureOfSums);
  if (all.rowSums && !failureOfSums) {
    const int64_t size = elements(all.batchShape, all.batchRank) * all.m * all.n;
    const Scratch scratch(stream.lost_, size * static_cast<int64_t>(sizeOf(all.dtype)));
    sums = all;
    sums.c = scratch.data();
    sums.updatesC = false;
    sums.steps = nullptr;
    stream.stepWhole(kind, kernel, &sums);
  }
  stream.leaveOut(kind, &product, failure);
  stream.publish();
}

}  // namespace anneal
