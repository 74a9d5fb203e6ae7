#include "compile/program.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "autograd/tape.h"
#include "ops/copy.h"
#include "ops/operator.h"

namespace anneal {

namespace {

// Of one run, which cannot be interrupted: seconds, for the smallest kernel.
constexpr int64_t kMostIterations = int64_t{1} << 24;

bool areAlike(const TensorSpec& a, const TensorSpec& b) { return a.dtype == b.dtype && a.shape == b.shape; }

void checkGiven(const TensorSpec& given, const TensorSpec& traced) {
  if (areAlike(given, traced)) return;
  fail(ErrorKind::Shape, "[compile] a program traced for %s %s was given %s %s", nameOf(traced.dtype),
       traced.shape.str().c_str(), nameOf(given.dtype), given.shape.str().c_str());
}

}  // namespace

// The buffer of a tensor that stands for what a run is given becomes an input.
void Program::takeInput(Graph& graph, const Tensor& stand, bool bound) {
  Input input{.spec = stand.spec(), .bound = {}};
  if (bound) {
    input.bound = stand;
  } else {
    Buffer& buffer = graph.buffers[graph.bufferOf(stand.storage().data())];
    buffer.place = Place::Input;
    buffer.index = static_cast<int>(inputs_.size());
  }
  inputs_.push_back(std::move(input));
}

void Program::takeInputs(Graph& graph, const Trace& trace) {
  for (const Trace::Input& input : trace.inputs) {
    takeInput(graph, input.stand, input.bound);
    recorded_.push_back({input.requiresGrad, input.leaf, input.itself, input.hooks, input.hookVersion});
  }
  for (const Trace::Grad& grad : trace.grads) {
    if (grad.before.defined()) takeInput(graph, grad.before, !grad.before.storage().traced());
  }
}

// `stacked`: whether the caller wants what each of several iterations leaves there.
Program::Result Program::resultOf(Graph& graph, const Tensor& tensor, bool stacked) {
  Result result{Result::Kept, 0, {}, tensor.spec(), tensor.strides(), tensor.offset()};
  if (!tensor.storage().traced()) {
    result.storage = tensor.impl()->storage;
    return result;
  }
  Buffer& buffer = graph.buffers[graph.bufferOf(tensor.storage().data())];
  buffer.needed = true;
  if (buffer.place == Place::Arena) {
    buffer.place = Place::Output;
    buffer.index = static_cast<int>(outputs_.size());
    outputs_.push_back({buffer.bytes, stacked});
  }
  result.kind = buffer.place == Place::Output ? Result::Made : Result::Given;
  result.index = buffer.index;
  if (result.kind == Result::Given) inputs_[static_cast<size_t>(result.index)].viewed = true;
  return result;
}

void Program::takeGradients(Graph& graph, const Trace& trace) {
  for (const Trace::Grad& grad : trace.grads) {
    Leaf leaf{grad.leaf, grad.consulted, grad.before.defined(), grad.written, grad.after.defined(), {}};
    if (leaf.after) leaf.gradient = resultOf(graph, grad.after, false);
    leaves_.push_back(std::move(leaf));
  }
}

void Program::takeGradFlags(Trace& trace) {
  reached_ = std::move(trace.reached);
  resultsMet_ = std::move(trace.results);
  passed_ = std::move(trace.passed);
  for (const Trace::Reached& reached : reached_) {
    const bool now = requiresGrad(reached.tensor);
    if (now != reached.requiresGrad) flags_.emplace_back(reached.tensor, now);
  }
}

Program::Program(Trace&& trace, const Tensors& outputs)
    : stream_(context().stream), device_(trace.device.value_or(Device::CPU)), spendsGraphs_(trace.spendsGraphs()) {
  for (Kernel& kernel : trace.kernels) {
    kernel.forDynamicFields(
        [&](const char*, const auto& field) { dynamicValues_.push_back(std::bit_cast<uint64_t>(field)); });
  }
  held_ = trace.held;
  Graph graph(trace);
  takeInputs(graph, trace);
  for (const Tensor& output : outputs) results_.push_back(resultOf(graph, output, true));
  takeGradients(graph, trace);
  takeGradFlags(trace);

  before_ = Listing(graph);
  mergeEqualKernels(graph);
  dropUnusedKernels(graph);
  if (backendOf(device_).fused) {
    fuseEpilogues(graph);
    fuseUpdates(graph);
    fuseChains(graph);
  }
  const size_t arena = planMemory(graph);
  after_ = Listing(graph);
  arena_ = Ref<Storage>(new Storage(arena, Allocator::Use::Kernels, device_));

  noteWrites(graph);
  // The words of a run: addresses of inputs, addresses of outputs, dynamic values.
  const size_t outputWords = inputs_.size(), dynamicWords = outputWords + outputs_.size();
  code_ = std::make_unique<Code>(std::move(graph.kernels));
  code_->setWords(dynamicWords + dynamicValues_.size());
  packOperands(graph);
  for (Kernel& kernel : code_->kernels()) {
    kernel.forPointerFields([&](void** pointer, Role, const Extent&) {
      const Buffer& buffer = graph.buffers[graph.bufferOf(*pointer)];
      const size_t place = graph.placeOf(*pointer);
      const auto index = static_cast<size_t>(buffer.index);
      switch (buffer.place) {
        case Place::Arena: *pointer = static_cast<char*>(arena_->data()) + buffer.offset + place; break;
        case Place::Input: code_->relocate(pointer, index, place); break;
        case Place::Output: code_->relocate(pointer, outputWords + index, place); break;
        case Place::Outside: break;
      }
    });
    kernel.forDynamicFields(
        [&](const char* name, auto& field) { code_->revalue(&field, dynamicWords + kernel.placeOfDynamic(name)); });
  }
  for (const Pack& pack : packs_) {
    auto& product = std::get<MatmulArgs>(code_->kernels()[pack.kernel].args);
    product.packedB = pack.args.packed;
    product.packedBytes = pack.args.bytes;
    code_->addPack(pack.kernel, pack.args);
  }
  code_->setScratch(arena_->data(), arena_->bytes());
  code_->link(backendOf(device_));
}

void Program::noteWrites(const Graph& graph) {
  const auto uses = graph.uses();
  for (size_t i = 0; i < graph.buffers.size(); ++i) {
    const Buffer& buffer = graph.buffers[i];
    if (buffer.place == Place::Input) inputs_[static_cast<size_t>(buffer.index)].written = !uses[i].writers.empty();
  }
  for (const Tensor& tensor : held_) {
    Storage& storage = tensor.storage();
    if (uses[graph.bufferOf(storage.data())].writers.empty()) continue;
    changed_.push_back(&storage);
    storage.noteWrittenByPrograms();
  }
}

void Program::packOperands(const Graph& graph) {
  const Backend& backend = backendOf(device_);
  if (!backend.packSize) return;
  for (size_t k = 0; k < code_->kernels().size(); ++k) {
    const auto* product = std::get_if<MatmulArgs>(&code_->kernels()[k].args);
    if (!product || isTraced(product->b)) continue;
    const Storage* operand = &graph.outside(graph.bufferOf(product->b)).storage();
    if (std::find(changed_.begin(), changed_.end(), operand) != changed_.end()) continue;
    const size_t bytes = backend.packSize(*product);
    if (bytes == 0) continue;
    packed_.emplace_back(new Storage(bytes, Allocator::Use::Kernels, device_));
    packs_.push_back(
        {{*product, packed_.back()->data(), static_cast<int64_t>(bytes)}, operand, operand->version() - 1, k});
  }
}

Program::~Program() {
  if (!code_ || stream_->completed() >= lastRun_) return;
  // Runs that were submitted still need it. They have all completed once the environment has ended, and the stream is another's.
  stream_->submitFence(false, [code = code_.release()](const FailureRef&) { delete code; });
}

bool Program::repeats() const {
  return flags_.empty() && !spendsGraphs_ && std::none_of(inputs_.begin(), inputs_.end(), [](const Input& input) {
           return input.bound.defined() || input.written || input.viewed;
         });
}

Tensor Program::given(const Replay& replay, size_t i) const {
  const Tensor& tensor = replay.inputs[i];
  TensorSpec spec = inputs_[i].spec;
  if (replay.stacked && replay.stepped[i]) spec.shape.insert(0, replay.iterations);
  checkGiven(tensor.spec(), spec);
  if (tensor.storage().traced()) fail(ErrorKind::Argument, "[compile] a traced tensor has no values");
  return inputs_[i].bound.defined() ? tensor : dense("compile", tensor);
}

// By output: the memory of a gradient that the run before has left and that nothing else holds any more. Empty where there is none.
std::vector<Ref<Storage>> Program::reusableGradients() const {
  std::vector<Ref<Storage>> found(outputs_.size());
  for (const Leaf& leaf : leaves_) {
    if (!leaf.written || leaf.consulted || !leaf.after || leaf.gradient.kind != Result::Made) continue;
    const auto index = static_cast<size_t>(leaf.gradient.index);
    const GradMeta* meta = gradMeta(leaf.leaf);
    if (!meta || !meta->grad.defined() || outputs_[index].stacked || found[index]) continue;
    const TensorImpl& before = *meta->grad.impl();
    const bool ours = before.references() == 1 && before.storage->references() == 1 &&
                      before.storage->bytes() == outputs_[index].bytes && before.device == device_ &&
                      !before.storage->traced();
    if (ours) found[index] = before.storage;
  }
  return found;
}

Tensors Program::run(const Replay& replay) {
  const size_t givenInputs = recorded_.size();
  if (replay.inputs.size() != givenInputs || replay.dynamicValues.size() != dynamicValues_.size() ||
      replay.increments.size() != dynamicValues_.size() || replay.stepped.size() != givenInputs ||
      replay.iterations < 1) {
    fail(ErrorKind::Argument, "[compile] a program of %zu inputs and %zu dynamic values was given %zu and %zu",
         givenInputs, dynamicValues_.size(), replay.inputs.size(), replay.dynamicValues.size());
  }
  if (context().capture) fail(ErrorKind::Argument, "[compile] a program cannot run while a function is being traced");
  if (replay.iterations > kMostIterations) {
    fail(ErrorKind::Argument, "[compile] expected at most %lld iterations but received %lld",
         static_cast<long long>(kMostIterations), static_cast<long long>(replay.iterations));
  }
  // It reads what the run before has left in gradients.
  if (replay.stacked && inputs_.size() > givenInputs) {
    fail(ErrorKind::Argument, "[compile] a program that adds to gradients runs one iteration at a time");
  }
  if (replay.gate.defined()) replay.gate.requireValues();
  const auto iterations = static_cast<size_t>(replay.iterations);
  const size_t words = inputs_.size() + outputs_.size() + dynamicValues_.size();
  const Storage table(2 * words * sizeof(uint64_t), Allocator::Use::HostWrite,
                      Device::CPU);  // read before the memory is reused
  auto* word = static_cast<uint64_t*>(table.data());
  uint64_t* gain = word + words;
  const auto put = [&](uint64_t value, uint64_t more) {
    *word++ = value;
    *gain++ = more;
  };
  const auto address = [](const void* p) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(p)); };

  Tensors inputs;
  for (size_t i = 0; i < givenInputs; ++i) {
    inputs.push_back(given(replay, i));
    const TensorSpec& spec = inputs_[i].spec;
    const size_t bytes = static_cast<size_t>(numel(spec.shape)) * sizeOf(spec.dtype);
    put(address(inputs[i].data()), replay.stacked && replay.stepped[i] ? bytes : 0);
  }
  for (const Leaf& leaf : leaves_) {
    if (!leaf.defined) continue;
    const Tensor grad = anneal::gradOf(leaf.leaf);
    inputs.push_back(inputs_[inputs.size()].bound.defined() ? grad : dense("compile", grad));
    put(address(inputs.back().data()), 0);
  }
  std::vector<Ref<Storage>> made = reusableGradients();
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const auto [bytes, stacked] = outputs_[i];
    if (bytes > SIZE_MAX / iterations) {
      fail(ErrorKind::OutOfMemory, "[compile] the results of %zu iterations are too large", iterations);
    }
    const bool apart = replay.stacked && stacked;
    if (!made[i]) {
      made[i] = Ref<Storage>(new Storage(bytes * (apart ? iterations : 1), Allocator::Use::Kernels, device_));
    }
    put(address(made[i]->data()), apart ? bytes : 0);
  }
  for (size_t i = 0; i < dynamicValues_.size(); ++i) put(replay.dynamicValues[i], replay.increments[i]);

  for (Pack& pack : packs_) {
    if (pack.version == pack.operand->version()) continue;
    stream_->submit(backendOf(device_).packOperand, pack.args);
    pack.version = pack.operand->version();
  }
  const Code::Run run{code_.get(),
                      static_cast<uint64_t*>(table.data()),
                      replay.iterations,
                      stream_,
                      replay.gate.defined() ? replay.gate.data() : nullptr,
                      replay.gate.defined() ? sizeOf(replay.gate.dtype()) : 0};
  stream_->submit(Code::execute, run);
  lastRun_ = stream_->submitted();
  isSpent_ = spendsGraphs_;
  for (Storage* storage : changed_) storage->bumpVersion();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs_[i].written) inputs[i].storage().bumpVersion();
  }

  // `stack`: with the results of all iterations, or with those of the last one.
  const auto tensorOf = [&](const Result& result, bool stack) -> Tensor {
    if (result.kind == Result::Given) {
      const Tensor& input = inputs[static_cast<size_t>(result.index)];
      return input.view(result.spec.shape, result.strides, input.offset() + result.offset);
    }
    TensorSpec spec = result.spec;
    if (result.kind == Result::Kept) return Tensor::over(result.storage, spec, result.strides, result.offset);
    const auto index = static_cast<size_t>(result.index);
    Dims strides = result.strides;
    int64_t offset = result.offset;
    if (replay.stacked && outputs_[index].stacked) {
      const auto step = static_cast<int64_t>(outputs_[index].bytes / sizeOf(spec.dtype));
      if (stack) {
        spec.shape.insert(0, replay.iterations);
        strides.insert(0, step);
      } else {
        offset += step * (replay.iterations - 1);
      }
    }
    return Tensor::over(made[index], spec, strides, offset);
  };
  for (const Leaf& leaf : leaves_) {
    if (leaf.written) setGrad(leaf.leaf, leaf.after ? tensorOf(leaf.gradient, false) : Tensor());
  }
  for (const auto& [tensor, flag] : flags_) setRequiresGrad(tensor, flag);
  Tensors outputs;
  for (const Result& result : results_) outputs.push_back(tensorOf(result, replay.stacked));
  return outputs;
}

std::string Program::explain() const { return "traced\n" + before_.text() + "compiled\n" + after_.text(); }

}  // namespace anneal
