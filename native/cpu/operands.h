// Strided and broadcast operands, handed out as contiguous tiles of one shape.
//
// The shape is seen as [rows, inner]. Long rows are cut into pieces, several short rows share a tile. An operand whose
// elements already lie as the tile needs them is passed by pointer, and one that does not change within a tile as a short
// block of that element; others are laid out in the thread's scratch memory: those that every tile sees alike (a row
// under short rows) once a task, the rest for each tile, transposed operands for several rows at a time.
#pragma once
#include "cpu/strided.h"
#include "cpu/tile.h"

namespace anneal::ANNEAL_LEVEL {

constexpr int64_t kTile = 2048;     // elements of a tile that is laid out: all operands stay in the L1 cache
constexpr int64_t kShortRow = 256;  // shorter rows share tiles
// Elements of the cheapest operator that make a task: about 1 us, twice what a parallel loop costs to start.
constexpr int64_t kTaskElements = 16384;

enum class Access : uint8_t {
  Direct,    // lies in memory as the tile needs it
  Fixed,     // one element for all
  FixedRow,  // one element for all of the row that the tile is of
  RowValue,  // one element for each of the tile's rows: given as so many elements
  Once,      // laid out alike for every tile
  EachTile,
};

struct TileOperand {
  const char* base;
  const int64_t* strides;
  int size;
  Access access;
  bool transposed;  // steps of 1 along the last outer dimension
};

// How the work is cut: by shape and strides alone. A unit is one tile, or, where an operand is transposed, the tiles of
// `side` rows.
struct Operands {
  int outer;  // dimensions before the inner one
  int count;
  const int64_t* shape;
  int64_t rows, inner;
  int64_t lastOuter;  // extent of the last outer dimension
  bool shared;        // short rows, which share tiles
  bool byRow;         // ... but are read one by one: what all rows see alike is laid out for one
  bool rowValues;
  int64_t rowsPerTile, piece, pieces;  // a tile is rowsPerTile rows, or a piece of a row
  int64_t side;                        // rows of a unit
  int64_t units, unitsPerTask;
  int64_t laidElements;  // of a unit
  uint32_t fixed;        // as tile functions take it
  TileOperand operand[kOperands];

  void start(int rank, const int64_t* dims) {
    outer = rank > 0 ? rank - 1 : 0;
    count = 0;
    shape = dims;
    rows = 1;
    inner = rank > 0 ? dims[rank - 1] : 1;
    lastOuter = outer > 0 ? dims[outer - 1] : 1;
    for (int d = 0; d < outer; d++) rows *= dims[d];
    shared = rows > 1 && inner < kShortRow;
    byRow = false;
  }

  void add(const void* base, const int64_t* strides, int size) {
    operand[count++] = {static_cast<const char*>(base), strides, size, Access::Direct, false};
  }

  int64_t innerStride(const TileOperand& o) const { return inner == 1 ? 1 : o.strides[outer]; }

  // How each operand is handed out. wholeRows: rows are not cut, and what has one element a row is given as RowValue where
  // several share a tile.
  void classify(bool wholeRows) {
    rowValues = wholeRows;
    fixed = 0;
    bool flat = !wholeRows;
    for (int i = 0; i < count; i++) {
      TileOperand& o = operand[i];
      bool dense;
      o.access = accessOf(o, dense);
      flat = flat && (dense || o.access == Access::Fixed);
      if (o.access == Access::Fixed || o.access == Access::FixedRow) fixed |= uint32_t{1} << i;
      o.transposed = o.access == Access::EachTile && outer > 0 && lastOuter >= 4 && inner >= 4 &&
                     o.strides[outer - 1] == 1 && innerStride(o) != 0;
    }
    if (!flat) return;
    inner *= rows;
    rows = lastOuter = 1;
    outer = 0;
    shared = false;
  }

  // cost: of the operator on one element, 1 for an addition. tile: elements of a tile that is laid out.
  void cut(int64_t cost, int64_t tile) {
    rowsPerTile = piece = pieces = side = unitsPerTask = 1;
    units = laidElements = 0;
    if (rows * inner == 0) return;
    const int64_t task = kTaskElements / cost > kTile ? kTaskElements / cost : kTile;
    bool direct = true;
    for (int i = 0; i < count; i++) {
      direct = direct && operand[i].access < Access::RowValue;
      if (operand[i].transposed && !shared)
        side = side > transposeSide(operand[i].size) ? side : transposeSide(operand[i].size);
    }
    if (shared) {
      piece = inner;
      rowsPerTile = (direct && !rowValues ? task : tile) / inner;
      rowsPerTile = rowsPerTile < 1 ? 1 : rowsPerTile > rows ? rows : rowsPerTile;
      laidElements = rowsPerTile * inner;
      units = (rows + rowsPerTile - 1) / rowsPerTile;
    } else {
      piece = rowValues ? inner : direct ? task : side > 1 ? tile / 8 : tile;
      if (piece > inner) piece = inner;
      pieces = (inner + piece - 1) / piece;
      laidElements = side * piece;
      units = rows / lastOuter * ((lastOuter + side - 1) / side) * pieces;
    }
    if (laidElements < task) unitsPerTask = task / laidElements;
  }

  // Tasks of that many elements at least, where the shape has them.
  void enlargeTasks(int64_t elements) {
    const int64_t taken = rows * inner / (units > 0 ? units : 1) * unitsPerTask;
    if (taken > 0 && taken < elements) unitsPerTask *= elements / taken;
  }

 private:
  Access accessOf(const TileOperand& o, bool& dense) const {
    bool still = true;
    dense = innerStride(o) == 1;
    int64_t expected = inner;
    for (int d = outer - 1; d >= 0; d--) {
      still = still && (o.strides[d] == 0 || shape[d] == 1);
      dense = dense && (o.strides[d] == expected || shape[d] == 1);
      expected *= shape[d];
    }
    if (dense) return Access::Direct;
    const bool constant = inner == 1 || o.strides[outer] == 0;
    if (constant && still) return Access::Fixed;
    if (shared) {
      if (still) return Access::Once;
      return constant && rowValues ? Access::RowValue : Access::EachTile;
    }
    if (constant) return Access::FixedRow;
    return innerStride(o) == 1 ? Access::Direct : Access::EachTile;
  }
};

// The tiles of units [begin, end), on one thread. Uses scratch slot 0.
class TileWalk {
 public:
  TileWalk(const Operands& operands, int64_t begin, int64_t end) : o_(operands), unit_(begin), end_(end) {
    at_.rank = o_.outer;
    at_.count = o_.count;
    at_.shape = o_.shape;
    int laid = 0;
    for (int i = 0; i < o_.count; i++) {
      at_.strides[i] = o_.operand[i].strides;
      const Access access = o_.operand[i].access;
      laid += access >= Access::RowValue;
      eachRow_ = eachRow_ || access == Access::EachTile || access == Access::RowValue;
    }
    if (!o_.shared) findUnit();
    if (laid == 0 && o_.fixed == 0) return;
    const int64_t bytes = (o_.laidElements * 8 + kFixedBytes - 1) / kFixedBytes * kFixedBytes;
    char* memory = scratch<char>(0, laid * bytes + kOperands * kFixedBytes);
    for (int i = 0; i < o_.count; i++) {
      const TileOperand& operand = o_.operand[i];
      if (operand.access == Access::Direct) continue;
      in_[i] = tile_[i] = memory;
      memory += operand.access >= Access::RowValue ? bytes : kFixedBytes;
      if (operand.access == Access::Fixed) fix(i, operand.base);
      if (operand.access == Access::Once) layOnce(i);
    }
  }

  // Makes the next tile; false after the last.
  bool next() { return o_.shared ? nextRows() : nextPiece(); }

  // Of the tile made last: its first row, where it begins among the elements in row-major order, how many it has, and its
  // operands.
  int64_t row() const { return row_; }
  int64_t offset() const { return begin_; }
  int64_t elements() const { return elements_; }
  const void* const* in() const { return in_; }

 private:
  void fix(int i, const char* element) {
    const int size = o_.operand[i].size;
    gatherRow(tile_[i], element, 0, kFixedBytes / size, size);
  }

  void layOnce(int i) {
    const TileOperand& operand = o_.operand[i];
    if (o_.byRow && o_.innerStride(operand) == 1) {
      in_[i] = operand.base;
      return;
    }
    gatherRow(tile_[i], operand.base, o_.innerStride(operand), o_.inner, operand.size);
    int64_t filled = o_.inner * operand.size;
    const int64_t total = o_.byRow ? filled : o_.rowsPerTile * filled;
    while (filled < total) {
      const int64_t more = filled < total - filled ? filled : total - filled;
      __builtin_memcpy(tile_[i] + filled, tile_[i], static_cast<size_t>(more));
      filled += more;
    }
  }

  void seek(int64_t row) {
    if (row == current_) return;
    if (current_ >= 0 && row == current_ + 1)
      at_.advance();
    else
      at_.start(row);
    current_ = row;
  }

  const char* rowOf(const TileOperand& operand, int i) const { return operand.base + at_.offset[i] * operand.size; }

  // `rows` rows from the current one on, of `columns` elements each from column `from` on.
  void layTransposed(int i, char* to, int64_t toRow, int64_t from, int64_t rows, int64_t columns) {
    const TileOperand& operand = o_.operand[i];
    const int64_t stride = o_.innerStride(operand);
    const int side = transposeSide(operand.size);
    const char* src = rowOf(operand, i) + from * stride * operand.size;
    withWord(operand.size, [&](auto word) {
      using T = decltype(word);
      for (int64_t r = 0; r < rows; r += side) {
        transposeStrip(reinterpret_cast<T*>(to) + r * toRow, toRow, reinterpret_cast<const T*>(src) + r, stride,
                       rows - r < side ? rows - r : side, columns);
      }
    });
  }

  void findUnit() {
    const int64_t sides = (o_.lastOuter + o_.side - 1) / o_.side, block = unit_ / o_.pieces;
    piece_ = unit_ - block * o_.pieces;
    first_ = block / sides * o_.lastOuter;
    within_ = block % sides * o_.side;
    first_ += within_;
  }

  void startUnit() {
    from_ = piece_ * o_.piece;
    elements_ = o_.piece < o_.inner - from_ ? o_.piece : o_.inner - from_;
    left_ = o_.side < o_.lastOuter - within_ ? o_.side : o_.lastOuter - within_;
    seek(first_);
    for (int i = 0; i < o_.count; i++) {
      if (o_.operand[i].transposed) layTransposed(i, tile_[i], o_.piece, from_, left_, elements_);
    }
    row_ = first_ - 1;
  }

  void advanceUnit() {
    unit_++;
    if (++piece_ < o_.pieces) return;
    piece_ = 0;
    const int64_t rows = o_.side < o_.lastOuter - within_ ? o_.side : o_.lastOuter - within_;
    first_ += rows;
    within_ = within_ + rows == o_.lastOuter ? 0 : within_ + rows;
  }

  bool nextPiece() {
    if (left_ == 0) {
      if (unit_ == end_) return false;
      startUnit();
    }
    seek(++row_);
    begin_ = row_ * o_.inner + from_;
    for (int i = 0; i < o_.count; i++) {
      const TileOperand& operand = o_.operand[i];
      switch (operand.access) {
        case Access::Direct: in_[i] = rowOf(operand, i) + from_ * operand.size; break;
        case Access::FixedRow: fix(i, rowOf(operand, i)); break;
        case Access::EachTile: {
          const int64_t stride = o_.innerStride(operand);
          if (operand.transposed)
            in_[i] = tile_[i] + (row_ - first_) * o_.piece * operand.size;
          else
            gatherRow(tile_[i], rowOf(operand, i) + from_ * stride * operand.size, stride, elements_, operand.size);
          break;
        }
        default: break;
      }
    }
    if (--left_ == 0) advanceUnit();
    return true;
  }

  bool nextRows() {
    if (unit_ == end_) return false;
    row_ = unit_++ * o_.rowsPerTile;
    const int64_t rows = o_.rowsPerTile < o_.rows - row_ ? o_.rowsPerTile : o_.rows - row_;
    begin_ = row_ * o_.inner;
    elements_ = rows * o_.inner;
    for (int i = 0; i < o_.count; i++) {
      if (o_.operand[i].access == Access::Direct) in_[i] = o_.operand[i].base + begin_ * o_.operand[i].size;
    }
    for (int64_t r = 0; eachRow_ && r < rows; r++) {
      seek(row_ + r);
      for (int i = 0; i < o_.count; i++) {
        const TileOperand& operand = o_.operand[i];
        if (operand.access == Access::RowValue) {
          gatherRow(tile_[i] + r * operand.size, rowOf(operand, i), 1, 1, operand.size);
        } else if (operand.access == Access::EachTile) {
          char* to = tile_[i] + r * o_.inner * operand.size;
          if (!operand.transposed) {
            gatherRow(to, rowOf(operand, i), o_.innerStride(operand), o_.inner, operand.size);
          } else if (const int64_t within = at_.index[o_.outer - 1]; r == 0 || within == 0) {
            const int64_t run = o_.lastOuter - within < rows - r ? o_.lastOuter - within : rows - r;
            layTransposed(i, to, o_.inner, 0, run, o_.inner);
          }
        }
      }
    }
    return true;
  }

  const Operands& o_;
  int64_t unit_, end_;
  // Of the unit: its piece, first row, that row within the last outer dimension, rows to come, first column.
  int64_t piece_ = 0, first_ = 0, within_ = 0, left_ = 0, from_ = 0;
  int64_t row_ = 0, begin_ = 0, elements_ = 0;
  int64_t current_ = -1;
  Odometer at_;  // at row current_
  char* tile_[kOperands];
  const void* in_[kOperands];
  bool eachRow_ = false;
};

}  // namespace anneal::ANNEAL_LEVEL
