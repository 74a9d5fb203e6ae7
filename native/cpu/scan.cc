// Scans along the middle of dense [outer, extent, inner] tensors: sums, products and extremes so far. (recurrence.h has the others.)
//
// The columns of a slice [extent, inner] go side by side. An extent that is long is cut into pieces: first the total of each piece,
// then what stands before each piece, then the results within it. The cut depends on the shape alone.
#include "cpu/kernels.h"
#include "cpu/prefix.h"
#include "cpu/recurrence.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kColumns = 64;           // that a task takes side by side, at most
constexpr int64_t kPieceElements = 16384;  // of a task, at most

// Each kind has up to two values for a column. kStart: of nothing. step: one more element, and what is written for it. join: of a
// piece, after what stands before it. kCut: whether there are pieces.

// Sums and products: the second value is unused. Products are not cut, nor are those of float64 taken in vectors: one that has left
// the range stays infinite, where a part that is 0 would make it NaN.
template <class T, template <class> class Op>
struct Total {
  using First = typename WideOf<T>::type;
  using Second = uint8_t;
  static constexpr First kStart = Op<First>::kIdentity;
  static constexpr bool kCut = __is_same(Op<First>, SumOf<First>);

  static ANNEAL_INLINE void join(First& own, Second&, First before, Second) { own = Op<First>::apply(before, own); }
  template <bool Write>
  static ANNEAL_INLINE void step(const ScanArgs& args, int64_t at, int64_t, First& total, Second&) {
    total = Op<First>::apply(total, static_cast<First>(static_cast<const T*>(args.in)[at]));
    if (Write) static_cast<T*>(args.out)[at] = static_cast<T>(total);
  }
  // A column whose elements are neighbours in memory.
  template <bool Write>
  static ANNEAL_INLINE bool stepAll(const ScanArgs& args, int64_t first, int64_t rows, First& total, Second&) {
    if constexpr (kIsFloat<T> && (kCut || sizeof(T) == 4)) {
      const T* in = static_cast<const T*>(args.in) + first;
      T* out = static_cast<T*>(args.out) + first;
      if (!Write)
        total = totalOf<Op>(in - (args.reverse ? rows - 1 : 0), rows);
      else if (args.reverse)
        prefixes<Op, true>(in, out, rows, total);
      else
        prefixes<Op, false>(in, out, rows, total);
      return true;
    }
    return false;
  }
};

// Extremes, and where they are: a later element that is as good counts, and each NaN after the first.
template <class T, bool largest>
struct Extreme {
  using First = T;
  using Second = int64_t;
  static constexpr First kStart = extreme<T>(!largest);
  static constexpr bool kCut = true;

  static ANNEAL_INLINE bool replaces(T x, T best) { return (largest ? x >= best : x <= best) || x != x; }
  static ANNEAL_INLINE void join(First& own, Second& where, First before, Second whereBefore) {
    if (replaces(own, before)) return;
    own = before;
    where = whereBefore;
  }
  template <bool Write>
  static ANNEAL_INLINE void step(const ScanArgs& args, int64_t at, int64_t row, First& best, Second& where) {
    const T x = static_cast<const T*>(args.in)[at];
    const bool better = replaces(x, best);
    best = better ? x : best;
    where = better ? row : where;
    if (!Write) return;
    static_cast<T*>(args.out)[at] = best;
    args.index[at] = where;
  }
  // Most vectors have no better element.
  template <bool Write>
  static bool stepAll(const ScanArgs& args, int64_t at, int64_t rows, First& best, Second& where) {
    constexpr int kLanes = Vec<T>::kLanes;
    if (args.reverse) return false;
    const T* in = static_cast<const T*>(args.in) + at;
    const int64_t before = at / args.extent * args.extent;  // where the column begins
    int64_t i = 0;
    for (; i + kLanes <= rows; i += kLanes) {
      const Vec<T> x = load(in + i), limit(best);
      if (any((largest ? x >= limit : x <= limit) | (x != x))) {
        for (int lane = 0; lane < kLanes; ++lane) step<Write>(args, at + i + lane, at + i + lane - before, best, where);
      } else if (Write) {
        store(static_cast<T*>(args.out) + at + i, limit);
        for (int lane = 0; lane < kLanes; lane += Vec<int64_t>::kLanes) {
          store(args.index + at + i + lane, Vec<int64_t>(where));
        }
      }
    }
    for (; i < rows; ++i) step<Write>(args, at + i, at + i - before, best, where);
    return true;
  }
};

template <class Kind>
struct Scan {
  using First = typename Kind::First;
  using Second = typename Kind::Second;

  const ScanArgs& args;
  int64_t blocks;  // of columns
  int64_t width;   // columns of a block, but for the last
  int64_t pieces;  // of the extent
  int64_t length;  // of a piece, but for the last

  explicit Scan(const ScanArgs& a) : args(a) {
    width = a.inner < kColumns ? a.inner : kColumns;
    blocks = (a.inner + width - 1) / width;
    length = Kind::kCut ? kPieceElements / width : a.extent;
    pieces = (a.extent + length - 1) / length;
  }

  // One task: some columns of one slice, and one piece of their extent.
  struct Part {
    int64_t first;  // element that it begins with, in its first column
    int64_t step;   // to the next element of the column
    int64_t row;    // of the first element
    int64_t columns, rows;
    int64_t totals;  // place of its first column among the totals
  };
  ANNEAL_INLINE Part partOf(int64_t o, int64_t block, int64_t piece) const {
    const int64_t column = block * width, begin = piece * length;
    Part part;
    part.columns = args.inner - column < width ? args.inner - column : width;
    part.rows = args.extent - begin < length ? args.extent - begin : length;
    part.row = args.reverse ? args.extent - 1 - begin : begin;
    part.first = (o * args.extent + part.row) * args.inner + column;
    part.step = args.reverse ? -args.inner : args.inner;
    part.totals = (o * pieces + piece) * args.inner + column;
    return part;
  }

  // Goes through the part from what `first` and `second` hold, and writes the results where asked to.
  template <bool Write>
  ANNEAL_INLINE void go(const Part& part, First* first, Second* second) const {
    int64_t at = part.first, row = part.row;
    const int64_t rowStep = args.reverse ? -1 : 1;
    if (part.columns == 1) {
      if (args.inner == 1 && Kind::template stepAll<Write>(args, at, part.rows, *first, *second)) return;
      First one = *first;
      Second two = *second;
      for (int64_t i = 0; i < part.rows; ++i, at += part.step, row += rowStep) {
        Kind::template step<Write>(args, at, row, one, two);
      }
      *first = one;
      *second = two;
      return;
    }
    for (int64_t i = 0; i < part.rows; ++i, at += part.step, row += rowStep) {
      for (int64_t c = 0; c < part.columns; ++c) Kind::template step<Write>(args, at + c, row, first[c], second[c]);
    }
  }

  template <class Body>
  void forParts(int64_t count, const Body& body) const {
    const int64_t elements = length * width;
    const int64_t whole = args.extent < length ? args.extent * width : elements;
    const int64_t grain = kPieceElements / (whole > 0 ? whole : 1);
    forRange(
        args.outer * blocks * count, grain > 1 ? grain : 1,
        [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) body(partOf(i / count / blocks, i / count % blocks, i % count));
        },
        kPieceElements / 1000);
  }

  static ANNEAL_INLINE void start(First* first, Second* second, int64_t columns) {
    for (int64_t c = 0; c < columns; ++c) first[c] = Kind::kStart, second[c] = Second(0);
  }

  void run() const {
    if (pieces == 1) {
      return forParts(1, [&](const Part& part) {
        First first[kColumns];
        Second second[kColumns];
        start(first, second, part.columns);
        go<true>(part, first, second);
      });
    }
    const int64_t count = args.outer * pieces * args.inner;
    First* first = scratch<First>(0, count);
    Second* second = scratch<Second>(1, count);
    forParts(pieces, [&](const Part& part) {
      start(first + part.totals, second + part.totals, part.columns);
      go<false>(part, first + part.totals, second + part.totals);
    });
    for (int64_t o = 0; o < args.outer; ++o) {
      for (int64_t c = 0; c < args.inner; ++c) {
        First before = Kind::kStart;
        Second beforeToo(0);
        for (int64_t piece = 0; piece < pieces; ++piece) {
          const int64_t at = (o * pieces + piece) * args.inner + c;
          First own = first[at];
          Second ownToo = second[at];
          Kind::join(own, ownToo, before, beforeToo);
          first[at] = before, second[at] = beforeToo;
          before = own, beforeToo = ownToo;
        }
      }
    }
    forParts(pieces, [&](const Part& part) { go<true>(part, first + part.totals, second + part.totals); });
  }
};

// The dtypes of totals, which bool has none of.
template <class F>
void withNumber(const char* name, DType dtype, const F& f) {
  withAny(name, dtype, [&](auto t) {
    if constexpr (__is_same(typename decltype(t)::type, bool))
      failDType(name, dtype);
    else
      f(t);
  });
}

template <bool largest>
void extremes(const ScanArgs& args) {
  withAny("scan", args.dtype, [&](auto t) {
    using T = typename decltype(t)::type;
    if constexpr (__is_same(T, bool))
      Scan<Extreme<uint8_t, largest>>(args).run();
    else
      Scan<Extreme<T, largest>>(args).run();
  });
}

}  // namespace

void scan(const ScanArgs& args) {
  switch (args.op) {
    case ScanOp::Sum:
      return withNumber("cumsum", args.dtype,
                        [&](auto t) { Scan<Total<typename decltype(t)::type, SumOf>>(args).run(); });
    case ScanOp::Prod:
      return withNumber("cumprod", args.dtype,
                        [&](auto t) { Scan<Total<typename decltype(t)::type, ProductOf>>(args).run(); });
    case ScanOp::Max: return extremes<true>(args);
    case ScanOp::Min: return extremes<false>(args);
    case ScanOp::LogSumExp:
      return withFloat("logcumsumexp", args.dtype, [&](auto t) { logSumExpScan<typename decltype(t)::type>(args); });
    case ScanOp::Linear:
      return withFloat("linearScan", args.dtype, [&](auto t) { linearScan<typename decltype(t)::type>(args); });
  }
}

}  // namespace anneal::ANNEAL_LEVEL
