// The sizes that shape a matrix product on each instruction set: register tile, cache blocks, thresholds.
//
// A product is seen as C[rows, cols] = A[rows, depth] B[depth, cols]. A register tile is up to `kTileRows` rows by
// `tileVectors` vectors; its A values are broadcast one by one, its B values loaded as vectors.
#pragma once
#include "cpu/simd.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL::gemm {

template <class T>
using V = typename Vec<T>::Raw;
template <class T>
constexpr int W = Vec<T>::kLanes;

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr bool kManyRegisters = true;  // 32: 24 sums, 4 vectors of B, 1 of A
#else
constexpr bool kManyRegisters = false;  // 16: 12 sums, 2 or 3 vectors of B, 1 of A
#endif
// AVX2 has a core's full rate of multiply-adds with 16 registers, and one instruction for each: the instructions beside them
// decide, above all where two threads share a core. 4x3 vectors take seven loads for twelve multiply-adds, and 6x2 eight; and
// so many steps are taken between two changes of the pointers.
#if defined(__AVX2__) && !defined(__AVX512F__)
constexpr bool kCountsInstructions = true;
#else
constexpr bool kCountsInstructions = false;
#endif
constexpr int kTileRows = kCountsInstructions ? 4 : 6;
constexpr int kStepsAtOnce = kCountsInstructions ? 4 : 1;

// Tiles of few rows are wider on every level, so that enough sums run at once to hide the latency of the multiply-add.
constexpr int kMostVectors = 4;
constexpr int tileVectors(int64_t rows) { return kManyRegisters || rows <= 3 ? kMostVectors : 12 / kTileRows; }

// Of eight rows 4096 bytes apart, whose lines all lie in one set of the first-level cache, the cache holds these and
// leaves room for B.
constexpr int64_t kRowsInSet = 6;

// So many of the last steps of a tile are taken row by row, and each row is stored when it is done: the stores of a whole
// tile in one burst keep the next one's multiply-adds from being issued, 3 cycles each. Narrower stores do so less, and
// there it costs more than it gains to load B for every row.
constexpr int kLastSteps = kVectorBytes == 64 ? 4 : 0;

// Where part of a vector is loaded by one instruction, B need not be copied for the sake of its last columns.
#if defined(__AVX2__)
constexpr bool kLoadsParts = true;
#else
constexpr bool kLoadsParts = false;
#endif

// What lies like a large C is fetched while the sums are taken, a row of the tile every few steps, for its readers would
// wait for it in a burst. So would stores of 32 bytes or more.
constexpr bool kFetchesC = kVectorBytes >= 32;
constexpr int64_t kFetchSteps = 8;

// Where B is so many times as large as the second-level cache, its next panel is fetched there while tiles use this one; the
// processor alone fetches a nearer one as fast.
constexpr int64_t kFarCaches = 2;
template <class T>
constexpr int64_t kLine = 64 / sizeof(T);

// Sums are cut into equal parts of at most so many terms: this cut alone sets the order in which a sum is added up.
template <class T>
constexpr int64_t kDepthBlock = kUncutDepthBytes / sizeof(T);

constexpr int64_t kColBlock = 2048;  // columns of B that are packed at a time and shared by all tasks

// With few row tiles, packing a B that can be read in place does not pay, unless too few of its rows fit side by side
// into the first-level cache. Wide tiles read more of a row at a time, and need fewer.
constexpr int64_t kInPlaceTiles = kManyRegisters ? 43 : 24;
constexpr int64_t kInPlaceRows = kManyRegisters ? 12 : 25;
constexpr int64_t kKeepTiles = 3;   // rows of B that so many tiles read are packed by the first of them,
constexpr int64_t kKeepDepth = 65;  // from so many on

// Columns of A are packed, those of so many tiles side by side, for products of so many columns and such a depth; a smaller one
// where the elements of a row are so far apart (in bytes) that few sets of the first-level cache, or a page for each, take them.
// Tiles that count their instructions want nothing but their own elements in the lines that they read from the second level.
constexpr int64_t kGroupTiles = kCountsInstructions ? 2 : 8;
constexpr int64_t kPackACols = kCountsInstructions ? 128 : 384;
constexpr int64_t kPackADepth = 64;
constexpr int64_t kPackFarDepth = kCountsInstructions ? 32 : kPackADepth;
constexpr int64_t kFarStep = 1024;

constexpr int64_t kStreams = 8;       // rows of a matrix that a product with a vector reads side by side
constexpr int64_t kRowBytes = 16384;  // of the sums of a row times a matrix: half the first-level cache

constexpr double kSerialFlops = 500e3;    // products below this run on the calling thread
constexpr double kTaskFlops = 1e6;        // a task is at least this much, for the cost of handing it out,
constexpr int64_t kTaskCost = 10;         // in microseconds,
constexpr int64_t kTasks = 64;            // and a product not many more than this
constexpr double kSplitFlops = 4e6;       // in a small batch, a product above this is itself cut into tasks
constexpr double kOuterCost = 8;          // a multiply-add that is stored at once costs as much as so many others
constexpr int64_t kPackElements = 65536;  // packed by a task
constexpr int64_t kPackPanels = 16;       // written side by side

}  // namespace anneal::ANNEAL_LEVEL::gemm
