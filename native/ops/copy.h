// The copy kernel, for use inside other operators: no operator itself, so never on the tape.
#pragma once
#include "core/tensor.h"

namespace anneal {

// Copies `from` into `to`, both of any strides, converting the dtype; `from` broadcasts to `to`. Errors name `op`.
// `write` is what the kernel does to `to`: Role::Assign where that keeps its value if `from` is lost.
void copyInto(const char* op, const Tensor& from, const Tensor& to, Role write = Role::Write);

// The same into `part`, a view of a new result that several copies fill or that has been filled before; `first`: by no kernel yet.
void copyPart(const char* op, const Tensor& from, const Tensor& part, bool first);

// A dense copy of x as another dtype.
Tensor copyTo(const char* op, const Tensor& x, DType dtype);

// x itself when it is dense, else a dense copy: for kernels that want contiguous input.
inline Tensor dense(const char* op, const Tensor& x) { return x.contiguous() ? x : copyTo(op, x, x.dtype()); }

}  // namespace anneal
