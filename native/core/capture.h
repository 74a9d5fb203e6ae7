// What stands in for the stream and for memory while a function is traced: kernels are kept instead of run, and buffers are
// addresses without memory, to be planned once the whole program is known.
#pragma once
#include <cstddef>
#include <cstdint>
#include <variant>

#include "core/kernels.h"

namespace anneal {

class Tensor;
struct Node;  // autograd/tape.h: a recorded operator

// The arguments of one kernel, of whatever family.
template <class, class... Args>
using VariantOf = std::variant<Args...>;
#define ANNEAL_RECORD(Name, slot) , Name##Args
using KernelArgs = VariantOf<void ANNEAL_FAMILIES(ANNEAL_RECORD)>;
#undef ANNEAL_RECORD

class Capture {
 public:
  Capture();
  virtual ~Capture() = default;
  // Tells this trace from all others of the process; never 0.
  const uint64_t serial;

  // A kernel that an operator has launched.
  virtual void append(const char* op, const KernelArgs& args) = 0;
  // The address of a new buffer.
  virtual void* reserve(size_t bytes) = 0;
  // A tensor that an operator is about to use: its memory, if it has any, belongs to the program from here on.
  virtual void hold(const Tensor& tensor) = 0;
  // A tensor that has memory, before its requiresGrad or its hooks are read or changed.
  virtual void reach(const Tensor& tensor) = 0;
  // The place of the one tensor that holds this number; undefined until the caller makes it.
  virtual Tensor& number(DType dtype, double value) = 0;
  // The gradient of a leaf that has memory, as the traced function sees and sets it; `present` is the one it has outside.
  virtual Tensor readGrad(const Tensor& leaf, const Tensor& present) = 0;
  virtual void writeGrad(const Tensor& leaf, const Tensor& grad) = 0;
  // Whether backward has run through a recorded operator in this trace already, and was to free it.
  virtual bool isSpent(const Node& node) const = 0;
  // Backward runs through a recorded operator, and would free it. Whether it may do so now.
  virtual bool mayFree(Node& node, bool frees) = 0;
  // A gradient by other tensors, of which the oldest was recorded as number `oldest` (0: a leaf), is looked for and meets a leaf.
  virtual void meetLeaf(const Tensor& leaf, uint64_t oldest) = 0;
};

// Addresses of traced buffers: the number of the buffer and a place in it. No memory ever lies there (bit 62 is set in no
// address that a system gives out), so that tensors, views and kernel records can hold them like others.
constexpr int kPlaceBits = 40;
constexpr uintptr_t kTraced = uintptr_t{1} << 62;
constexpr uint32_t kMaxBuffers = 1u << (62 - kPlaceBits);

inline void* tracedAddress(uint32_t buffer) {
  return reinterpret_cast<void*>(kTraced | static_cast<uintptr_t>(buffer) << kPlaceBits);
}
inline bool isTraced(const void* p) { return (reinterpret_cast<uintptr_t>(p) & kTraced) != 0; }
inline uint32_t tracedBuffer(const void* p) {
  return static_cast<uint32_t>((reinterpret_cast<uintptr_t>(p) & ~kTraced) >> kPlaceBits);
}
inline size_t tracedPlace(const void* p) { return reinterpret_cast<uintptr_t>(p) & ((uintptr_t{1} << kPlaceBits) - 1); }

}  // namespace anneal
