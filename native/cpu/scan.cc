// Cumulative sums along the middle of dense [outer, extent, inner] tensors.
//
// The columns of a slice [extent, inner] are summed side by side. An extent that is long is cut into pieces: first the total of
// each piece, then what stands before each piece, then the sums within it. The cut depends on the shape alone.
#include "cpu/kernels.h"
#include "cpu/simd.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kColumns = 64;           // that a task sums side by side, at most
constexpr int64_t kPieceElements = 16384;  // of a task, at most

// Floats are summed in float64, as PyTorch does on a CPU; integers modulo their size, where unsigned sums are defined.
template <class T>
struct SumType {
  using type = uint64_t;
};
template <>
struct SumType<float> {
  using type = double;
};
template <>
struct SumType<double> {
  using type = double;
};

template <class T>
struct Scan {
  using Sum = typename SumType<T>::type;

  const ScanArgs& args;
  const T* in;
  T* out;
  int64_t blocks;  // of columns
  int64_t width;   // columns of a block, but for the last
  int64_t pieces;  // of the extent
  int64_t length;  // of a piece, but for the last

  explicit Scan(const ScanArgs& a) : args(a), in(static_cast<const T*>(a.in)), out(static_cast<T*>(a.out)) {
    width = a.inner < kColumns ? a.inner : kColumns;
    blocks = (a.inner + width - 1) / width;
    length = kPieceElements / width;
    pieces = (a.extent + length - 1) / length;
  }

  // One task: some columns of one slice, and one piece of their extent.
  struct Part {
    int64_t first;  // element that the sum begins with, in its first column
    int64_t step;   // to the next element of the column
    int64_t columns, rows;
    int64_t totals;  // place of its first column among the totals
  };
  ANNEAL_INLINE Part partOf(int64_t o, int64_t block, int64_t piece) const {
    const int64_t column = block * width, begin = piece * length;
    Part part;
    part.columns = args.inner - column < width ? args.inner - column : width;
    part.rows = args.extent - begin < length ? args.extent - begin : length;
    const int64_t row = args.reverse ? args.extent - 1 - begin : begin;
    part.first = (o * args.extent + row) * args.inner + column;
    part.step = args.reverse ? -args.inner : args.inner;
    part.totals = (o * pieces + piece) * args.inner + column;
    return part;
  }

  // Adds the part up onto `sums`, and writes the sums on the way where asked to.
  template <bool Write>
  ANNEAL_INLINE void add(const Part& part, Sum* sums) const {
    int64_t at = part.first;
    if (part.columns == 1) {
      Sum sum = *sums;
      for (int64_t i = 0; i < part.rows; ++i, at += part.step) {
        sum += static_cast<Sum>(in[at]);
        if (Write) out[at] = static_cast<T>(sum);
      }
      *sums = sum;
      return;
    }
    for (int64_t i = 0; i < part.rows; ++i, at += part.step) {
      for (int64_t c = 0; c < part.columns; ++c) {
        sums[c] += static_cast<Sum>(in[at + c]);
        if (Write) out[at + c] = static_cast<T>(sums[c]);
      }
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

  void run() const {
    if (pieces == 1) {
      return forParts(1, [&](const Part& part) {
        Sum sums[kColumns] = {};
        add<true>(part, sums);
      });
    }
    Sum* totals = scratch<Sum>(0, args.outer * pieces * args.inner);
    forParts(pieces, [&](const Part& part) {
      for (int64_t c = 0; c < part.columns; ++c) totals[part.totals + c] = 0;
      add<false>(part, totals + part.totals);
    });
    for (int64_t o = 0; o < args.outer; ++o) {
      for (int64_t c = 0; c < args.inner; ++c) {
        Sum before = 0;
        for (int64_t piece = 0; piece < pieces; ++piece) {
          Sum& total = totals[(o * pieces + piece) * args.inner + c];
          const Sum own = total;
          total = before;
          before += own;
        }
      }
    }
    forParts(pieces, [&](const Part& part) { add<true>(part, totals + part.totals); });
  }
};

}  // namespace

void scan(const ScanArgs& args) {
  withAny("cumsum", args.dtype, [&](auto t) {
    using T = typename decltype(t)::type;
    if constexpr (__is_same(T, bool)) {
      failDType("cumsum", args.dtype);
    } else {
      Scan<T>(args).run();
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL
