// Products of matrices: c[..., m, n] = alpha * a[..., m, k] b[..., k, n] + residual + bias, of any strides. A block computes a tile of c
// from tiles of a and b in shared memory. Where c is small and k is long, several blocks share a tile, and a second launch adds up what
// they have, in order. A vector times a matrix has a kernel of its own, which reads the matrix once.
//
// Sums of float32 are made in float32, by fma, in ascending order of k within a block.
#include <type_traits>

#include "core/pointwise.h"
#include "device/dtypes.h"
#include "device/index.h"
#include "device/lane.h"
#include "device/team.h"
#include "kernels.h"

namespace anneal::device {

namespace {

constexpr unsigned kThreads = 256;
constexpr int kDepth = 16;             // of a tile
constexpr int64_t kMostBatch = 65535;  // of a launch
constexpr int64_t kFewTiles = 64, kLongDepth = 1024;
constexpr int64_t kFewRows = 4;

template <class T>
struct Params {
  int64_t m, n, k;
  const T *a, *b;
  T* c;
  int64_t aRow, aCol, bRow, bCol;
  Shape<2> batch;        // of a and b
  int64_t firstBatch;    // of this launch
  int64_t shares, deep;  // blocks that share a tile, and the k of each
  // What becomes of sums:
  T alpha;
  const T *residual, *bias;
};

ANNEAL_INLINE Lane<float> multiplyAdd(Lane<float> a, Lane<float> b, Lane<float> c) { return fma(a, b, c); }
ANNEAL_INLINE Lane<double> multiplyAdd(Lane<double> a, Lane<double> b, Lane<double> c) { return fma(a, b, c); }
template <class T>
ANNEAL_INLINE Lane<T> multiplyAdd(Lane<T> a, Lane<T> b, Lane<T> c) {
  return a * b + c;
}

template <class T>
ANNEAL_INLINE T finish(const Params<T>& p, T sum, int64_t at, int64_t column) {
  Lane<T> v(sum);
  if (p.residual)
    v = multiplyAdd(v, Lane<T>(p.alpha), Lane<T>(p.residual[at]));
  else if (p.alpha != T(1))
    v = v * Lane<T>(p.alpha);
  if (p.bias) v = v + Lane<T>(p.bias[column]);
  return v.raw;
}

// A tile of kSide x kSide, and kSide / 16 squared elements of it for each thread.
template <class T, int kSide>
ANNEAL_KERNEL(kThreads)
tiles(const Params<T> p) {
  constexpr int kEach = kSide / 16, kPitch = kSide + 4;
  ANNEAL_SHARED(T, tileA, kDepth * kPitch);
  ANNEAL_SHARED(T, tileB, kDepth * kPitch);
  const int64_t across = (p.n + kSide - 1) / kSide;
  const int64_t row0 = blockIndex() / across * kSide, column0 = blockIndex() % across * kSide;
  const int64_t batch = p.firstBatch + blockIndexZ();
  int64_t offset[2];
  p.batch.locate(static_cast<uint32_t>(batch), offset);
  const T* const a = p.a + offset[0];
  const T* const b = p.b + offset[1];
  const int64_t begin = blockIndexY() * p.deep, end = begin + p.deep < p.k ? begin + p.deep : p.k;
  const unsigned thread = threadIndex();
  const int x = thread % 16 * kEach, y = thread / 16 * kEach;
  Lane<T> sums[kEach][kEach];
  for (int i = 0; i < kEach; ++i) {
    for (int j = 0; j < kEach; ++j) sums[i][j] = T(0);
  }
  // Neighbouring threads read along the dimension in which the operand lies dense.
  const bool alongDepth = p.aCol == 1, alongColumns = p.bCol == 1;
  for (int64_t k0 = begin; k0 < end; k0 += kDepth) {
    for (unsigned i = thread; i < kDepth * kSide; i += kThreads) {
      const int64_t d = alongDepth ? i % kDepth : i / kSide, r = alongDepth ? i / kDepth : i % kSide;
      const bool inside = row0 + r < p.m && k0 + d < end;
      tileA[d * kPitch + r] = inside ? a[(row0 + r) * p.aRow + (k0 + d) * p.aCol] : T(0);
    }
    for (unsigned i = thread; i < kDepth * kSide; i += kThreads) {
      const int64_t d = alongColumns ? i / kSide : i % kDepth, c = alongColumns ? i % kSide : i / kDepth;
      const bool inside = column0 + c < p.n && k0 + d < end;
      tileB[d * kPitch + c] = inside ? b[(k0 + d) * p.bRow + (column0 + c) * p.bCol] : T(0);
    }
    barrier();
    for (int d = 0; d < kDepth; ++d) {
      Lane<T> left[kEach], right[kEach];
      for (int i = 0; i < kEach; ++i) {
        left[i] = tileA[d * kPitch + y + i];
        right[i] = tileB[d * kPitch + x + i];
      }
      for (int i = 0; i < kEach; ++i) {
        for (int j = 0; j < kEach; ++j) sums[i][j] = multiplyAdd(left[i], right[j], sums[i][j]);
      }
    }
    barrier();
  }
  // Of a share, the sums as they are: [batch, share, m, n].
  T* const c = p.c + (batch * p.shares + blockIndexY()) * p.m * p.n;
  for (int i = 0; i < kEach; ++i) {
    for (int j = 0; j < kEach; ++j) {
      const int64_t row = row0 + y + i, column = column0 + x + j;
      if (row >= p.m || column >= p.n) continue;
      const int64_t at = row * p.n + column;
      c[at] = p.shares > 1 ? sums[i][j].raw : finish(p, sums[i][j].raw, batch * p.m * p.n + at, column);
    }
  }
}

// Few rows: a warp for each column of c, whose lanes share k.
template <class T>
ANNEAL_KERNEL(kTeamBlock)
rows(const Params<T> p) {
  const unsigned lane = threadIndex() % kWarp;
  const int64_t given = int64_t{blockIndex()} * kWarpsPerBlock + threadIndex() / kWarp;
  const int64_t column = given < p.n ? given : p.n - 1, batch = p.firstBatch + blockIndexZ();
  int64_t offset[2];
  p.batch.locate(static_cast<uint32_t>(batch), offset);
  const T* const a = p.a + offset[0];
  const T* const b = p.b + offset[1] + column * p.bCol;
  Lane<T> sums[kFewRows];
  for (int64_t r = 0; r < kFewRows; ++r) sums[r] = T(0);
  for (int64_t d = lane; d < p.k; d += kWarp) {
    const Lane<T> right(b[d * p.bRow]);
    for (int64_t r = 0; r < kFewRows; ++r) {
      if (r < p.m) sums[r] = multiplyAdd(Lane<T>(a[r * p.aRow + d * p.aCol]), right, sums[r]);
    }
  }
  for (int64_t r = 0; r < p.m; ++r) {
    Lane<T> sum = sums[r];
    for (unsigned lanes = kWarp / 2; lanes > 0; lanes /= 2) sum = sum + shuffleXor(sum, lanes);
    const int64_t at = (batch * p.m + r) * p.n + column;
    if (lane == 0 && given < p.n) p.c[at] = finish(p, sum.raw, at, column);
  }
}

template <class T>
struct ShareParams {
  Params<T> product;
  const T* parts;  // [batch, shares, m, n]
  int64_t count;   // elements of c
};

template <class T>
ANNEAL_KERNEL(kThreads)
addShares(const ShareParams<T> p) {
  const int64_t at = int64_t{blockIndex()} * kThreads + threadIndex();
  if (at >= p.count) return;
  const int64_t size = p.product.m * p.product.n, batch = at / size, place = at % size;
  Lane<T> sum(T(0));
  for (int64_t share = 0; share < p.product.shares; ++share) {
    sum = sum + Lane<T>(p.parts[(batch * p.product.shares + share) * size + place]);
  }
  p.product.c[at] = finish(p.product, sum.raw, at, place % p.product.n);
}

template <class T>
void overBatch(CudaQueue& queue, Params<T> p, int64_t batches, int64_t x, int64_t y, void (*kernel)(Params<T>)) {
  for (p.firstBatch = 0; p.firstBatch < batches; p.firstBatch += kMostBatch) {
    const int64_t left = batches - p.firstBatch;
    launch(queue, {x, y, left < kMostBatch ? left : kMostBatch}, kThreads, kernel, p);
  }
}

template <class T>
void multiply(CudaQueue& queue, const MatmulArgs& args) {
  Params<T> p{};
  p.m = args.m;
  p.n = args.n;
  p.k = args.k;
  p.a = static_cast<const T*>(resolve(args.a));
  p.b = static_cast<const T*>(resolve(args.b));
  p.c = static_cast<T*>(resolve(args.c));
  p.aRow = args.aRow;
  p.aCol = args.aCol;
  p.bRow = args.bRow;
  p.bCol = args.bCol;
  p.alpha = static_cast<T>(args.alpha);
  p.residual = static_cast<const T*>(resolve(args.epilogue.residual));
  p.bias = static_cast<const T*>(resolve(args.epilogue.bias));
  p.shares = 1;
  p.deep = p.k > 0 ? p.k : 1;
  int64_t batches = 1;
  for (int d = args.batchRank - 1; d >= 0; --d) {
    p.batch.stride[0][p.batch.rank] = args.aBatch[d];
    p.batch.stride[1][p.batch.rank] = args.bBatch[d];
    p.batch.add(args.batchShape[d]);
    batches *= args.batchShape[d];
  }
  if (batches * p.m * p.n == 0) return;
  if (p.m <= kFewRows) {
    return overBatch(queue, p, batches, (p.n + kWarpsPerBlock - 1) / kWarpsPerBlock, 1, rows<T>);
  }
  const int64_t side = p.m >= 64 && p.n >= 64 ? 64 : 32;
  const int64_t tileCount = (p.m + side - 1) / side * ((p.n + side - 1) / side);
  const auto kernel = side == 64 ? tiles<T, 64> : tiles<T, 32>;
  if (tileCount * batches >= kFewTiles || p.k < kLongDepth) {
    return overBatch(queue, p, batches, tileCount, 1, kernel);
  }
  Params<T> shared = p;
  const int64_t wanted = kFewTiles / (tileCount * batches), possible = p.k / (kLongDepth / 4);
  const int64_t shares = wanted < possible ? wanted : possible;
  shared.deep = (p.k + shares - 1) / shares;
  shared.shares = p.shares = (p.k + shared.deep - 1) / shared.deep;
  ShareParams<T> add{p, nullptr, batches * p.m * p.n};
  shared.c = static_cast<T*>(resolve(queue.scratch(static_cast<size_t>(add.count * p.shares) * sizeof(T))));
  add.parts = shared.c;
  overBatch(queue, shared, batches, tileCount, p.shares, kernel);
  launch(queue, {(add.count + kThreads - 1) / kThreads}, kThreads, addShares<T>, add);
}

}  // namespace

void matmul(CudaQueue& queue, const MatmulArgs& args) {
  if (args.epilogue.activation != kNoPointwise || args.updatesC || args.rowSums || args.epilogue.gate) {
    fail(ErrorKind::Device, "[matmul] there is no kernel on cuda for a product that is fused with what follows it");
  }
  switch (args.dtype) {
    case DType::Int32: return multiply<uint32_t>(queue, args);
    case DType::Int64: return multiply<uint64_t>(queue, args);
    default: withFloat("matmul", args.dtype, [&](auto t) { multiply<typename decltype(t)::type>(queue, args); });
  }
}

}  // namespace anneal::device
