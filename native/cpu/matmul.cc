// matmul on a CPU: c[..., m, n] = a[..., m, k] b[..., k, n] and what follows it, each matrix of a batch.
#include "cpu/gemm/dot.h"
#include "cpu/gemm/integer.h"
#include "cpu/gemm/outer.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/prepack.h"
#include "cpu/gemm/row.h"
#include "cpu/gemm/rowSums.h"
#include "cpu/kernels.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

using gemm::Product;

template <class T>
void multiply(const Product<T>& p, bool parallel) {
  if constexpr (static_cast<T>(0.5) == 0) {
    gemm::multiplyInteger(p, parallel);
  } else if (p.depth <= gemm::kOuterDepth) {
    gemm::multiplyOuter(p, parallel);
  } else if (p.packedB) {
    gemm::multiplyTiled(p, parallel);
  } else {
    using gemm::Way;
    const gemm::Plan plan = gemm::planOf(p);
    const auto run = plan.way == Way::Tiles ? gemm::multiplyTiled<T>
                     : plan.way == Way::Dot ? gemm::multiplyDot<T>
                                            : gemm::multiplyRow<T>;
    plan.flipped ? run(gemm::flip(p), parallel) : run(p, parallel);
  }
}

template <class T>
gemm::Epilogue<T> epilogueOf(const MatmulArgs& args) {
  gemm::Epilogue<T> e;
  e.origin = static_cast<const T*>(args.c);
  e.add = static_cast<const T*>(args.epilogue.residual);
  e.bias = static_cast<const T*>(args.epilogue.bias);
  if constexpr (kIsFloat<T>) {
    e.scaled = args.alpha != 1 || args.updatesC;
    e.alpha = static_cast<T>(args.updatesC ? -args.lr : args.alpha);
    if (args.updatesC) e.add = static_cast<const T*>(args.c);
    e.gate = static_cast<const T*>(args.epilogue.gate);
    const AppliedActivation applied = appliedActivation("matmul", args.epilogue.activation, args.dtype);
    e.activation = applied.how;
    e.function = applied.function;
    e.params = args.epilogue.params;
  }
  return e;
}

template <class T>
Product<T> productOf(const MatmulArgs& args, const gemm::Epilogue<T>& epilogue) {
  return {args.m,
          args.n,
          args.k,
          static_cast<const T*>(args.a),
          args.aRow,
          args.aCol,
          static_cast<const T*>(args.b),
          args.bRow,
          args.bCol,
          static_cast<T*>(args.c),
          args.n,
          &epilogue,
          false,
          false,
          static_cast<const T*>(args.packedB)};
}

// The batch dimensions that are left when those of size one, and those along which B stays and A goes on with its rows,
// are gone: a batch of the latter kind is one product with more rows.
struct Batch {
  int rank = 0;
  int64_t count = 1;
  int64_t shape[kRank], a[kRank], b[kRank];

  template <class T>
  Batch(const MatmulArgs& args, Product<T>& p) {
    bool folding = true;
    for (int d = args.batchRank - 1; d >= 0; --d) {  // innermost first
      const int64_t size = args.batchShape[d];
      count *= size;
      if (size == 1) continue;
      folding = folding && args.bBatch[d] == 0 && (p.rows == 1 || args.aBatch[d] == p.rows * p.aRow);
      if (folding) {
        if (p.rows == 1) p.aRow = args.aBatch[d];
        p.rows *= size;
        count /= size > 0 ? size : 1;
      } else {
        shape[rank] = size;
        a[rank] = args.aBatch[d];
        b[rank++] = args.bBatch[d];
      }
    }
  }

  template <class T>
  Product<T> at(Product<T> p, int64_t index) const {
    p.c += index * p.rows * p.cols;
    for (int d = 0; d < rank; ++d) {
      const int64_t i = index % shape[d];
      index /= shape[d];
      p.a += i * a[d];
      p.b += i * b[d];
    }
    return p;
  }
};

template <class T>
void multiplyBatch(const MatmulArgs& args) {
  const gemm::Epilogue<T> epilogue = epilogueOf<T>(args);
  Product<T> p = productOf<T>(args, epilogue);
  if constexpr (kIsFloat<T>) {
    if (args.rowSums) gemm::sumRows<T>(args);
  }
  const Batch batch(args, p);
  if (batch.count * p.rows * p.cols == 0) return;
  if (p.depth == 0) {  // as if of depth one, all zeros
    static constexpr T kZero = 0;
    p.rows *= batch.count;
    p.depth = 1;
    p.a = p.b = &kZero;
    p.aRow = p.aStep = p.bStep = p.bCol = 0;
    return multiply(p, false);
  }
  p.farC = batch.count * p.rows * p.cols * int64_t{sizeof(T)} > gemm::l2Bytes() / 2;
  const double work = gemm::flops(p);
  const bool parallel = work * static_cast<double>(batch.count) > gemm::kSerialFlops;
  if (batch.count == 1) return multiply(p, parallel);
  if (!parallel || (batch.count < gemm::kTasks && work > gemm::kSplitFlops)) {
    for (int64_t i = 0; i < batch.count; ++i) multiply(batch.at(p, i), parallel);
  } else {
    const int64_t grain = gemm::most(1, static_cast<int64_t>(gemm::kTaskFlops / work));
    const auto some = [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) multiply(batch.at(p, i), false);
    };
    forRange(batch.count, grain, some, gemm::kTaskCost);
  }
}

// Calls f(product) for the one product that the arguments are; not where there are several, or nothing to compute.
template <class T, class F>
void withSingle(const MatmulArgs& args, F f) {
  const gemm::Epilogue<T> none;
  Product<T> p = productOf<T>(args, none);
  const Batch batch(args, p);
  if (batch.count == 1 && p.rows * p.cols > 0) f(p);
}

}  // namespace

void matmul(const MatmulArgs& args) {
  switch (args.dtype) {
    case DType::Int32: return multiplyBatch<uint32_t>(args);
    case DType::Int64: return multiplyBatch<uint64_t>(args);
    default: withFloat("matmul", args.dtype, [&](auto type) { multiplyBatch<typename decltype(type)::type>(args); });
  }
  if (args.steps) ++*args.steps;
}

size_t packSize(const MatmulArgs& args) {
  int64_t bytes = 0;
  if (args.dtype != DType::Float32 && args.dtype != DType::Float64) return 0;
  withFloat("matmul", args.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    withSingle<T>(args, [&](const Product<T>& p) {
      if (gemm::packingPays(p)) bytes = gemm::packedElements(p) * int64_t{sizeof(T)};
    });
  });
  return static_cast<size_t>(bytes);
}

void packOperand(const PackArgs& args) {
  withFloat("matmul", args.product.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    withSingle<T>(args.product, [&](const Product<T>& p) { gemm::prepack(p, static_cast<T*>(args.packed)); });
  });
}

}  // namespace anneal::ANNEAL_LEVEL
