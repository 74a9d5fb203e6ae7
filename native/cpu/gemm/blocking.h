// The sizes that shape a matrix product on each instruction set: register tile, cache blocks, thresholds.
//
// A product is seen as C[rows, cols] = A[rows, depth] B[depth, cols]. A register tile is `kTileRows` rows by
// `kTileVectors` vectors; its A values are broadcast one by one, its B values loaded as vectors.
#pragma once
#include "cpu/simd.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL::gemm {

template <class T>
using V = typename Vec<T>::Raw;
template <class T>
constexpr int W = Vec<T>::kLanes;

#if defined(__AVX512F__)
constexpr int kTileRows = 14;  // 28 sums, 2 vectors of B, 1 of A: 31 of 32 registers
constexpr int kTileVectors = 2;
#elif defined(__AVX2__)
constexpr int kTileRows = 6;  // 12 sums, 2 vectors of B, 1 of A: 15 of 16 registers
constexpr int kTileVectors = 2;
#elif defined(__aarch64__)
constexpr int kTileRows = 8;  // 24 sums, 3 vectors of B, 1 of A: 28 of 32 registers
constexpr int kTileVectors = 3;
#else
constexpr int kTileRows = 6;  // 12 sums, 2 vectors of B, 1 of A, and a product: there is no fused multiply-add
constexpr int kTileVectors = 2;
#endif

// Products of few rows widen the tile, so that enough sums run at once to hide the latency of the multiply-add.
constexpr int kWideVectors = 8;  // of a tile of one row
constexpr int kWideRows = 3;     // tiles of at most so many rows may have half as many vectors

// Sums are cut into equal parts of at most so many terms: this cut alone sets the order in which a sum is added up.
constexpr int64_t kDepthBlock = 800;

constexpr int64_t kColBlock = 2048;  // columns of B that are packed at a time and shared by all tasks

constexpr int64_t kInPlaceTiles = 6;  // with so few row tiles, packing a B that can be read in place does not pay
constexpr int64_t kCopyACols = 64;    // with fewer columns, copying rows of A that collide in cache does not pay,
constexpr int64_t kPackACols = 384;   // nor does packing columns of A,
constexpr int64_t kPackADepth = 64;   // nor at a smaller depth

constexpr double kSerialFlops = 500e3;    // products below this run on the calling thread
constexpr double kTaskFlops = 1e6;        // a task is at least this much, for the cost of handing it out,
constexpr int64_t kTasks = 64;            // and a product not many more than this
constexpr double kSplitFlops = 4e6;       // in a small batch, a product above this is itself cut into tasks
constexpr double kOuterCost = 8;          // a multiply-add that is stored at once costs as much as so many others
constexpr int64_t kPackElements = 65536;  // packed by a task

}  // namespace anneal::ANNEAL_LEVEL::gemm
