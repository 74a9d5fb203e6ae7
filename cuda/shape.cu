// dst[i] = src[i] between any strides, with a change of dtype where asked. Three ways: dense, transposed through shared memory in
// tiles, and strided.
#include "device/dtypes.h"
#include "device/formulas.h"
#include "device/index.h"
#include "formulas/cast.h"
#include "kernels.h"

namespace anneal::device {

namespace {

constexpr unsigned kThreads = 256;
constexpr int kEach = 4;  // elements per thread
constexpr int kTile = 32;
constexpr int64_t kTileRows = kThreads / kTile;

bool sameBytes(DType from, DType to) { return from == to || (from == DType::Bool && to == DType::UInt8); }

int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

// The copy with dimensions of 1 dropped, the rest ordered by dst's strides, and neighbours merged: the last dimension is the one that
// dst runs through fastest.
struct Plan {
  int rank = 0;
  int64_t shape[kRank], src[kRank], dst[kRank];

  void drop(int d) {
    rank--;
    for (int i = d; i < rank; i++) shape[i] = shape[i + 1], src[i] = src[i + 1], dst[i] = dst[i + 1];
  }
  int64_t count() const { return elements(shape, rank); }
};

Plan planOf(const CopyArgs& args) {
  Plan plan;
  for (int d = 0; d < args.rank; d++) {
    if (args.shape[d] == 1) continue;
    int at = plan.rank++;
    for (; at > 0 && magnitude(plan.dst[at - 1]) < magnitude(args.dstStrides[d]); at--) {
      plan.shape[at] = plan.shape[at - 1], plan.src[at] = plan.src[at - 1], plan.dst[at] = plan.dst[at - 1];
    }
    plan.shape[at] = args.shape[d], plan.src[at] = args.srcStrides[d], plan.dst[at] = args.dstStrides[d];
  }
  for (int d = plan.rank - 1; d > 0; d--) {
    if (plan.src[d - 1] != plan.src[d] * plan.shape[d] || plan.dst[d - 1] != plan.dst[d] * plan.shape[d]) continue;
    plan.shape[d] *= plan.shape[d - 1];
    plan.drop(d - 1);
  }
  if (plan.rank == 0) {
    plan.rank = 1;
    plan.shape[0] = plan.src[0] = plan.dst[0] = 1;
  }
  return plan;
}

// ---- dense and strided ---------------------------------------------------------------------------------------------------
struct Params {
  const void* src;
  void* dst;
  uint32_t count;
  bool dense;
  Shape<2> shape;  // where not dense: of src, of dst
};

template <class From, class To>
ANNEAL_KERNEL(kThreads)
move(const Params p) {
  const uint32_t first = (blockIndex() * kThreads + threadIndex()) * kEach;
  if (first >= p.count) return;
  const From* const src = static_cast<const From*>(p.src);
  To* const dst = static_cast<To*>(p.dst);
  const uint32_t end = p.count - first < kEach ? p.count : first + kEach;
  if (!p.dense) {
    for (uint32_t i = first; i < end; ++i) {
      int64_t offset[2];
      p.shape.locate(i, offset);
      dst[offset[1]] = cast<To>(src[offset[0]]);
    }
  } else if (end - first == kEach && isAligned<From>(src) && isAligned<To>(dst)) {
    const Pack<From> from = *reinterpret_cast<const Pack<From>*>(src + first);
    Pack<To> to;
    for (int i = 0; i < kEach; ++i) to.v[i] = cast<To>(from.v[i]);
    *reinterpret_cast<Pack<To>*>(dst + first) = to;
  } else {
    for (uint32_t i = first; i < end; ++i) dst[i] = cast<To>(src[i]);
  }
}

template <class From, class To>
void moveAll(CudaQueue& queue, const Plan& plan, const void* src, void* dst) {
  if (plan.count() >= kMostElements) {  // in two halves along the first dimension
    Plan half = plan;
    half.shape[0] /= 2;
    moveAll<From, To>(queue, half, src, dst);
    src = static_cast<const From*>(src) + half.shape[0] * plan.src[0];
    dst = static_cast<To*>(dst) + half.shape[0] * plan.dst[0];
    half.shape[0] = plan.shape[0] - half.shape[0];
    return moveAll<From, To>(queue, half, src, dst);
  }
  Params params{};
  params.src = resolve(src);
  params.dst = resolve(dst);
  params.count = static_cast<uint32_t>(plan.count());
  params.dense = plan.rank == 1 && plan.src[0] == 1 && plan.dst[0] == 1;
  for (int d = plan.rank - 1; d >= 0; d--) {
    params.shape.stride[0][params.shape.rank] = plan.src[d];
    params.shape.stride[1][params.shape.rank] = plan.dst[d];
    params.shape.add(plan.shape[d]);
  }
  launch(queue, {(plan.count() + kThreads * kEach - 1) / (kThreads * kEach)}, kThreads, move<From, To>, params);
}

// ---- transposed ------------------------------------------------------------------------------------------------------------
// src [.., columns, rows] with steps of 1 along rows becomes dst [.., rows, columns] with steps of 1 along columns.
struct TileParams {
  const void* src;
  void* dst;
  int64_t rows, columns, srcColumn, dstRow;
  uint32_t across;  // tiles along columns
  Shape<2> outer;   // the other dimensions
};

template <class T>
ANNEAL_KERNEL(kThreads)
transpose(const TileParams p) {
  ANNEAL_SHARED(T, tile, kTile * (kTile + 1));  // one more, so that columns lie in banks of their own
  int64_t offset[2];
  p.outer.locate(blockIndexY(), offset);
  const int64_t row0 = blockIndex() / p.across * int64_t{kTile}, column0 = blockIndex() % p.across * int64_t{kTile};
  const int lane = threadIndex() % kTile, line = threadIndex() / kTile;
  const T* const src = static_cast<const T*>(p.src) + offset[0];
  T* const dst = static_cast<T*>(p.dst) + offset[1];
  for (int c = line; c < kTile; c += kTileRows) {
    if (row0 + lane < p.rows && column0 + c < p.columns) {
      tile[c * (kTile + 1) + lane] = src[row0 + lane + (column0 + c) * p.srcColumn];
    }
  }
  barrier();
  for (int r = line; r < kTile; r += kTileRows) {
    if (row0 + r < p.rows && column0 + lane < p.columns) {
      dst[(row0 + r) * p.dstRow + column0 + lane] = tile[lane * (kTile + 1) + r];
    }
  }
}

// The dimension that src runs through by steps of 1, when it is not the one dst does; -1 if there is none worth tiles.
int transposedDimension(const Plan& plan) {
  constexpr int64_t kWorth = 8, kMostOuter = 65535;
  const int last = plan.rank - 1;
  if (plan.dst[last] != 1 || plan.src[last] == 0 || plan.src[last] == 1 || plan.shape[last] < kWorth) return -1;
  for (int d = 0; d < last; d++) {
    const int64_t outer = plan.count() / plan.shape[d] / plan.shape[last];
    if (plan.src[d] == 1 && plan.shape[d] >= kWorth && outer <= kMostOuter) return d;
  }
  return -1;
}

template <class T>
void transposeAll(CudaQueue& queue, const Plan& plan, int rowDimension, const void* src, void* dst) {
  const int last = plan.rank - 1;
  TileParams params{};
  params.src = resolve(src);
  params.dst = resolve(dst);
  params.rows = plan.shape[rowDimension];
  params.columns = plan.shape[last];
  params.srcColumn = plan.src[last];
  params.dstRow = plan.dst[rowDimension];
  int64_t outer = 1;
  for (int d = last - 1; d >= 0; d--) {
    if (d == rowDimension) continue;
    params.outer.stride[0][params.outer.rank] = plan.src[d];
    params.outer.stride[1][params.outer.rank] = plan.dst[d];
    params.outer.add(plan.shape[d]);
    outer *= plan.shape[d];
  }
  const int64_t across = (params.columns + kTile - 1) / kTile, down = (params.rows + kTile - 1) / kTile;
  params.across = static_cast<uint32_t>(across);
  launch(queue, {across * down, outer}, kThreads, transpose<T>, params);
}

template <class Word>
void moveWords(CudaQueue& queue, const Plan& plan, const void* src, void* dst) {
  const int rowDimension = transposedDimension(plan);
  if (rowDimension >= 0) return transposeAll<Word>(queue, plan, rowDimension, src, dst);
  moveAll<Word, Word>(queue, plan, src, dst);
}

}  // namespace

void copy(CudaQueue& queue, const CopyArgs& args) {
  if (elements(args.shape, args.rank) == 0) return;
  const Plan plan = planOf(args);
  if (sameBytes(args.from, args.to)) {
    switch (sizeOf(args.from)) {
      case 1: return moveWords<uint8_t>(queue, plan, args.src, args.dst);
      case 4: return moveWords<int32_t>(queue, plan, args.src, args.dst);
      default: return moveWords<int64_t>(queue, plan, args.src, args.dst);
    }
  }
  withElement("copy", args.from, [&](auto from) {
    using From = typename decltype(from)::type;
    if (args.to == DType::Bool) return moveAll<From, bool>(queue, plan, args.src, args.dst);
    withNumber("copy", args.to,
               [&](auto to) { moveAll<From, typename decltype(to)::type>(queue, plan, args.src, args.dst); });
  });
}

}  // namespace anneal::device
