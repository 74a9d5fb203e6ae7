// From a dtype to the C++ type of its elements, on the host.
#pragma once
#include "core/dtype.h"
#include "core/error_kind.h"

namespace anneal::device {

template <class T>
struct Type {
  using type = T;
};

[[noreturn]] inline void failDType(const char* family, DType dtype) {
  fail(ErrorKind::DType, "[%s] no kernel for dtype %s on cuda", family, nameOf(dtype));
}

// Calls f(Type<T>{}); the error names the operator's family.
template <class F>
void withFloat(const char* family, DType dtype, F&& f) {
  switch (dtype) {
    case DType::Float32: return f(Type<float>{});
    case DType::Float64: return f(Type<double>{});
    default: failDType(family, dtype);
  }
}

template <class F>
void withNumber(const char* family, DType dtype, F&& f) {
  switch (dtype) {
    case DType::UInt8: return f(Type<uint8_t>{});
    case DType::Int32: return f(Type<int32_t>{});
    case DType::Int64: return f(Type<int64_t>{});
    default: return withFloat(family, dtype, f);
  }
}

// A bool is a byte of 0 or 1.
template <class F>
void withElement(const char* family, DType dtype, F&& f) {
  withNumber(family, dtype == DType::Bool ? DType::UInt8 : dtype, f);
}

}  // namespace anneal::device
