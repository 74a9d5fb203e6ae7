// The operator record: what an operator is. One table of these; the binding, the tape, tests and documentation walk it.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/error.h"
#include "core/kernels.h"
#include "core/small_vector.h"
#include "core/tensor.h"
#include "ops/param.h"

namespace anneal {

struct Attr {
  bool present = true;  // false: an optional attribute that was left out
  int64_t i = 0;        // Bool, Int, Choice, DType, Device
  double f = 0;         // Float
  std::vector<int64_t> list;
};

struct Operator;

using Tensors = SmallVector<Tensor, 4>;
using Attrs = SmallVector<Attr, 2>;
using Specs = SmallVector<TensorSpec, 2>;

// One application of an operator: its inputs in the order of the parameters (lists flattened, absent optionals undefined)
// and its attributes in theirs.
struct Call {
  const Operator* op = nullptr;
  Tensors inputs;
  Attrs attrs;
  SmallVector<size_t, 4> lists;  // how many tensors each list has; may be left empty where there is one list
  Device device = Device::CPU;

  // Takes the device of the first tensor among the inputs, for numbers beside it too.
  void settleDevice();

  const char* name() const;
  const Tensor& in(int i) const { return inputs[i]; }
  bool has(int i) const { return inputs[i].defined(); }
  // The tensors of the first list, the second, ...
  std::span<const Tensor> tensors(size_t list) const;
  size_t lengthOf(size_t list) const { return lists.empty() ? inputs.size() : lists[list]; }
  int64_t integer(int i) const { return attrs[i].i; }
  int64_t integer(int i, int64_t otherwise) const { return attrs[i].present ? attrs[i].i : otherwise; }
  bool flag(int i) const { return attrs[i].i != 0; }
  double real(int i) const { return attrs[i].f; }
  const std::vector<int64_t>& list(int i) const { return attrs[i].list; }
  DType dtype(int i) const { return static_cast<DType>(attrs[i].i); }
  template <class E>
  E choice(int i) const {
    return static_cast<E>(attrs[i].i);
  }
};

// What a gradient rule sees. Inputs and outputs are there only if the operator's record says that the tape saves them.
class GradCall {
 public:
  virtual ~GradCall() = default;
  virtual const Call& call() const = 0;             // attributes; inputs are not kept here
  virtual const Tensor& in(int i) const = 0;        // saved input
  virtual const TensorSpec& spec(int i) const = 0;  // dtype and shape of an input
  virtual const Tensor& out(int i) const = 0;       // saved output
  virtual const Tensor& dout(int i) const = 0;      // gradient of an output; undefined where none flowed
  virtual bool needs(int i) const = 0;              // whether input i wants a gradient
  virtual int inputs() const = 0;
  virtual void set(int i, Tensor gradient) = 0;

  const Tensor& dout() const { return dout(0); }
  double real(int i) const { return call().attrs[i].f; }
  int64_t integer(int i) const { return call().attrs[i].i; }
  bool flag(int i) const { return call().attrs[i].i != 0; }
  const std::vector<int64_t>& list(int i) const { return call().attrs[i].list; }
  template <class E>
  E choice(int i) const {
    return call().choice<E>(i);
  }
};

// Bits of `saves`: which inputs and outputs a gradient rule reads.
constexpr uint32_t saveIn(int i) { return 1u << i; }
constexpr uint32_t saveOut(int i) { return 1u << (16 + i); }
constexpr uint32_t kSaveNothing = 0, kSaveAllInputs = 0xffff;

struct Operator {
  const char* name;
  const char* doc;  // one line, for the generated table
  std::span<const Param> params;
  int outputs = 1;   // kVariadic: as many as it has
  int visible = -1;  // how many of them the caller sees; -1: all

  // Rewrites inputs before the rest: promotion and casts, recorded like any other operator.
  void (*prepare)(Call&) = nullptr;

  // How it computes: exactly one of
  //   infer + run   a kernel: shapes and dtypes of the outputs (or an error), then the launch
  //   view          outputs that share the inputs' storage where they can
  //   expand        a composition of other operators
  // infer + run together with expand: the kernel computes, and the composition gives the gradient when there is no rule.
  void (*infer)(const Call&, Specs&) = nullptr;
  void (*run)(const Call&, Tensors& outputs) = nullptr;
  void (*view)(const Call&, Tensors& outputs) = nullptr;
  void (*expand)(const Call&, Tensors& outputs) = nullptr;

  void (*gradient)(GradCall&) = nullptr;
  uint32_t saves = kSaveNothing;

  // The formula of a pointwise operator.
  PointwiseOp pointwise = kNoPointwise;

  bool differentiable() const { return gradient || expand; }
};
constexpr int kVariadic = -1;

// ---- the table -------------------------------------------------------------------------------------------------------
const std::vector<const Operator*>& operators();
// Throws ArgumentError when there is none of that name.
const Operator& findOperator(const std::string& name);

// "add"_op is the operator of that name, looked up once: how C++ names an operator.
template <size_t Size>
struct OpRef {
  char name[Size];
  consteval OpRef(const char (&text)[Size]) { std::copy_n(text, Size, name); }
};
template <OpRef Ref>
const Operator& operator""_op() {
  static const Operator& op = findOperator(Ref.name);
  return op;
}

// ---- applying an operator ---------------------------------------------------------------------------------------------
Tensors apply(Call&& call);
Tensors apply(const Operator& op, Tensors inputs, Attrs attrs = {});
Tensor apply1(const Operator& op, Tensors inputs, Attrs attrs = {});
// An operator whose tensors are all in lists.
Tensors applyLists(const Operator& op, std::initializer_list<Tensors> lists, Attrs attrs = {});

// Sees each operator that ran on inputs which may need a gradient (autograd/tape.cc).
struct Recorder {
  virtual ~Recorder() = default;
  virtual bool wants(const Call& call) const = 0;
  virtual void record(const Call& call, Tensors& outputs) = 0;
};

// ---- launching kernels ---------------------------------------------------------------------------------------------------
[[noreturn]] void failNotImplemented(const char* op, Device device, const char* family);

// Puts a kernel on the stream, with the part of its arguments that it reads, or into the program that is being traced; an
// empty slot of the backend is a DeviceError.
template <class Args>
void launch(const char* op, Device device, const Args& args, size_t bytes = sizeof(Args)) {
  const auto kernel = backendOf(device).*SlotOf<Args>::kSlot;
  if (!kernel) failNotImplemented(op, device, SlotOf<Args>::kFamily);
  Context& now = context();
  if (now.capture) return now.capture->append(op, args);
  now.stream->submit(kernel, args, bytes);
}

inline Attr attr(int64_t i) { return {.i = i, .list = {}}; }
inline Attr attr(int i) { return attr(static_cast<int64_t>(i)); }
inline Attr attr(bool b) { return attr(static_cast<int64_t>(b)); }
inline Attr attr(double f) { return {.f = f, .list = {}}; }
template <class E>
  requires std::is_enum_v<E>
Attr attr(E value) {
  return attr(static_cast<int64_t>(value));
}
inline Attr attr(std::vector<int64_t> list) { return {.list = std::move(list)}; }
inline Attr noAttr() { return {.present = false, .list = {}}; }

}  // namespace anneal
