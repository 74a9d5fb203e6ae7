// The kinds of error, and the one way to raise one. Plain enough for kernel files (see kernels.h).
#pragma once

namespace anneal {

// The order is that of the error classes which the TypeScript side registers (lib/errors.ts).
enum class ErrorKind {
  Argument,     // a value of the wrong kind or outside its range
  Shape,        // shapes that do not fit together
  DType,        // an element type the operator does not take
  Device,       // a device that is missing or lacks a kernel
  Disposed,     // a tensor used after its memory was given back
  OutOfMemory,  // an allocation that cannot succeed
  Format,       // malformed data
  Autograd,     // backward through nothing, twice, or across an in-place update
  Index,        // an index outside its dimension, found while a kernel ran
  Distributed,  // another process of the group is gone, late, or does something else
};
constexpr int kErrorKinds = 10;

// Throws Error (error.h) with the message made as by printf.
[[noreturn]] void fail(ErrorKind kind, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace anneal
