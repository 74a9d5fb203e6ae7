// dst[i] = src[i] between any strides, with a change of dtype where asked (cast.h).
#include "cpu/cast.h"
#include "cpu/kernels.h"
#include "cpu/strided.h"

namespace anneal::ANNEAL_LEVEL {

namespace {

constexpr int64_t kTaskBytes = 256 * 1024;  // of plain copying: below this, threads cost more than they save
constexpr int64_t kPiece = 2048;            // elements converted at a time, through the L1 cache

bool sameBytes(DType from, DType to) { return from == to || (from == DType::Bool && to == DType::UInt8); }

// ---- shapes ---------------------------------------------------------------------------------------------------------
// The copy with dimensions of 1 dropped, the rest ordered by dst's strides, and neighbours merged: the last dimension
// is the one that dst runs through fastest.
struct Plan {
  int rank = 0;
  int64_t shape[kRank], src[kRank], dst[kRank];

  void drop(int d) {
    rank--;
    for (int i = d; i < rank; i++) shape[i] = shape[i + 1], src[i] = src[i + 1], dst[i] = dst[i + 1];
  }
};

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

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

// Calls body(srcOffset, dstOffset) for positions [begin, end) of the dimensions before the last `inner` ones.
template <class Body>
void forOuter(const Plan& plan, int inner, int64_t begin, int64_t end, Body&& body) {
  Odometer at;
  at.rank = plan.rank - inner;
  at.count = 2;
  at.shape = plan.shape;
  at.strides[0] = plan.src;
  at.strides[1] = plan.dst;
  at.start(begin);
  for (int64_t i = begin; i < end; i++) {
    body(at.offset[0], at.offset[1]);
    at.advance();
  }
}

// ---- rows -----------------------------------------------------------------------------------------------------------
// A row of n elements, by way of scratch memory (slots 0 and 1) where an end of a conversion is strided.
void moveRow(char* dst, int64_t dstStride, int dstSize, const char* src, int64_t srcStride, int srcSize, int64_t n,
             CastRow castRow) {
  if (castRow == nullptr) {
    if (dstStride == 1) return gatherRow(dst, src, srcStride, n, srcSize);
    if (srcStride == 1) return scatterRow(dst, dstStride, src, n, srcSize);
  }
  for (int64_t i = 0; i < n; i += kPiece) {
    const int64_t m = n - i < kPiece ? n - i : kPiece;
    const char* from = src + i * srcStride * srcSize;
    char* to = dst + i * dstStride * dstSize;
    const void* gathered = from;
    if (srcStride != 1) {
      char* buffer = scratch<char>(0, kPiece * 8);
      gatherRow(buffer, from, srcStride, m, srcSize);
      gathered = buffer;
    }
    if (castRow == nullptr) {
      scatterRow(to, dstStride, gathered, m, dstSize);
    } else if (dstStride == 1) {
      castRow(to, gathered, m);
    } else {
      char* buffer = scratch<char>(1, kPiece * 8);
      castRow(buffer, gathered, m);
      scatterRow(to, dstStride, buffer, m, dstSize);
    }
  }
}

void copyRows(const Plan& plan, const CopyArgs& args, int srcSize, int dstSize, CastRow castRow) {
  const int last = plan.rank - 1;
  const int64_t inner = plan.shape[last], srcStride = plan.src[last], dstStride = plan.dst[last];
  int64_t rows = 1;
  for (int d = 0; d < last; d++) rows *= plan.shape[d];
  const int64_t budget = kTaskBytes / (srcSize + dstSize);
  const char* src = static_cast<const char*>(args.src);
  char* dst = static_cast<char*>(args.dst);
  if (rows == 1) {
    forRange(inner, budget, [&](int64_t begin, int64_t end) {
      moveRow(dst + begin * dstStride * dstSize, dstStride, dstSize, src + begin * srcStride * srcSize, srcStride,
              srcSize, end - begin, castRow);
    });
    return;
  }
  // Short rows that lie apart are too short for the processor to foresee the next ones.
  constexpr int64_t kAhead = 6, kFarRow = 1024;  // rows, bytes
  const int64_t prefetched = srcStride == 1 && inner * srcSize <= kFarRow ? inner * srcSize : 0;
  const int64_t step = plan.src[last - 1] * srcSize;
  forRange(rows, inner < budget ? budget / inner : 1, [&](int64_t begin, int64_t end) {
    forOuter(plan, 1, begin, end, [&](int64_t srcOffset, int64_t dstOffset) {
      for (int64_t i = 0; i < prefetched; i += 64) __builtin_prefetch(src + srcOffset * srcSize + kAhead * step + i);
      moveRow(dst + dstOffset * dstSize, dstStride, dstSize, src + srcOffset * srcSize, srcStride, srcSize, inner,
              castRow);
    });
  });
}

// ---- transposition --------------------------------------------------------------------------------------------------
// The dimension that src runs through by steps of 1, when it is not the one dst does; -1 if there is none.
int transposedDimension(const Plan& plan) {
  const int last = plan.rank - 1;
  if (plan.dst[last] != 1 || plan.src[last] == 0 || plan.src[last] == 1 || plan.shape[last] < 4) return -1;
  for (int d = 0; d < last; d++) {
    if (plan.src[d] == 1 && plan.shape[d] >= 4) return d;
  }
  return -1;
}

// By tiles of kTile rows and columns, whose pages the processor's table of pages holds all at once.
void copyTransposed(Plan plan, int rowDimension, const CopyArgs& args, int size) {
  constexpr int64_t kTile = 64;
  const int last = plan.rank - 1;
  const int64_t rows = plan.shape[rowDimension], dstRow = plan.dst[rowDimension];
  const int64_t columns = plan.shape[last], srcColumn = plan.src[last];
  const int64_t across = (columns + kTile - 1) / kTile, down = (rows + kTile - 1) / kTile;
  // The tiles become the last two dimensions.
  plan.drop(rowDimension);
  plan.shape[last - 1] = down, plan.src[last - 1] = kTile, plan.dst[last - 1] = kTile * dstRow;
  plan.shape[last] = across, plan.src[last] = kTile * srcColumn, plan.dst[last] = kTile;
  plan.rank = last + 1;
  int64_t units = 1;
  for (int d = 0; d < plan.rank; d++) units *= plan.shape[d];
  const int64_t perUnit = smaller(rows, kTile) * smaller(columns, kTile) * size * 2;
  forRange(units, perUnit < kTaskBytes ? kTaskBytes / perUnit : 1, [&](int64_t begin, int64_t end) {
    int64_t unit = begin;
    forOuter(plan, 0, begin, end, [&](int64_t srcOffset, int64_t dstOffset) {
      const int64_t width = smaller(columns - unit % across * kTile, kTile);
      const int64_t height = smaller(rows - unit / across % down * kTile, kTile);
      withWord(size, [&](auto word) {
        using T = decltype(word);
        constexpr int64_t kSide = transposeSide(sizeof(T));
        for (int64_t r = 0; r < height; r += kSide) {
          transposeStrip(static_cast<T*>(args.dst) + dstOffset + r * dstRow, dstRow,
                         static_cast<const T*>(args.src) + srcOffset + r, srcColumn, smaller(height - r, kSide), width);
        }
      });
      unit++;
    });
  });
}

}  // namespace

void copy(const CopyArgs& args) {
  for (int d = 0; d < args.rank; d++) {
    if (args.shape[d] == 0) return;
  }
  const Plan plan = planOf(args);
  const int srcSize = elementSize(args.from), dstSize = elementSize(args.to);
  if (!sameBytes(args.from, args.to)) return copyRows(plan, args, srcSize, dstSize, castFor(args.from, args.to));
  const int rowDimension = transposedDimension(plan);
  if (rowDimension >= 0) return copyTransposed(plan, rowDimension, args, srcSize);
  copyRows(plan, args, srcSize, dstSize, nullptr);
}

}  // namespace anneal::ANNEAL_LEVEL
