// Chains of pointwise operators, casts and row reductions become one kernel that goes over memory once.
//
// Kernels are taken in order into groups. A group runs where its last member stood, so it is closed as soon as a kernel outside
// of it needs what a member has written, or overwrites what one reads.
#include <algorithm>
#include <optional>
#include <string>

#include "compile/graph.h"
#include "compile/space.h"
#include "core/dtype.h"
#include "core/pointwise.h"

namespace anneal {

namespace {

constexpr int64_t kLeastElements = 256;  // with fewer, setting up a chain costs more than it saves
constexpr int kMostSteps = 32;
constexpr size_t kMostTried = 64;  // groups that are asked to take a kernel because they read what it reads

struct ChainInput {
  const void* data;
  DType dtype;
  Strides strides;
};

// A kernel as a step of a chain.
struct Item {
  FusedStep step{};
  Space space;
  std::vector<ChainInput> operands;
  const void* out = nullptr;
  DType outType{};
  int64_t row = 0;  // of a reduction: what it reduces
};

std::optional<Item> itemOf(const PointwiseArgs& args) {
  Item item;
  item.step.kind = FusedKind::Pointwise;
  item.step.op = args.op;
  item.step.dtype = args.dtype;
  std::copy(std::begin(args.params), std::end(args.params), item.step.params);
  item.space = spaceOf(args);
  for (int i = 0; i < args.inputs; ++i) {
    item.operands.push_back(
        {args.in[i], pointwiseInput(args.op, args.dtype, i), stridesOf(args.strides[i], args.rank)});
  }
  item.out = args.out;
  item.outType = pointwiseResult(args.op, args.dtype);
  // A kernel that fails loses all of its results, and so would a chain with one in it.
  return args.inputs <= 3 && !pointwiseFails(args.op, args.dtype) ? std::optional(item) : std::nullopt;
}

std::optional<Item> itemOf(const CopyArgs& args) {
  Item item;
  item.step.kind = FusedKind::Cast;
  item.step.dtype = args.from;
  item.step.to = args.to;
  item.space = spaceOf(args);
  item.operands.push_back({args.src, args.from, stridesOf(args.srcStrides, args.rank)});
  item.out = args.dst;
  item.outType = args.to;
  const bool dense = stridesOf(args.dstStrides, args.rank) == denseStrides(item.space);
  return dense && args.from != args.to && args.write == Role::Write ? std::optional(item) : std::nullopt;
}

std::optional<Item> itemOf(const ReduceArgs& args) {
  Item item;
  item.step.kind = FusedKind::Reduce;
  item.step.reduce = args.op;
  item.step.dtype = args.dtype;
  item.step.params[0] = args.correction;
  const bool dropped = args.op == ReduceOp::Prod || args.op == ReduceOp::ArgMax || args.op == ReduceOp::ArgMin;
  if (dropped || args.inner != 1 || args.extent < 2 || args.extent > kFusedRow || args.outer < 2) return std::nullopt;
  item.space = {args.outer, args.extent};
  item.operands.push_back({args.src, args.dtype, denseStrides(item.space)});
  item.out = args.dst;
  item.outType = args.dtype;
  item.row = args.extent;
  return item;
}

template <class Args>
std::optional<Item> itemOf(const Args&) {
  return std::nullopt;
}

struct Register {
  const void* data;
  DType dtype;
  uint16_t number;
  bool row;  // one value per row
};

struct Group {
  Space space;
  int64_t row = 0;  // the last dimension, where a member reduces it
  std::vector<ChainInput> inputs;
  std::vector<uint16_t> inputRegisters;
  std::vector<FusedStep> steps;
  std::vector<Register> results;
  std::vector<int> members;
  uint16_t registers = 0;
  bool open = true;

  bool readsFrom(const void* data) const {
    return std::any_of(inputs.begin(), inputs.end(), [&](const ChainInput& input) { return input.data == data; });
  }

  Space rows() const { return Space(space.begin(), space.end() - 1); }

  const Register* resultAt(const void* data) const {
    const auto found = std::find_if(results.begin(), results.end(), [&](const Register& r) { return r.data == data; });
    return found == results.end() ? nullptr : &*found;
  }

  uint16_t inputRegister(const ChainInput& operand) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      const ChainInput& known = inputs[i];
      if (known.data == operand.data && known.dtype == operand.dtype && known.strides == operand.strides) {
        return inputRegisters[i];
      }
    }
    inputs.push_back(operand);
    inputRegisters.push_back(registers);
    return registers++;
  }

  // Makes the item its next step, if it can be one.
  bool take(const Item& item, int kernel) {
    if (inputs.size() + item.operands.size() > kFusedInputs) return false;
    const bool inRows = row > 1 && item.row == 0 && sizeOf(item.space) * row == sizeOf(space);
    if (!inRows && sizeOf(item.space) != sizeOf(space)) return false;
    const auto cuts = commonCuts(inRows ? rows() : space, item.space);
    if (!cuts) return false;
    Space whole = *cuts;
    if (inRows) whole.push_back(row);
    if (item.row > 0 && (whole.back() != item.row || (row > 0 && row != item.row))) return false;
    if (whole.size() > kRank || (row > 0 && whole.back() != row)) return false;

    const Strides dense = denseStrides(*cuts);
    Strides denseRows = denseStrides(Space(whole.begin(), whole.end() - 1));
    denseRows.push_back(0);
    std::vector<ChainInput> operands = item.operands;
    for (ChainInput& operand : operands) {
      operand.strides = cutStrides(item.space, operand.strides, *cuts);
      const bool isDense = operand.strides == dense;
      if (inRows) operand.strides.push_back(0);
      const Register* result = resultAt(operand.data);
      if (result && (result->row ? operand.strides != denseRows : inRows || !isDense)) return false;
    }

    if (item.row > 0) row = item.row;
    if (whole != space) {
      for (ChainInput& input : inputs) input.strides = cutStrides(space, input.strides, whole);
      space = std::move(whole);
    }
    FusedStep step = item.step;
    for (size_t i = 0; i < operands.size(); ++i) {
      const Register* result = resultAt(operands[i].data);
      step.in[i] = result ? result->number : inputRegister(operands[i]);
    }
    step.out = registers++;
    steps.push_back(step);
    results.push_back({item.out, item.outType, step.out, inRows || item.row > 0});
    members.push_back(kernel);
    if (steps.size() == kMostSteps || inputs.size() == kFusedInputs) open = false;
    return true;
  }
};

class Fuser {
 public:
  explicit Fuser(Graph& graph)
      : graph_(graph), uses_(graph.uses()), groupOf_(graph.kernels.size(), -1), users_(graph.buffers.size()) {}

  void run() {
    for (int k = 0; k < static_cast<int>(graph_.kernels.size()); ++k) {
      const std::optional<Item> item = candidate(k);
      const int home = item ? place(*item, k) : -1;
      closeTouched(k, home);
      if (home >= 0) enter(k, home);
    }
    for (int g = 0; g < static_cast<int>(groups_.size()); ++g) {
      if (groups_[g].members.size() > 1) emit(g);
    }
    graph_.sweep();
  }

 private:
  std::optional<Item> candidate(int k) const {
    std::optional<Item> item = std::visit([](const auto& args) { return itemOf(args); }, graph_.kernels[k].args);
    if (!item || item->space.empty() || sizeOf(item->space) == 0) return std::nullopt;
    if (std::find(item->space.begin(), item->space.end(), 1) != item->space.end()) return std::nullopt;
    // The result is all of a buffer that nobody else writes.
    const int out = graph_.bufferOf(item->out);
    const int64_t size = sizeOf(item->space) / std::max<int64_t>(item->row, 1);
    const bool whole = graph_.placeOf(item->out) == 0 &&
                       graph_.buffers[out].bytes == static_cast<size_t>(size) * anneal::sizeOf(item->outType);
    if (!whole || uses_[out].writers.size() != 1 || graph_.buffers[out].isGiven()) return std::nullopt;
    return item;
  }

  // The group that takes the kernel: one that makes or reads what it reads, or a new one.
  int place(const Item& item, int k) {
    for (const int g : makersOf(item)) {
      if (groups_[g].open && groups_[g].take(item, k)) return g;
    }
    for (const int g : readersOf(item)) {
      if (groups_[g].take(item, k)) return g;
    }
    if (sizeOf(item.space) < kLeastElements) return -1;
    Group fresh;
    fresh.space = item.space;
    if (!fresh.take(item, k)) return -1;
    groups_.push_back(std::move(fresh));
    return static_cast<int>(groups_.size()) - 1;
  }

  // The groups that make what an item reads, oldest first.
  std::vector<int> makersOf(const Item& item) const {
    std::vector<int> makers;
    for (const ChainInput& operand : item.operands) {
      for (const int writer : uses_[graph_.bufferOf(operand.data)].writers) {
        const int g = groupOf_[writer];
        if (g >= 0 && groups_[g].resultAt(operand.data)) makers.push_back(g);
      }
    }
    return inOrder(std::move(makers));
  }

  // The latest groups that read what an item reads, oldest first.
  std::vector<int> readersOf(const Item& item) {
    std::vector<int> readers;
    for (const ChainInput& operand : item.operands) {
      const bool varies =
          std::any_of(operand.strides.begin(), operand.strides.end(), [](int64_t stride) { return stride != 0; });
      if (!varies) continue;
      std::vector<int>& groups = users_[graph_.bufferOf(operand.data)].readers;
      size_t tried = 0;
      bool anyClosed = false;
      for (auto g = groups.rbegin(); g != groups.rend() && tried < kMostTried; ++g, ++tried) {
        anyClosed = anyClosed || !groups_[*g].open;
        if (groups_[*g].open && groups_[*g].readsFrom(operand.data)) readers.push_back(*g);
      }
      if (anyClosed) std::erase_if(groups, [&](int g) { return !groups_[g].open; });
    }
    return inOrder(std::move(readers));
  }

  static std::vector<int> inOrder(std::vector<int> groups) {
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    return groups;
  }

  // Closes the groups with a member whose result kernel k reads or overwrites, or whose operand it overwrites.
  void closeTouched(int k, int home) {
    const auto close = [&](std::vector<int>& groups) {
      for (const int g : groups) {
        if (g != home) groups_[g].open = false;
      }
      std::erase_if(groups, [&](int g) { return g != home; });
    };
    graph_.kernels[k].forPointers([&](const void* p, Role role, const Extent&) {
      Graph::Uses& users = users_[graph_.bufferOf(p)];
      close(users.writers);
      if (writes(role)) close(users.readers);
    });
  }

  void enter(int k, int g) {
    groupOf_[k] = g;
    const auto note = [g](std::vector<int>& groups) {
      if (groups.empty() || groups.back() != g) groups.push_back(g);
    };
    graph_.kernels[k].forPointers([&](const void* p, Role role, const Extent&) {
      Graph::Uses& users = users_[graph_.bufferOf(p)];
      if (writes(role)) note(users.writers);
      if (reads(role)) note(users.readers);
    });
  }

  bool isNeeded(const void* data, int g) const {
    const int buffer = graph_.bufferOf(data);
    const auto& readers = uses_[buffer].readers;
    return graph_.buffers[buffer].needed ||
           std::any_of(readers.begin(), readers.end(), [&](int reader) { return groupOf_[reader] != g; });
  }

  void emit(int g) {
    const Group& group = groups_[g];
    Kernel fused{
        .op = "fused", .label = "", .args = {}, .slots = {}, .inputs = {}, .outputs = {}, .steps = group.steps};
    Space space = group.space;
    std::vector<ChainInput> inputs = group.inputs;
    std::vector<Strides*> strides;
    for (ChainInput& input : inputs) strides.push_back(&input.strides);
    joinDimensions(space, strides, group.row > 0 ? 1 : 0);
    const auto operand = [](const void* data, DType dtype, uint16_t number) {
      FusedOperand result{};
      result.data = const_cast<void*>(data);
      result.dtype = dtype;
      result.reg = number;
      return result;
    };
    for (size_t i = 0; i < inputs.size(); ++i) {
      FusedOperand input = operand(inputs[i].data, inputs[i].dtype, group.inputRegisters[i]);
      std::copy(inputs[i].strides.begin(), inputs[i].strides.end(), input.strides);
      fused.inputs.push_back(input);
    }
    for (const Register& result : group.results) {
      if (!isNeeded(result.data, g)) continue;
      FusedOperand output = operand(result.data, result.dtype, result.number);
      output.row = result.row;
      fused.outputs.push_back(output);
    }
    FusedArgs args{};
    args.rank = static_cast<uint8_t>(space.size());
    std::copy(space.begin(), space.end(), args.shape);
    args.inputCount = static_cast<int>(fused.inputs.size());
    args.outputCount = static_cast<int>(fused.outputs.size());
    args.stepCount = static_cast<int>(fused.steps.size());
    args.registers = group.registers;
    fused.args = args;
    for (const int member : group.members) {
      Kernel& kernel = graph_.kernels[member];
      fused.label += (fused.label.empty() ? "" : " + ") + kernel.label;
      kernel.op = nullptr;
    }
    graph_.kernels[group.members.back()] = std::move(fused);
  }

  Graph& graph_;
  std::vector<Graph::Uses> uses_;
  std::vector<Group> groups_;
  std::vector<int> groupOf_;  // of each kernel, or -1
  std::vector<Graph::Uses>
      users_;  // of each buffer: groups with members that write or read it; some of them closed since
};

}  // namespace

void fuseChains(Graph& graph) { Fuser(graph).run(); }

}  // namespace anneal
