// What records declare of the memory they use, against what their kernels do: nothing else is written, what is declared whole is
// written whole, and what is not declared as read has no influence.
#include "core/memory_use.h"

#include <cmath>
#include <cstring>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "comm/tcp.h"
#include "core/allocator.h"
#include "cpu/dispatch.h"
#include "ops/functional.h"
#include "test/check.h"
#include "test/tensors.h"

namespace anneal {

namespace {

using test::floats, test::integers;
using Bytes = std::vector<unsigned char>;

Tensor someFloats(const Dims& shape, int seed) {
  std::vector<float> values(static_cast<size_t>(numel(shape)));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = std::sin(static_cast<float>(seed * 100) + static_cast<float>(i));
  return floats(shape, values);
}

// Runs kernels as operators launch them, each several times on memory that is prepared differently.
class Watch : public Capture {
 public:
  Watch() { context().capture = this; }
  ~Watch() override { context().capture = nullptr; }

  void append(const char* op, const KernelArgs& args) override {
    std::visit([&](const auto& a) { check(op, a); }, args);
  }
  void* reserve(size_t bytes) override {
    void* block = cpuMemory().allocate(bytes, Allocator::Use::HostWrite, *context().stream);
    std::memset(block, 0x11, bytes);
    blocks_[static_cast<char*>(block)] = bytes;
    return block;
  }
  void hold(const Tensor& tensor) override {
    blocks_[static_cast<char*>(tensor.storage().data())] = tensor.storage().bytes();
  }
  void reach(const Tensor&) override {}
  Tensor& number(DType dtype, double value) override { return numbers_[{dtype, value}]; }
  Tensor readGrad(const Tensor&, const Tensor& present) override { return present; }
  void writeGrad(const Tensor&, const Tensor&) override {}
  bool isSpent(const Node&) const override { return false; }
  bool mayFree(Node&, bool frees) override { return frees; }
  void meetLeaf(const Tensor&, uint64_t) override {}

  int kernels = 0;

 private:
  // What lies in all blocks, one after the other.
  Bytes memory() const {
    Bytes all;
    for (const auto& [block, bytes] : used_) all.insert(all.end(), block, block + bytes);
    return all;
  }
  void restore(const Bytes& all) const {
    size_t at = 0;
    for (const auto& [block, bytes] : used_) {
      if (bytes > 0) std::memcpy(block, all.data() + at, bytes);
      at += bytes;
    }
  }
  // Of each byte, whether a use of that kind covers it.
  template <class Matches>
  std::vector<bool> covered(const std::vector<MemoryUse>& uses, Matches&& matches) const {
    std::vector<bool> result;
    for (const auto& [block, bytes] : used_) {
      for (const char* p = block; p < block + bytes; ++p) {
        bool found = false;
        for (const MemoryUse& use : uses) found = found || (matches(use) && p >= use.begin && p < use.end);
        result.push_back(found);
      }
    }
    return result;
  }

  static void complain(const std::string& op, const char* what) { test::report(__FILE__, __LINE__, op + " " + what); }

  // The blocks that the uses lie in.
  void choose(const std::vector<MemoryUse>& uses) {
    used_.clear();
    for (const MemoryUse& use : uses) {
      const auto after = blocks_.upper_bound(const_cast<char*>(use.begin));
      const bool known = after != blocks_.begin() && use.end <= std::prev(after)->first + std::prev(after)->second;
      if (known) used_.insert(*std::prev(after));
      if (!known) test::report(__FILE__, __LINE__, "a kernel uses memory of no tensor");
    }
  }

  template <class Args>
  void check(const std::string& op, const Args& args) {
    ++kernels;
    for (auto& [key, tensor] : numbers_) {
      if (tensor.defined()) hold(tensor);
    }
    std::vector<MemoryUse> uses;
    appendMemoryUses(args, uses);
    choose(uses);
    const auto read = covered(uses, [](const MemoryUse& use) { return reads(use.role); });
    const auto written = covered(uses, [](const MemoryUse& use) { return writes(use.role); });
    const auto whole =
        covered(uses, [](const MemoryUse& use) { return writes(use.role) && use.role != Role::Update && use.whole; });
    const auto kernel = cpuBackends().back()->*SlotOf<Args>::kSlot;
    const Bytes before = memory();
    // Runs on memory in which every byte that is not read is `fill`.
    const auto run = [&](unsigned char fill) {
      Bytes prepared = before;
      for (size_t i = 0; i < prepared.size(); ++i) {
        if (!read[i]) prepared[i] = fill;
      }
      restore(prepared);
      kernel(args);
      const Bytes after = memory();
      for (size_t i = 0; i < after.size(); ++i) {
        if (!written[i] && after[i] != prepared[i]) complain(op, "writes what it does not declare");
      }
      return after;
    };
    const Bytes first = run(0xff), second = run(0x33);
    for (size_t i = 0; i < first.size(); ++i) {
      if (first[i] == second[i] || !written[i]) continue;
      if (whole[i]) complain(op, "leaves out a part of what it declares to write, or reads what it does not declare");
      if (read[i]) complain(op, "reads what it does not declare");
    }
    restore(before);
    kernel(args);
  }

  std::map<char*, size_t> blocks_;  // of all tensors so far
  std::map<char*, size_t> used_;    // by the kernel
  std::map<std::pair<DType, double>, Tensor> numbers_;
};

// All results of attention.
Tensors attentionParts(Tensors inputs, Attrs attrs) {
  attrs.push_back(attr(7));
  attrs.push_back(attr(9));
  return apply("attention"_op, std::move(inputs), std::move(attrs));
}

}  // namespace

TEST(recordsDeclareTheMemoryThatKernelsUse) {
  const Tensor x = someFloats({3, 4}, 1), y = someFloats({3, 1}, 2), v = someFloats({4}, 3);
  const Tensor wide = someFloats({2, 3, 4}, 4), positive = add(square(x), 1.0);
  const Tensor labels = integers({3}, {0, 3, 1}), picks = integers({2}, {2, 0}),
               weights = floats({2, 3}, {1, 2, 0, 4, 5, 6});
  Watch watch;
  const Tensor turned = matrixTranspose(x);

  // Pointwise: broadcast, strided, results and inputs of one byte.
  add(x, y);
  mul(turned, number(2, x));
  where(greater(x, y), x, v);
  apply1("clampBackward"_op, {x, x}, {attr(-1.0), attr(1.0)});
  apply1("remainder"_op, {x, y});
  apply1("bitwiseXor"_op, {labels, labels});
  // Copies: of views, with a cast, in parts.
  contiguous(turned);
  cast(x, DType::Int64);
  cast(turned, DType::Float64);
  apply1("concat"_op, {x, x}, {attr(0)});
  apply1("concat"_op, {x, y}, {attr(1)});
  apply1("pad"_op, {x}, {attr(std::vector<int64_t>{1, 0, 2, 1}), attr(5.0)});
  apply1("flip"_op, {x}, {attr(std::vector<int64_t>{0, 1})});
  apply("assign"_op, {contiguous(x), turned.view(x.shape(), {1, 3}, 0)});
  // Fills and random numbers.
  apply1("arange"_op, {}, {attr(0.0), attr(7.0), attr(1.0), attr(DType::Int64)});
  apply1("eye"_op, {}, {attr(3), attr(5), attr(DType::Float32)});
  apply1("uniform"_op, {},
         {attr(std::vector<int64_t>{5}), attr(0.0), attr(1.0), attr(DType::Float64), attr(1), attr(0)});
  apply1("randperm"_op, {}, {attr(9), attr(1), attr(0)});
  apply1("randint"_op, {}, {attr(std::vector<int64_t>{3, 7}), attr(-2), attr(9), attr(DType::Int64), attr(1), attr(0)});
  apply("dropout"_op, {x}, {attr(0.5), attr(1), attr(0)});
  // Reductions.
  for (const char* name : {"sum", "mean", "max", "min", "prod"}) {
    apply1(findOperator(name), {wide}, {attr(std::vector<int64_t>{1}), attr(false)});
  }
  apply1("argmax"_op, {wide}, {attr(std::vector<int64_t>{2}), attr(false)});
  apply1("std"_op, {wide}, {attr(std::vector<int64_t>{0, 2}), attr(false), attr(1.0)});
  // Cumulative sums.
  apply1("cumsum"_op, {wide}, {attr(1), attr(false), attr(DType::Float32)});
  apply1("cumsum"_op, {labels}, {attr(0), attr(true), attr(DType::Int64)});
  // Pooling.
  const std::vector<int64_t> window = {2, 2}, planes = {3, 4};
  const auto pooled = apply("maxPoolWithIndex"_op, {wide}, {attr(window), noAttr(), noAttr(), noAttr(), attr(true)});
  apply1("maxPool"_op, {wide}, {attr(window), noAttr(), noAttr(), noAttr(), attr(false)});
  apply1("maxPoolBackward"_op, {pooled[0], pooled[1]}, {attr(planes)});
  apply1("maxPoolPick"_op, {wide, pooled[1]}, {attr(2)});
  const Attrs average = {attr(window), noAttr(), noAttr(), attr(true), attr(true), noAttr()};
  const Tensor averaged = apply1("avgPool"_op, {wide}, average);
  apply1("avgPoolBackward"_op, {averaged},
         {attr(window), noAttr(), noAttr(), attr(true), attr(true), noAttr(), attr(planes)});
  apply1("adaptiveMaxPool"_op, {wide}, {attr(std::vector<int64_t>{2, 3})});
  apply1("adaptiveAvgPoolBackward"_op, {averaged}, {attr(planes)});
  // Resampling.
  for (const int64_t axis : {1, 2}) {
    const Attr mode = attr(axis == 1 ? ResampleMode::Linear : ResampleMode::Nearest);
    const Tensor larger =
        apply1("resample"_op, {wide}, {attr(axis), attr(7), mode, attr(false), attr(false), noAttr()});
    apply1("resampleBackward"_op, {larger}, {attr(axis), attr(3), mode, attr(false), attr(false), noAttr()});
  }
  const Tensor grid = someFloats({1, 2, 2, 2}, 9), image = someFloats({1, 2, 3, 4}, 10);
  const Tensor sampled =
      apply1("gridSample"_op, {image, grid}, {attr(GridMode::Linear), attr(GridPadding::Zeros), attr(false), noAttr()});
  apply1("gridSampleBackward"_op, {sampled, grid},
         {attr(GridMode::Linear), attr(GridPadding::Zeros), attr(false), noAttr(), attr(planes)});
  // Other scans.
  apply1("cumprod"_op, {wide}, {attr(2), attr(DType::Float32)});
  apply("cummax"_op, {wide}, {attr(1)});
  apply1("logcumsumexp"_op, {wide}, {attr(1)});
  apply1("linearScan"_op, {wide, wide}, {attr(1), attr(true)});
  // Order.
  apply("sort"_op, {wide}, {attr(1), attr(true)});
  apply("topk"_op, {wide}, {attr(2), attr(2), attr(true), attr(true)});
  apply("kthvalue"_op, {wide}, {attr(2), attr(1), attr(false)});
  apply("mode"_op, {labels}, {attr(0), attr(false)});
  apply1("searchsorted"_op, {v, wide, integers({4}, {3, 1, 0, 2})}, {attr(false)});
  for (const bool replacement : {false, true}) {
    apply1("multinomial"_op, {weights}, {attr(2), attr(replacement), attr(1), attr(0)});
  }
  // Products.
  matmul(x, turned);
  matmul(wide, v);
  matmul(wide, someFloats({4, 5}, 5));
  apply1("linear"_op, {x, someFloats({5, 4}, 6), someFloats({5}, 7)});
  // Convolutions.
  const std::vector<int64_t> strides = {1, 2}, pads = {1, 0, 1, 1}, dilations = {1, 1};
  const Tensor images = someFloats({2, 2, 4, 5}, 10), kernels = someFloats({3, 2, 2, 3}, 11);
  const Tensor y3 = apply1("convolution"_op, {images, kernels, someFloats({3}, 12)},
                           {attr(strides), attr(pads), attr(dilations), attr(1)});
  apply1("convolutionBackwardInput"_op, {y3, kernels, Tensor()},
         {attr(std::vector<int64_t>{4, 5}), attr(strides), attr(pads), attr(dilations), attr(1)});
  apply1("convolutionBackwardWeight"_op, {y3, images},
         {attr(std::vector<int64_t>{2, 3}), attr(strides), attr(pads), attr(dilations), attr(1)});
  // Softmax and losses over classes.
  const Tensor p = softmax(x, 1);
  logSoftmax(x, 0);
  apply1("softmaxBackward"_op, {x, p}, {attr(1)});
  apply1("logSumExp"_op, {wide}, {attr(std::vector<int64_t>{2}), attr(false)});
  for (const Reduction reduction : {Reduction::None, Reduction::Mean}) {
    const auto code = attr(static_cast<int64_t>(reduction));
    apply1("crossEntropy"_op, {x, labels, positive.view({4}, {1}, 0)}, {code, attr(-100), attr(0.1)});
    apply1("crossEntropy"_op, {x, p, Tensor()}, {code, attr(-100), attr(0.0)});
    apply1("nll"_op, {x, labels, Tensor()}, {code, attr(-100)});
  }
  // Attention, with masks that are broadcast, and with dropout.
  const Tensor heads = someFloats({2, 3, 5, 4}, 9), padding = greater(someFloats({2, 1, 1, 5}, 10), 0.0);
  const Tensor numbers = someFloats({5, 5}, 11), swapped = permute(someFloats({2, 5, 3, 4}, 12), {0, 2, 1, 3});
  const Attrs plain = {attr(false), noAttr(), attr(false), attr(0.0)};
  for (const Tensor& mask : {Tensor(), padding, numbers}) {
    const Tensors whole = attentionParts({swapped, heads, heads, mask}, plain);
    apply("attentionBackward"_op, {whole[0], swapped, heads, heads, mask, whole[0], whole[1], whole[2]}, plain);
  }
  const Attrs dropping = {attr(true), attr(0.5), attr(false), attr(0.4)};
  const Tensors dropped = attentionParts({heads, swapped, heads, Tensor()}, dropping);
  apply("attentionBackward"_op,
        {heads.view({2, 5, 3, 4}, {60, 12, 4, 1}, 0), heads, swapped, heads, Tensor(), dropped[0], dropped[1],
         dropped[2]},
        dropping);
  apply1("attentionKeep"_op, {dropped[2]}, {attr(std::vector<int64_t>{2, 3, 5, 5}), attr(0.4), attr(DType::Float32)});
  // Normalisation, and its running statistics.
  const std::vector<int64_t> last = {4};
  const Tensor three = someFloats({3}, 9), rows = y.view({3, 1}, {1, 1}, 0), ones = filled(three.spec(), 1, x.device());
  const Tensor batches = integers({}, {2});
  apply("layerNorm"_op, {x, v, v}, {attr(last), attr(1e-5)});
  apply("layerNorm"_op, {turned, Tensor(), Tensor()}, {attr(std::vector<int64_t>{4, 3}), attr(1e-5)});
  apply("rmsNorm"_op, {x, v}, {attr(last), noAttr()});
  apply("groupNorm"_op, {wide, three, three}, {attr(3), attr(1e-5)});
  apply("batchNorm"_op, {wide, three, three}, {attr(1e-5)});
  apply("batchNorm"_op, {someFloats({2, 3, 70}, 10), Tensor(), three}, {attr(1e-5)});
  for (const bool parameters : {true, false}) {
    apply("layerNormBackward"_op, {x, x, rows, rows, v}, {attr(last), attr(parameters)});
    apply("rmsNormBackward"_op, {x, x, rows, Tensor()}, {attr(last), attr(parameters)});
    apply("groupNormBackward"_op, {wide, wide, someFloats({2, 3, 1}, 11), someFloats({2, 3, 1}, 12), three},
          {attr(3), attr(parameters)});
    apply("batchNormBackward"_op, {wide, wide, three, ones, three}, {attr(1e-5), attr(parameters)});
  }
  apply("updateStatistics"_op, {someFloats({3}, 13), filled(three.spec(), 1, x.device()), batches, three, ones},
        {attr(0.1), attr(8)});
  // Indexing.
  apply1("indexSelect"_op, {x, picks}, {attr(0)});
  apply1("indexSelect"_op, {wide, picks}, {attr(1)});
  apply1("gather"_op, {x, integers({3, 2}, {0, 1, 2, 3, 0, 1})}, {attr(1)});
  apply1("scatterAdd"_op, {x, integers({3, 2}, {0, 1, 2, 3, 0, 1}), someFloats({3, 2}, 8)}, {attr(1)});
  apply1("oneHot"_op, {labels}, {attr(4)});
  apply("assignAt"_op, {contiguous(wide), picks, someFloats({2, 2, 4}, 13)}, {attr(1)});
  for (const char* name : {"scatter", "scatterProd", "scatterMax", "scatterMin"}) {
    apply1(findOperator(name), {x, integers({3, 2}, {0, 1, 2, 3, 0, 1}), someFloats({3, 2}, 8)}, {attr(1)});
  }
  const std::vector<int64_t> begins = {0, 1}, ends = {3, 4}, steps = {2, 1};
  apply1("sliceScatter"_op, {x, v.view({1, 3}, {3, 1}, 0)}, {attr(begins), attr(ends), attr(steps)});
  apply1("linearIndex"_op, {picks, picks}, {attr(3), attr(0)});
  apply1("linearIndex"_op, {Tensor(), picks}, {attr(3), attr(0)});
  apply1("positions"_op, {greater(x, y)}, {attr(20), attr(-1)});
  // Optimizers.
  const Tensor w = contiguous(turned), m = filled(w.spec(), 0, w.device()), s = filled(w.spec(), 0, w.device());
  const Tensor taken = integers({}, {3});
  applyLists("sgdStep"_op, {{w}, {turned}, {m}, {taken}},
             {attr(0.1), attr(0.9), attr(0.0), attr(0.0), attr(false), attr(false), noAttr()});
  applyLists("adamStep"_op, {{w}, {turned}, {m}, {s}, {}, {taken}},
             {attr(0.1), attr(0.9), attr(0.99), attr(1e-8), attr(0.0), attr(false), attr(false)});
  // Collectives, in a group of one.
  comm::setCurrent(std::make_shared<comm::Communicator>([](const comm::Interrupt&) { return comm::openTcp({}); }));
  apply("broadcastFrom"_op, {contiguous(turned)}, {attr(0), attr(0)});
  apply1("allGather"_op, {x}, {attr(1), attr(0)});
  comm::setCurrent(nullptr);
  CHECK(watch.kernels >= 50);
}

TEST(memoryUsesOfStridedViews) {
  float data[64];
  const auto use = [&](std::vector<int64_t> shape, std::vector<int64_t> strides) {
    return memoryUse(data + 30, Role::Read,
                     stridedExtent(DType::Float32, static_cast<int>(shape.size()), shape.data(), strides.data()));
  };
  const auto range = [&](const MemoryUse& u) {
    return std::pair{(u.begin - reinterpret_cast<char*>(data)) / 4, (u.end - reinterpret_cast<char*>(data)) / 4};
  };
  CHECK(range(use({2, 3}, {3, 1})) == (std::pair<ptrdiff_t, ptrdiff_t>{30, 36}));
  CHECK(use({2, 3}, {3, 1}).whole && use({3, 2}, {1, 3}).whole && use({2, 3}, {-3, 1}).whole);
  CHECK(range(use({2, 3}, {-3, 1})) == (std::pair<ptrdiff_t, ptrdiff_t>{27, 33}));
  CHECK(range(use({2, 3}, {4, 1})) == (std::pair<ptrdiff_t, ptrdiff_t>{30, 37}) && !use({2, 3}, {4, 1}).whole);
  CHECK(range(use({5, 3}, {0, 1})) == (std::pair<ptrdiff_t, ptrdiff_t>{30, 33}) && use({5, 3}, {0, 1}).whole);
  CHECK(use({5, 0}, {0, 1}).begin == use({5, 0}, {0, 1}).end);
  const int64_t shape[] = {5, 3}, strides[] = {0, 1};
  CHECK_EQ(bytesOf(stridedExtent(DType::Float32, 2, shape, strides)), 12);
}

}  // namespace anneal
