// The copy kernel, for use inside other operators: no operator itself, so never on the tape.
#pragma once
#include "core/tensor.h"

namespace anneal {

// Copies `from` into `to`, both of any strides, converting the dtype; `from` broadcasts to `to`. Errors name `op`.
void copyInto(const char* op, const Tensor& from, const Tensor& to);

// A dense copy of x as another dtype.
Tensor copyTo(const char* op, const Tensor& x, DType dtype);

// x itself when it is dense, else a dense copy: for kernels that want contiguous input.
inline Tensor dense(const char* op, const Tensor& x) { return x.contiguous() ? x : copyTo(op, x, x.dtype()); }

}  // namespace anneal
