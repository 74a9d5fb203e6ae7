// Constants, ranges and the identity matrix, of every dtype.
#include "cpu/kernels.h"
#include "cpu/math.h"
#include "cpu/simd.h"
#include "cpu/strided.h"
#include "formulas/constant.h"

namespace anneal::ANNEAL_LEVEL {

namespace {

constexpr int64_t kTaskBytes = 256 * 1024;

template <class T>
void constantFill(T* out, int64_t count, T value) {
  forRange(count, kTaskBytes / static_cast<int64_t>(sizeof(T)),
           [&](int64_t begin, int64_t end) { fillRow(out + begin, value, end - begin); });
}

// Of a whole start and step the integers are exact, also where float64 has gaps; in unsigned numbers, whose sums wrap.
template <class T>
void rangeFill(T* out, int64_t count, double start, double step) {
  if constexpr (!__is_same(T, float) && !__is_same(T, double)) {
    constexpr double kEnd = 9223372036854775808.0;
    const bool within = start >= -kEnd && start < kEnd && step >= -kEnd && step < kEnd;
    const int64_t from = within ? static_cast<int64_t>(start) : 0, by = within ? static_cast<int64_t>(step) : 0;
    if (within && static_cast<double>(from) == start && static_cast<double>(by) == step) {
      return forRange(count, kTaskBytes / static_cast<int64_t>(sizeof(T)), [&](int64_t begin, int64_t end) {
        uint64_t value = static_cast<uint64_t>(from) + static_cast<uint64_t>(begin) * static_cast<uint64_t>(by);
        for (int64_t i = begin; i < end; i++, value += static_cast<uint64_t>(by)) out[i] = static_cast<T>(value);
      });
    }
  }
  forRange(count, kTaskBytes / static_cast<int64_t>(sizeof(T)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = fromDouble<T>(fma(static_cast<double>(i), step, start));
  });
}

template <class T>
void linspaceFill(T* out, int64_t count, double start, double step, double end) {
  const int64_t half = (count + 1) / 2;
  forRange(count, kTaskBytes / static_cast<int64_t>(sizeof(T)), [&](int64_t begin, int64_t stop) {
    for (int64_t i = begin; i < stop; i++) {
      const double value =
          i < half ? fma(static_cast<double>(i), step, start) : fma(static_cast<double>(i + 1 - count), step, end);
      out[i] = fromDouble<T>(value);
    }
  });
}

template <class T>
void eyeFill(T* out, int64_t count, int64_t columns) {
  constantFill<T>(out, count, T(0));
  const int64_t rows = columns > 0 ? count / columns : 0;
  for (int64_t i = 0; i < rows && i < columns; i++) out[i * columns + i] = T(1);
}

}  // namespace

void fill(const FillArgs& args) {
  FillArgs a = args;
  if (a.dtype == DType::Bool && a.op == FillOp::Constant) a.start = a.start != 0.0 ? 1.0 : 0.0;
  // A bool is a byte of 0 or 1.
  withAny("fill", a.dtype == DType::Bool ? DType::UInt8 : a.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    if constexpr (!__is_same(T, bool)) {
      T* out = static_cast<T*>(a.out);
      switch (a.op) {
        case FillOp::Constant: return constantFill<T>(out, a.count, fromDouble<T>(a.start));
        case FillOp::Range: return rangeFill<T>(out, a.count, a.start, a.step);
        case FillOp::Linspace: return linspaceFill<T>(out, a.count, a.start, a.step, a.end);
        case FillOp::Eye: return eyeFill<T>(out, a.count, a.columns);
      }
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL
