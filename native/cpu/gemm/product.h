// One matrix product as the loops see it, and the small arithmetic of cutting it up.
#pragma once
#include "cpu/gemm/tiles.h"

namespace anneal::ANNEAL_LEVEL::gemm {

// C[rows, cols] = A[rows, depth] B[depth, cols]. A's elements are broadcast, B's loaded as vectors.
// `flipped`: this is the transposed problem, and element (i, j) goes to c[j * cRow + i].
template <class T>
struct Product {
  int64_t rows, cols, depth;
  const T* a;
  int64_t aRow, aStep;
  const T* b;
  int64_t bStep, bCol;
  T* c;
  int64_t cRow;
  const Epilogue<T>* epilogue;  // of C as the caller sees it
  bool flipped;
  bool farC;         // C of the whole batch is larger than what stays in cache
  const T* packedB;  // prepack.h
};

// C^T = B^T A^T.
template <class T>
Product<T> flip(const Product<T>& p) {
  return {p.cols, p.rows, p.depth, p.b,        p.bCol,     p.bStep, p.a,    p.aStep,
          p.aRow, p.c,    p.cRow,  p.epilogue, !p.flipped, p.farC,  nullptr};
}

constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
constexpr int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
template <class T>
constexpr int64_t roundUp(int64_t count) {
  return (count + W<T> - 1) & -int64_t{W<T>};
}

// `count` in `parts` that differ by one at most, the larger ones first.
struct Cut {
  int64_t parts, size, larger;
  Cut(int64_t count, int64_t n) : parts(n), size(n == 1 ? count : count / n), larger(count - size * n) {}
  int64_t begin(int64_t part) const { return part * size + least(part, larger); }
  int64_t of(int64_t part) const { return size + (part < larger); }
};

// body(task) for every task in [0, tasks), on the pool or in place.
template <class F>
void loop(bool parallel, int64_t tasks, F&& body) {
  if (parallel && tasks > 1) {
    forTasks(tasks, kTaskCost, [&](int64_t task) { body(task); });
  } else {
    for (int64_t i = 0; i < tasks; ++i) body(i);
  }
}

// The same for pieces of work so many of which make a task.
template <class F>
void loop(bool parallel, int64_t pieces, int64_t perTask, F&& body) {
  loop(parallel, ceilDiv(pieces, perTask), [&](int64_t task) {
    for (int64_t i = task * perTask; i < least(pieces, (task + 1) * perTask); ++i) body(i);
  });
}

template <class T>
double flops(const Product<T>& p) {
  return 2.0 * static_cast<double>(p.rows) * static_cast<double>(p.cols) * static_cast<double>(p.depth);
}

// Tasks that a part of a product is worth.
inline int64_t worthTasks(double work) { return most(1, least(kTasks, static_cast<int64_t>(work / kTaskFlops))); }

}  // namespace anneal::ANNEAL_LEVEL::gemm
