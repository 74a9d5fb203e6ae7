// What every kernel file includes: the level's namespace, the element-type switch, and parallel loops over lambdas.
//
// Kernel files are compiled once for each instruction set. Nothing in them may be shared between levels, so they keep to
// namespace anneal::ANNEAL_LEVEL, use compiler builtins for memory and for float64 mathematics, and include no
// standard library header with inline functions.
#pragma once
#include "core/error_kind.h"
#include "core/kernels.h"
#include "core/parallel.h"

namespace anneal::ANNEAL_LEVEL {

// body(task) for every task in [0, tasks), on the compute pool. cost: of a task, in microseconds, roughly.
template <class Body>
void forTasks(int64_t tasks, int64_t cost, const Body& body) {
  parallelRun(
      tasks, cost * tasks, [](void* context, int64_t task) { (*static_cast<const Body*>(context))(task); },
      const_cast<Body*>(&body));
}

// Cuts [0, count) into blocks of `grain` and calls body(begin, end) for each. The cut depends on count and grain alone;
// a range of one block runs on the calling thread. cost: of a block, in microseconds, roughly.
template <class Body>
void forRange(int64_t count, int64_t grain, const Body& body, int64_t cost = 1) {
  if (count <= grain) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
  forTasks((count + grain - 1) / grain, cost, [&](int64_t task) {
    const int64_t begin = task * grain;
    const int64_t end = begin + grain < count ? begin + grain : count;
    body(begin, end);
  });
}

template <class T>
T* scratch(int slot, int64_t count) {
  return static_cast<T*>(threadScratch(slot, static_cast<size_t>(count) * sizeof(T)));
}

template <class T>
struct Type {
  using type = T;
};

[[noreturn]] inline void failDType(const char* family, DType dtype) {
  fail(ErrorKind::DType, "[%s] no kernel for dtype %s on cpu", family, nameOf(dtype));
}

// Calls f(Type<T>{}) for the element type of a floating dtype; the error names the operator's family.
template <class F>
void withFloat(const char* family, DType dtype, F&& f) {
  switch (dtype) {
    case DType::Float32: return f(Type<float>{});
    case DType::Float64: return f(Type<double>{});
    default: failDType(family, dtype);
  }
}

// The same for every dtype that kernels calculate in.
template <class F>
void withAny(const char* family, DType dtype, F&& f) {
  switch (dtype) {
#define ANNEAL_DTYPE(Name, name, Element, category, Compute) \
  case DType::Name:                                          \
    if constexpr (DType::Name == DType::Compute)             \
      return f(Type<Element>{});                             \
    else                                                     \
      break;
#include "core/dtype.def"
#undef ANNEAL_DTYPE
  }
  failDType(family, dtype);
}

}  // namespace anneal::ANNEAL_LEVEL
