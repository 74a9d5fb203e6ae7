// out = f(in...) over broadcast shapes: a kernel for every row of formulas/pointwise.def and every dtype it takes. A thread computes
// four neighbours.
#include "core/pointwise.h"
#include "device/fault.h"
#include "device/formulas.h"
#include "device/index.h"
#include "kernels.h"

namespace anneal::device {

namespace {

constexpr unsigned kThreads = 256;
constexpr int kEach = 4;    // elements per thread
constexpr int kInputs = 3;  // most inputs of a row

struct Params {
  void* out;
  const void* in[kInputs];
  double params[kPointwiseParams];
  uint32_t count;
  bool dense;            // every operand is, or is a single element
  bool single[kInputs];  // ... which
  FaultRecord* fault;    // where elements that the formula refuses are told
  int64_t first;         // position of this launch's first element among all
  Shape<kInputs> shape;  // where not dense
};

enum class Kind : uint8_t { Float, Checked, Arith, Divide, Integer, Compare, Logical, Select };

// What is read for one result: of a Select row the first operand is a bool.
template <class T, int inputs, bool conditional>
struct Operands {
  uint8_t condition[kEach];
  T value[inputs][kEach];

  template <class Formula>
  ANNEAL_INLINE auto apply(int i, const double* params) const {
    using V = Lane<T>;
    if constexpr (conditional)
      return Formula::apply(condition[i] != 0, V(value[1][i]), V(value[2][i]), params);
    else if constexpr (inputs == 1)
      return Formula::apply(V(value[0][i]), params);
    else if constexpr (inputs == 2)
      return Formula::apply(V(value[0][i]), V(value[1][i]), params);
    else
      return Formula::apply(V(value[0][i]), V(value[1][i]), V(value[2][i]), params);
  }
};

template <class T>
ANNEAL_INLINE T rawOf(Lane<T> v) {
  return v.raw;
}
ANNEAL_INLINE uint8_t rawOf(bool v) { return v; }

// `n` elements of an operand from `first` on; n is 4 but at the end.
template <class T>
ANNEAL_INLINE void readDense(const void* from, bool single, uint32_t first, int n, T (&to)[kEach]) {
  const T* const p = static_cast<const T*>(from);
  if (single) {
    const T value = *p;
    for (int i = 0; i < kEach; ++i) to[i] = value;
  } else if (n == kEach && isAligned<T>(p)) {
    const Pack<T> pack = *reinterpret_cast<const Pack<T>*>(p + first);
    for (int i = 0; i < kEach; ++i) to[i] = pack.v[i];
  } else {
    for (int i = 0; i < kEach; ++i) to[i] = p[first + (i < n ? i : 0)];
  }
}

template <class T, int inputs, bool conditional>
ANNEAL_INLINE void read(const Params& p, uint32_t first, int n, Operands<T, inputs, conditional>& operands) {
  if (p.dense) {
    for (int k = 0; k < inputs; ++k) {
      if (conditional && k == 0)
        readDense(p.in[0], p.single[0], first, n, operands.condition);
      else
        readDense(p.in[k], p.single[k], first, n, operands.value[k]);
    }
    return;
  }
  for (int i = 0; i < kEach; ++i) {
    int64_t offset[kInputs];
    p.shape.locate(first + (i < n ? i : 0), offset);
    for (int k = 0; k < inputs; ++k) {
      if (conditional && k == 0)
        operands.condition[i] = static_cast<const uint8_t*>(p.in[0])[offset[0]];
      else
        operands.value[k][i] = static_cast<const T*>(p.in[k])[offset[k]];
    }
  }
}

template <class Formula, class T, int inputs, bool conditional, bool checked, class Out>
ANNEAL_KERNEL(kThreads)
compute(const Params p) {
  const uint32_t first = (blockIndex() * kThreads + threadIndex()) * kEach;
  if (first >= p.count) return;
  const int n = p.count - first < kEach ? static_cast<int>(p.count - first) : kEach;
  Operands<T, inputs, conditional> operands;
  read(p, first, n, operands);
  if constexpr (checked) {
    for (int i = 0; i < n; ++i) {
      const T a = operands.value[inputs - 2][i], b = operands.value[inputs - 1][i];
      if (!Formula::accepts(Lane<T>(a), Lane<T>(b))) {
        report(p.fault, p.first + first + i, 0, static_cast<double>(a), static_cast<double>(b));
      }
    }
  }
  Pack<Out> result;
  for (int i = 0; i < kEach; ++i) result.v[i] = rawOf(operands.template apply<Formula>(i, p.params));
  Out* const out = static_cast<Out*>(p.out);
  if (n == kEach && isAligned<Out>(out)) {
    *reinterpret_cast<Pack<Out>*>(out + first) = result;
  } else {
    for (int i = 0; i < n; ++i) out[first + i] = result.v[i];
  }
}

struct Row {
  Kind kind;
  void (*kernels[5])(Params);  // of uint8 (bool too), int32, int64, float32, float64
  void (*explain)(const FaultRecord&, const FaultNote&);
};

constexpr bool isChecked(Kind kind, bool floating) {
  return kind == Kind::Checked || (kind == Kind::Divide && !floating);
}

template <class Formula, Kind kind, int inputs, class T>
constexpr auto kernelOf() -> void (*)(Params) {
  static_assert(inputs <= kInputs);
  if constexpr ((kind == Kind::Float || kind == Kind::Checked) && !kIsFloat<T>)
    return nullptr;
  else if constexpr (kind == Kind::Logical && sizeof(T) != 1)
    return nullptr;
  else if constexpr (kind == Kind::Integer && kIsFloat<T>)
    return nullptr;
  else if constexpr (kind == Kind::Compare)
    return compute<Formula, T, inputs, false, false, uint8_t>;
  else
    return compute<Formula, T, inputs, kind == Kind::Select, isChecked(kind, kIsFloat<T>), T>;
}

template <class Formula, Kind kind, int inputs>
Row rowOf() {
  Row row{kind,
          {kernelOf<Formula, kind, inputs, uint8_t>(), kernelOf<Formula, kind, inputs, int32_t>(),
           kernelOf<Formula, kind, inputs, int64_t>(), kernelOf<Formula, kind, inputs, float>(),
           kernelOf<Formula, kind, inputs, double>()},
          nullptr};
  if constexpr (kind == Kind::Checked || kind == Kind::Divide) {
    row.explain = [](const FaultRecord& found, const FaultNote&) { Formula::refuse(found.values[0], found.values[1]); };
  }
  return row;
}

const Row kRows[kPointwiseOps] = {
#define ANNEAL_POINTWISE(name, kind, inputs, formula) rowOf<formula, Kind::kind, inputs>(),
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
};

int kernelIndex(DType dtype) {
  switch (dtype) {
    case DType::Bool:
    case DType::UInt8: return 0;
    case DType::Int32: return 1;
    case DType::Int64: return 2;
    case DType::Float32: return 3;
    case DType::Float64: return 4;
    default: return -1;
  }
}

size_t inputBytes(const PointwiseArgs& args, int k) {
  return kRows[static_cast<int>(args.op)].kind == Kind::Select && k == 0 ? 1 : sizeOf(args.dtype);
}

// Whether an operand's elements follow each other, or are all one.
bool isDense(const PointwiseArgs& args, int k, bool& single) {
  int64_t expected = 1;
  bool dense = true;
  single = true;
  for (int d = args.rank - 1; d >= 0; --d) {
    dense = dense && (args.strides[k][d] == expected || args.shape[d] == 1);
    single = single && (args.strides[k][d] == 0 || args.shape[d] == 1);
    expected *= args.shape[d];
  }
  return dense || single;
}

void run(CudaQueue& queue, const Row& row, const PointwiseArgs& args, int64_t count, int64_t first,
         FaultRecord* fault) {
  Params params{};
  params.out = resolve(args.out);
  params.count = static_cast<uint32_t>(count);
  params.dense = true;
  params.fault = fault;
  params.first = first;
  for (int i = 0; i < kPointwiseParams; ++i) params.params[i] = args.params[i];
  for (int k = 0; k < args.inputs; ++k) {
    params.in[k] = resolve(args.in[k]);
    params.dense = isDense(args, k, params.single[k]) && params.dense;
  }
  for (int d = args.rank - 1; d >= 0 && !params.dense; --d) {
    for (int k = 0; k < args.inputs; ++k) params.shape.stride[k][params.shape.rank] = args.strides[k][d];
    params.shape.add(args.shape[d]);
  }
  launch(queue, {(count + kThreads * kEach - 1) / (kThreads * kEach)}, kThreads, row.kernels[kernelIndex(args.dtype)],
         params);
}

// Halves along the first dimension what has more elements than one launch counts.
void cut(CudaQueue& queue, const Row& row, const PointwiseArgs& args, int64_t first, FaultRecord* fault) {
  const int64_t count = elements(args.shape, args.rank);
  if (count == 0) return;
  if (count < kMostElements) return run(queue, row, args, count, first, fault);
  PointwiseArgs half = args;
  int d = 0;
  while (args.shape[d] == 1) ++d;
  half.shape[d] = args.shape[d] / 2;
  cut(queue, row, half, first, fault);
  const int64_t done = elements(half.shape, half.rank);
  for (int k = 0; k < args.inputs; ++k) {
    half.in[k] = static_cast<const char*>(args.in[k]) +
                 half.shape[d] * args.strides[k][d] * static_cast<int64_t>(inputBytes(args, k));
  }
  half.out =
      static_cast<char*>(args.out) + done * static_cast<int64_t>(row.kind == Kind::Compare ? 1 : sizeOf(args.dtype));
  half.shape[d] = args.shape[d] - half.shape[d];
  cut(queue, row, half, first + done, fault);
}

}  // namespace

void pointwise(CudaQueue& queue, const PointwiseArgs& args) {
  const Row& row = kRows[static_cast<int>(args.op)];
  const bool checked = isChecked(row.kind, isFloating(args.dtype));
  FaultRecord* const fault = checked ? queue.expectFault({row.explain}) : nullptr;
  cut(queue, row, args, 0, fault);
  if (fault) queue.launched();
}

}  // namespace anneal::device
