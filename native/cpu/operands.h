// Strided and broadcast operands, handed out as contiguous tiles of one shape in row-major order.
//
// The shape is seen as [rows, inner]. Long rows are cut into pieces, several short rows share a tile. An operand whose
// elements already lie as the tile needs them is passed by pointer; others are laid out in the thread's scratch memory:
// those that every tile sees alike (a scalar; a row under short rows) once a task, the rest for each tile.
#pragma once
#include "cpu/strided.h"

namespace anneal::ANNEAL_LEVEL {

constexpr int64_t kTile = 2048;     // elements of a tile that is laid out: all operands stay in the L1 cache
constexpr int64_t kShortRow = 256;  // shorter rows share tiles
// Elements of the cheapest operator that make a task: about 1 us, twice what a parallel loop costs to start.
constexpr int64_t kTaskElements = 16384;

enum class Access : uint8_t { Direct, Once, EachTile };

struct Operand {
  const char* base;
  const int64_t* strides;
  int size;
  Access access;
};

// How the work is cut: by shape and strides alone.
struct Operands {
  int outer = 0;  // dimensions before the inner one
  int count = 0;
  const int64_t* shape;
  int64_t rows = 1, inner = 1;
  int64_t rowsPerTile = 1, piece = 1, pieces = 1;  // a tile is rowsPerTile rows, or a piece of a row
  int64_t tiles = 0;
  int64_t tilesPerTask = 1;
  Operand operand[kPointwiseInputs];

  Operands(int rank, const int64_t* dims) : outer(rank > 0 ? rank - 1 : 0), shape(dims) {
    if (rank > 0) inner = dims[rank - 1];
    for (int d = 0; d < outer; d++) rows *= dims[d];
  }

  void add(const void* base, const int64_t* strides, int size) {
    operand[count++] = {static_cast<const char*>(base), strides, size, Access::Direct};
  }

  int64_t innerStride(const Operand& o) const { return inner == 1 ? 1 : o.strides[outer]; }

  // cost: of the operator on one element, 1 for an addition.
  void cut(int64_t cost) {
    if (rows * inner == 0) return;
    const int64_t task = kTaskElements / cost > kTile ? kTaskElements / cost : kTile;
    const bool shared = rows > 1 && inner < kShortRow;
    bool direct = true;
    for (int i = 0; i < count; i++) {
      operand[i].access = accessOf(operand[i], shared);
      direct = direct && operand[i].access == Access::Direct;
    }
    if (shared) {
      rowsPerTile = (direct ? task : kTile) / inner;
      piece = inner;
      tiles = (rows + rowsPerTile - 1) / rowsPerTile;
    } else {
      piece = direct ? task : kTile;
      pieces = (inner + piece - 1) / piece;
      tiles = rows * pieces;
    }
    const int64_t elements = rowsPerTile * (piece < inner ? piece : inner);
    if (elements < task) tilesPerTask = task / elements;
  }

 private:
  Access accessOf(const Operand& o, bool shared) const {
    bool still = true, dense = innerStride(o) == 1;
    int64_t expected = inner;
    for (int d = outer - 1; d >= 0; d--) {
      still = still && (o.strides[d] == 0 || shape[d] == 1);
      dense = dense && (o.strides[d] == expected || shape[d] == 1);
      expected *= shape[d];
    }
    if (shared) return dense ? Access::Direct : still ? Access::Once : Access::EachTile;
    if (innerStride(o) == 1) return Access::Direct;
    return still && innerStride(o) == 0 ? Access::Once : Access::EachTile;
  }
};

// The tiles from `first` on, on one thread. Uses scratch slot 0.
class TileWalk {
 public:
  TileWalk(const Operands& operands, int64_t first) : o_(operands) {
    row_ = first / o_.pieces * o_.rowsPerTile;
    piece_ = first % o_.pieces;
    at_.rank = o_.outer;
    at_.count = o_.count;
    at_.shape = o_.shape;
    int laid = 0;
    for (int i = 0; i < o_.count; i++) {
      at_.strides[i] = o_.operand[i].strides;
      laid += o_.operand[i].access != Access::Direct;
      eachTile_ = eachTile_ || o_.operand[i].access == Access::EachTile;
    }
    at_.start(row_);
    char* memory = laid > 0 ? scratch<char>(0, laid * kTile * 8) : nullptr;
    for (int i = 0; i < o_.count; i++) {
      const Operand& operand = o_.operand[i];
      if (operand.access == Access::Direct) continue;
      in_[i] = tile_[i] = memory;
      memory += kTile * 8;
      if (operand.access == Access::Once) layOnce(i);
    }
  }

  // Makes the next tile; returns its number of elements.
  int64_t next() { return o_.rowsPerTile == 1 ? nextPiece() : nextRows(); }

  // Of the tile made last: where it begins among the elements in row-major order, and its operands.
  int64_t offset() const { return begin_; }
  const void* const* in() const { return in_; }

 private:
  void layOnce(int i) {
    const Operand& operand = o_.operand[i];
    const int64_t stride = o_.innerStride(operand);
    const int64_t length = o_.inner < o_.piece ? o_.inner : o_.piece;
    const int64_t rows = o_.rowsPerTile < o_.rows - row_ ? o_.rowsPerTile : o_.rows - row_;
    if (stride == 0) return gatherRow(tile_[i], operand.base, 0, rows * length, operand.size);
    gatherRow(tile_[i], operand.base, stride, length, operand.size);
    int64_t filled = length * operand.size;
    const int64_t total = rows * filled;
    while (filled < total) {
      const int64_t more = filled < total - filled ? filled : total - filled;
      __builtin_memcpy(tile_[i] + filled, tile_[i], static_cast<size_t>(more));
      filled += more;
    }
  }

  int64_t nextPiece() {
    const int64_t from = piece_ * o_.piece;
    const int64_t n = o_.piece < o_.inner - from ? o_.piece : o_.inner - from;
    begin_ = row_ * o_.inner + from;
    for (int i = 0; i < o_.count; i++) {
      const Operand& operand = o_.operand[i];
      if (operand.access == Access::Once) continue;
      const int64_t stride = o_.innerStride(operand);
      const char* p = operand.base + (at_.offset[i] + from * stride) * operand.size;
      if (operand.access == Access::Direct)
        in_[i] = p;
      else
        gatherRow(tile_[i], p, stride, n, operand.size);
    }
    if (++piece_ == o_.pieces) {
      piece_ = 0;
      advanceRow();
    }
    return n;
  }

  int64_t nextRows() {
    const int64_t rows = o_.rowsPerTile < o_.rows - row_ ? o_.rowsPerTile : o_.rows - row_;
    begin_ = row_ * o_.inner;
    for (int i = 0; i < o_.count; i++) {
      if (o_.operand[i].access == Access::Direct) in_[i] = o_.operand[i].base + begin_ * o_.operand[i].size;
    }
    if (!eachTile_) {
      row_ += rows;
      return rows * o_.inner;
    }
    for (int64_t r = 0; r < rows; r++) {
      for (int i = 0; i < o_.count; i++) {
        const Operand& operand = o_.operand[i];
        if (operand.access != Access::EachTile) continue;
        gatherRow(tile_[i] + r * o_.inner * operand.size, operand.base + at_.offset[i] * operand.size,
                  o_.innerStride(operand), o_.inner, operand.size);
      }
      advanceRow();
    }
    return rows * o_.inner;
  }

  void advanceRow() {
    row_++;
    at_.advance();
  }

  const Operands& o_;
  int64_t row_, piece_, begin_ = 0;
  Odometer at_;  // the current row
  char* tile_[kPointwiseInputs];
  const void* in_[kPointwiseInputs];
  bool eachTile_ = false;
};

}  // namespace anneal::ANNEAL_LEVEL
