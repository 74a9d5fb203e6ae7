#include "cpu/strand.h"
#include "core/pointwise.h"

#include "cpu/formulas.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

#define ANNEAL_VECTORS                                                                                  \
  StrandVector a0, StrandVector a1, StrandVector a2, StrandVector a3, StrandVector a4, StrandVector a5, \
      StrandVector a6, StrandVector a7
#define ANNEAL_NEXT step[1].run(step + 1, at, i, end, a0, a1, a2, a3, a4, a5, a6, a7)
#define ANNEAL_ARGUMENTS step, at, i, end, a0, a1, a2, a3, a4, a5, a6, a7

ANNEAL_INLINE Vec<float> loadAt(const char*& p, int v) {
  loadsInOrder(p);
  return load(reinterpret_cast<const float*>(p + v * kVectorBytes));
}

ANNEAL_INLINE const char* placeOf(const StrandStep* step, char* const* at, int64_t i, int k) {
  return at[step->place[k]] + (i & step->mask[k]);
}

// The vectors of an operand; a fixed one is loaded once.
template <bool fixed>
struct Source {
  const char* p;
  Vec<float> first;

  ANNEAL_INLINE explicit Source(const char* at) : p(at) {
    if constexpr (fixed) first = loadAt(at, 0);
  }
  ANNEAL_INLINE Vec<float> operator()(int v) {
    if constexpr (fixed)
      return first;
    else
      return loadAt(p, v);
  }
};

template <class Formula, int inputs, int running, class M, class N>
ANNEAL_INLINE StrandVector one(Vec<float> a, M& m, N& n, int v, const double* p) {
  if constexpr (inputs == 1 && running == kRunningNone)
    return Formula::apply(m(v), p).raw;
  else if constexpr (inputs == 1)
    return Formula::apply(a, p).raw;
  else if constexpr (inputs == 2 && running == kRunningNone)
    return Formula::apply(m(v), n(v), p).raw;
  else if constexpr (inputs == 2 && running == kRunningBoth)
    return Formula::apply(a, a, p).raw;
  else if constexpr (inputs == 2 && running == 0)
    return Formula::apply(a, m(v), p).raw;
  else if constexpr (inputs == 2)
    return Formula::apply(m(v), a, p).raw;
  else if constexpr (running == 0)
    return Formula::apply(a, m(v), n(v), p).raw;
  else if constexpr (running == 1)
    return Formula::apply(m(v), a, n(v), p).raw;
  else
    return Formula::apply(m(v), n(v), a, p).raw;
}

// Bit k of `fixed`: the step's k-th place is known to be fixed.
template <class Formula, int inputs, int running, int fixed = 0>
void apply(const StrandStep* step, char* const* at, int64_t i, int64_t end, ANNEAL_VECTORS) {
  const double* const p = step->params;
  constexpr int kPlaced = running == kRunningNone ? inputs : running == kRunningBoth ? inputs - 2 : inputs - 1;
  Source<(fixed & 1) != 0> m(kPlaced > 0 ? placeOf(step, at, i, 0) : nullptr);
  Source<(fixed & 2) != 0> n(kPlaced > 1 ? placeOf(step, at, i, 1) : nullptr);
  if constexpr (costOf<Formula>() == 1 && inputs < 3) {
    a0 = one<Formula, inputs, running>(a0, m, n, 0, p);
    a1 = one<Formula, inputs, running>(a1, m, n, 1, p);
    a2 = one<Formula, inputs, running>(a2, m, n, 2, p);
    a3 = one<Formula, inputs, running>(a3, m, n, 3, p);
    a4 = one<Formula, inputs, running>(a4, m, n, 4, p);
    a5 = one<Formula, inputs, running>(a5, m, n, 5, p);
    a6 = one<Formula, inputs, running>(a6, m, n, 6, p);
    a7 = one<Formula, inputs, running>(a7, m, n, 7, p);
    return ANNEAL_NEXT;
  }
  StrandVector a[kStrandVectors] = {a0, a1, a2, a3, a4, a5, a6, a7};
#pragma GCC unroll 1
  for (int v = 0; v < kStrandVectors; v++) a[v] = one<Formula, inputs, running>(a[v], m, n, v, p);
  step[1].run(step + 1, at, i, end, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}

void loadAll(const StrandStep* step, char* const* at, int64_t i, int64_t end, ANNEAL_VECTORS) {
  const char* m = placeOf(step, at, i, 0);
  a0 = loadAt(m, 0).raw;
  a1 = loadAt(m, 1).raw;
  a2 = loadAt(m, 2).raw;
  a3 = loadAt(m, 3).raw;
  a4 = loadAt(m, 4).raw;
  a5 = loadAt(m, 5).raw;
  a6 = loadAt(m, 6).raw;
  a7 = loadAt(m, 7).raw;
  ANNEAL_NEXT;
}

template <bool streams>
void storeAll(const StrandStep* step, char* const* at, int64_t i, int64_t end, ANNEAL_VECTORS) {
  char* const to = at[step->place[0]] + i;
  const auto put = [&](int v, StrandVector a) {
    float* const p = reinterpret_cast<float*>(to + v * kVectorBytes);
    if constexpr (streams)
      stream(p, Vec<float>(a));
    else
      store(p, Vec<float>(a));
  };
  if (streams && reinterpret_cast<uintptr_t>(to) % kVectorBytes != 0) return storeAll<false>(ANNEAL_ARGUMENTS);
  put(0, a0);
  put(1, a1);
  put(2, a2);
  put(3, a3);
  put(4, a4);
  put(5, a5);
  put(6, a6);
  put(7, a7);
  ANNEAL_NEXT;
}

// A call that a function ends with leaves nothing on the stack where the compiler optimizes, but under sanitizers. Elsewhere
// a chain of calls is not longer than a block.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool kTailCalls = true;
#else
constexpr bool kTailCalls = false;
#endif

// From the first step again, for the next block.
void endBlock(const StrandStep* step, char* const* at, int64_t i, int64_t end, ANNEAL_VECTORS) {
  i += kStrandBytes;
  if (!kTailCalls || i == end) return;
  step -= step->back;
  step->run(ANNEAL_ARGUMENTS);
}

// By what is the running value, and by which place is known to be fixed.
struct StrandRow {
  StrandFunction of[5][3];
};

template <class Formula, Kind kind, int inputs>
constexpr StrandRow strandRow() {
  StrandRow row{};
  if constexpr (kind == Kind::Float || kind == Kind::Arith || kind == Kind::Divide) {
    row.of[0][0] = apply<Formula, inputs, 0>;
    if constexpr (inputs < 3) row.of[kRunningNone][0] = apply<Formula, inputs, kRunningNone>;
    if constexpr (inputs > 1) row.of[1][0] = apply<Formula, inputs, 1>;
    if constexpr (inputs > 2) row.of[2][0] = apply<Formula, inputs, 2>;
    if constexpr (inputs == 2) row.of[kRunningBoth][0] = apply<Formula, 2, kRunningBoth>;
    if constexpr (inputs == 2 && costOf<Formula>() == 1) {
      row.of[0][1] = apply<Formula, 2, 0, 1>;
      row.of[1][1] = apply<Formula, 2, 1, 1>;
      row.of[kRunningNone][1] = apply<Formula, 2, kRunningNone, 1>;
      row.of[kRunningNone][2] = apply<Formula, 2, kRunningNone, 2>;
    }
  }
  return row;
}

constexpr StrandRow kStrandRows[] = {
#define ANNEAL_POINTWISE(name, kind, inputs, formula) strandRow<formula, Kind::kind, inputs>(),
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
};

}  // namespace

StrandFunction strandFunction(PointwiseOp op, int running, int fixed) {
  const StrandFunction(&row)[3] = kStrandRows[static_cast<int>(op)].of[running];
  return fixed < 3 && row[fixed] != nullptr ? row[fixed] : row[0];
}

StrandFunction strandLoad() { return loadAll; }
StrandFunction strandStore(bool streams) { return streams ? storeAll<true> : storeAll<false>; }
StrandFunction strandEnd() { return endBlock; }

void runStrand(const StrandStep* steps, char* const* at, int64_t blocks) {
  const StrandVector zero{};
  const int64_t end = blocks * kStrandBytes;
  for (int64_t i = 0; i < end; i += kTailCalls ? end : kStrandBytes) {
    steps->run(steps, at, i, end, zero, zero, zero, zero, zero, zero, zero, zero);
  }
}

}  // namespace anneal::ANNEAL_LEVEL
