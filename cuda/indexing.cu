// Indexing along one dimension of dense [outer, extent, inner] tensors: select, gather, their transposes, one-hot; positions of what
// holds.
//
// Writes happen in the order of the indices, without atomics, so repeated indices give the CPU's bits: the thread of the first of the
// indices that are equal (chains.h) writes for all of them.
#include "chains.h"
#include "device/dtypes.h"
#include "device/fault.h"
#include "device/index.h"
#include "device/lane.h"
#include "kernels.h"

namespace anneal::device {

namespace {

constexpr unsigned kThreads = 256;

struct Params {
  int64_t outer, extent, count, inner;
  const void* src;
  const int64_t* index;
  const int64_t* next;  // of linkEqual
  int64_t* runs;        // Positions
  void* out;
  FaultRecord* fault;
  bool each;       // an index for each element [outer, count, inner] instead of one for each row [count]
  int64_t lowest;  // index that is good
  int64_t fill;    // Positions: behind the last one
};

ANNEAL_INLINE int64_t thread() { return int64_t{blockIndex()} * kThreads + threadIndex(); }

// Whether the index at `position` is good; if not, it is told. As unsigned numbers, negative ones are too large as well.
ANNEAL_INLINE bool isGood(const Params& p, int64_t position) {
  return static_cast<uint64_t>(p.index[position] - p.lowest) < static_cast<uint64_t>(p.extent - p.lowest);
}
ANNEAL_INLINE bool isChecked(const Params& p, int64_t position) {
  if (isGood(p, position)) return true;
  report(p.fault, position, p.index[position]);
  return false;
}

// out [outer, count, inner] = src [outer, extent, inner] at index [count] or [outer, count, inner]
template <class Word>
ANNEAL_KERNEL(kThreads)
pick(const Params p) {
  const int64_t at = thread();
  if (at >= p.outer * p.count * p.inner) return;
  const int64_t i = at % p.inner, j = at / p.inner % p.count, o = at / p.inner / p.count;
  const int64_t position = p.each ? at : j;
  if (!isChecked(p, position)) return;
  static_cast<Word*>(p.out)[at] = static_cast<const Word*>(p.src)[(o * p.extent + p.index[position]) * p.inner + i];
}

// out [outer, extent] = index [outer] == place
template <class T>
ANNEAL_KERNEL(kThreads)
oneHot(const Params p) {
  const int64_t at = thread();
  if (at >= p.outer * p.extent) return;
  const int64_t o = at / p.extent, place = at % p.extent;
  if (place == 0) isChecked(p, o);
  static_cast<T*>(p.out)[at] = static_cast<T>(p.index[o] == place);
}

// ---- additions -----------------------------------------------------------------------------------------------------------------
ANNEAL_KERNEL(kThreads) check(const Params p) {
  const int64_t at = thread();
  if (at < (p.each ? p.outer * p.count * p.inner : p.count)) isChecked(p, at);
}

// How a value joins the one that is there.
struct Add {
  template <class T>
  static ANNEAL_INLINE T join(T there, T value) {
    if constexpr (__is_same(T, bool))
      return there || value;
    else
      return (Lane<T>(there) + Lane<T>(value)).raw;
  }
};
struct Multiply {
  template <class T>
  static ANNEAL_INLINE T join(T there, T value) {
    if constexpr (__is_same(T, bool))
      return there && value;
    else
      return (Lane<T>(there) * Lane<T>(value)).raw;
  }
};
struct Replace {
  template <class T>
  static ANNEAL_INLINE T join(T, T value) {
    return value;
  }
};
// NaN beats every number.
struct Larger {
  template <class T>
  static ANNEAL_INLINE T join(T there, T value) {
    return value > there || value != value ? value : there;
  }
};
struct Smaller {
  template <class T>
  static ANNEAL_INLINE T join(T there, T value) {
    return value < there || value != value ? value : there;
  }
};

// out at index joined with src, by the thread of the first element of each chain
template <class Join, class T>
ANNEAL_KERNEL(kThreads)
joinChains(const Params p) {
  const int64_t at = thread();
  if (at >= p.outer * p.count * p.inner) return;
  const int64_t i = at % p.inner, j = at / p.inner % p.count, o = at / p.inner / p.count;
  const int64_t positions = p.each ? p.outer * p.count * p.inner : p.count, position = p.each ? at : j;
  if (!isGood(p, position) || p.next[position] == kFollows) return;
  const int64_t column = o * p.count * p.inner + i;
  T* const to = static_cast<T*>(p.out) + (o * p.extent + p.index[position]) * p.inner + i;
  T joined = *to;
  for (int64_t link = j; link != kNone;) {
    joined = Join::join(joined, static_cast<const T*>(p.src)[column + link * p.inner]);
    link = p.next[positions + (p.each ? column + link * p.inner : link)];
  }
  *to = joined;
}

// ---- positions -----------------------------------------------------------------------------------------------------------------
// out [count] = base * extent + index, negative indices counted from the end; `src` is the base, or null
ANNEAL_KERNEL(kThreads)
linear(const Params p) {
  const int64_t at = thread();
  if (at >= p.count || !isChecked(p, at)) return;
  const int64_t* const base = static_cast<const int64_t*>(p.src);
  const int64_t index = p.index[at] + (p.index[at] < 0 ? p.extent : 0);
  static_cast<int64_t*>(p.out)[at] = (base ? base[at] * p.extent : 0) + index;
}

constexpr int64_t kRun = 64;  // elements that a thread counts

// How many hold in each run of src [outer].
ANNEAL_KERNEL(kThreads)
countRuns(const Params p) {
  const int64_t first = thread() * kRun, end = first + kRun < p.outer ? first + kRun : p.outer;
  if (first >= p.outer) return;
  int64_t found = 0;
  for (int64_t o = first; o < end; ++o) found += static_cast<const uint8_t*>(p.src)[o] != 0;
  p.runs[thread()] = found;
}

// The places at which src holds; `runs` has how many there are up to the end of each run.
ANNEAL_KERNEL(kThreads)
placeRuns(const Params p) {
  const int64_t first = thread() * kRun, end = first + kRun < p.outer ? first + kRun : p.outer;
  if (first >= p.outer) return;
  int64_t at = thread() > 0 ? p.runs[thread() - 1] : 0;
  for (int64_t o = first; o < end && at < p.count; ++o) {
    if (static_cast<const uint8_t*>(p.src)[o] != 0) static_cast<int64_t*>(p.out)[at++] = o;
  }
}

// What is left of out.
ANNEAL_KERNEL(kThreads)
fillPlaces(const Params p) {
  const int64_t at = thread(), found = p.outer > 0 ? p.runs[(p.outer - 1) / kRun] : 0;
  if (at >= found && at < p.count) static_cast<int64_t*>(p.out)[at] = p.fill;
}

Grid gridOf(int64_t threads) { return {(threads + kThreads - 1) / kThreads}; }

template <class Join, class T>
void join(CudaQueue& queue, Params p) {
  const int64_t elements = p.outer * p.count * p.inner, positions = p.each ? elements : p.count;
  if (elements == 0) return;
  launch(queue, gridOf(positions), kThreads, check, p);
  p.next = linkEqual(queue, {p.index, p.outer, p.extent, p.count, p.inner, p.each});
  launch(queue, gridOf(elements), kThreads, joinChains<Join, T>, p);
}

template <class Join>
void joinAll(CudaQueue& queue, const IndexArgs& args, const Params& p) {
  if (args.dtype == DType::Bool) return join<Join, bool>(queue, p);
  withNumber("index", args.dtype, [&](auto t) { join<Join, typename decltype(t)::type>(queue, p); });
}

void positions(CudaQueue& queue, const IndexArgs& args, Params p) {
  if (args.count == 0) return;
  const int64_t runs = (args.outer + kRun - 1) / kRun;
  auto* const counts = static_cast<int64_t*>(queue.scratch(static_cast<size_t>(runs + 1) * sizeof(int64_t), 1));
  p.runs = resolve(counts);
  if (runs > 0) {
    launch(queue, gridOf(runs), kThreads, countRuns, p);
    cumsum(queue, counts, runs);
    launch(queue, gridOf(runs), kThreads, placeRuns, p);
  }
  launch(queue, gridOf(args.count), kThreads, fillPlaces, p);
}

[[noreturn]] void explain(const FaultRecord& found, const FaultNote& note) {
  fail(ErrorKind::Index, "[%s] index %lld is outside [%lld, %lld) at position %lld", note.op,
       static_cast<long long>(found.index), static_cast<long long>(note.lowest), static_cast<long long>(note.extent),
       static_cast<long long>(found.position));
}

// What sums begin with: zeros, or a copy of base.
void begin(CudaQueue& queue, const IndexArgs& args, bool fromBase) {
  const int64_t count = args.outer * args.extent * args.inner;
  if (count == 0) return;
  if (fromBase) {
    if (args.base == args.out) return;
    CopyArgs copyArgs{};
    copyArgs.from = copyArgs.to = args.dtype;
    copyArgs.rank = 1;
    copyArgs.shape[0] = count;
    copyArgs.srcStrides[0] = copyArgs.dstStrides[0] = 1;
    copyArgs.src = args.base;
    copyArgs.dst = args.out;
    return copy(queue, copyArgs);
  }
  FillArgs fillArgs{};
  fillArgs.op = FillOp::Constant;
  fillArgs.dtype = args.dtype;
  fillArgs.count = count;
  fillArgs.out = args.out;
  fill(queue, fillArgs);
}

void run(CudaQueue& queue, const IndexArgs& args, const Params& p) {
  const int64_t elements = args.outer * args.count * args.inner;
  switch (args.op) {
    case IndexOp::Select:
    case IndexOp::Gather:
      if (elements == 0) {  // indices are checked all the same
        if (!p.each && args.count > 0) launch(queue, gridOf(args.count), kThreads, check, p);
        return;
      }
      switch (sizeOf(args.dtype)) {
        case 1: return launch(queue, gridOf(elements), kThreads, pick<uint8_t>, p);
        case 4: return launch(queue, gridOf(elements), kThreads, pick<uint32_t>, p);
        default: return launch(queue, gridOf(elements), kThreads, pick<uint64_t>, p);
      }
    case IndexOp::SelectAdd:
    case IndexOp::ScatterAdd: begin(queue, args, isScatter(args.op)); return joinAll<Add>(queue, args, p);
    case IndexOp::Put: return joinAll<Replace>(queue, args, p);
    case IndexOp::Scatter: begin(queue, args, true); return joinAll<Replace>(queue, args, p);
    case IndexOp::ScatterProd: begin(queue, args, true); return joinAll<Multiply>(queue, args, p);
    case IndexOp::ScatterMax: begin(queue, args, true); return joinAll<Larger>(queue, args, p);
    case IndexOp::ScatterMin: begin(queue, args, true); return joinAll<Smaller>(queue, args, p);
    case IndexOp::Linear:
      if (args.count > 0) launch(queue, gridOf(args.count), kThreads, linear, p);
      return;
    case IndexOp::Positions: return;  // has no indices
    case IndexOp::OneHot:
      if (args.outer == 0) return;
      if (args.extent == 0) {  // no index is good
        Params all = p;
        all.count = args.outer;
        return launch(queue, gridOf(args.outer), kThreads, check, all);
      }
      return withElement("oneHot", args.dtype, [&](auto t) {
        launch(queue, gridOf(args.outer * args.extent), kThreads, oneHot<typename decltype(t)::type>, p);
      });
  }
}

}  // namespace

void index(CudaQueue& queue, const IndexArgs& args) {
  Params p{};
  p.outer = args.outer;
  p.extent = args.extent;
  p.count = args.count;
  p.inner = args.inner;
  p.src = resolve(args.src);
  p.index = resolve(args.index);
  p.out = resolve(args.out);
  p.each = args.op == IndexOp::Gather || isScatter(args.op);
  p.fill = args.fill;
  if (args.op == IndexOp::Positions) return positions(queue, args, p);
  if (args.op == IndexOp::Linear) {
    p.lowest = -args.extent;
    p.src = resolve(args.base);
  }
  p.fault = queue.expectFault({explain, args.name, args.extent, p.lowest});
  run(queue, args, p);
  queue.launched();
}

}  // namespace anneal::device
