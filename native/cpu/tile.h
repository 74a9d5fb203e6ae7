// Pointwise operators on contiguous pieces: one function an operator and dtype, made from the rows of pointwise.def.
// They know nothing of shapes; who calls them cuts the work into tiles and lays strided operands out first.
#pragma once
#include "cpu/kernels.h"
#include "cpu/math.h"
#include "cpu/simd.h"
#include "formulas/activation.h"
#include "formulas/arithmetic.h"
#include "formulas/comparison.h"
#include "formulas/loss.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// Bools are bytes of 0 and 1 to the formulas.
template <class T>
struct ElementOf {
  using type = T;
};
template <>
struct ElementOf<bool> {
  using type = uint8_t;
};

template <class T>
ANNEAL_INLINE Vec<T> loadLanes(const void* p, int64_t at, int lanes) {
  const T* from = static_cast<const T*>(p) + at;
  return lanes == Vec<T>::kLanes ? load(from) : loadPartial(from, lanes);
}
template <class T>
ANNEAL_INLINE void storeLanes(void* p, int64_t at, int lanes, Vec<T> v) {
  T* to = static_cast<T*>(p) + at;
  if (lanes == Vec<T>::kLanes)
    store(to, v);
  else
    storePartial(to, v, lanes);
}

template <int Bytes>
ANNEAL_INLINE Mask<Bytes> loadMaskLanes(const void* p, int64_t at, int lanes) {
  const uint8_t* from = static_cast<const uint8_t*>(p) + at;
  if (lanes == kVectorBytes / Bytes) return loadMask<Bytes>(from);
  uint8_t bools[kVectorBytes / Bytes] = {};
  for (int i = 0; i < lanes; i++) bools[i] = from[i];
  return loadMask<Bytes>(bools);
}
template <int Bytes>
ANNEAL_INLINE void storeLanes(void* p, int64_t at, int lanes, Mask<Bytes> m) {
  uint8_t* to = static_cast<uint8_t*>(p) + at;
  if (lanes == kVectorBytes / Bytes) return storeMask(to, m);
  uint8_t bools[kVectorBytes / Bytes];
  storeMask(bools, m);
  for (int i = 0; i < lanes; i++) to[i] = bools[i];
}

// The remainder runs the same vector code on fewer lanes, so an element's value does not depend on where a tile ends.
template <class Formula, class T, int inputs, bool conditional>
void tile(void* out, const void* const* in, int64_t n, const double* params) {
  constexpr int kLanes = Vec<T>::kLanes;
  // Copies, as far as the compiler knows stores to out may change what in and params point to.
  const double p[kPointwiseParams] = {params[0], params[1], params[2], params[3]};
  const void* const a = in[0];
  const void* const b = inputs > 1 ? in[1] : nullptr;
  const void* const c = inputs > 2 ? in[2] : nullptr;
  for (int64_t i = 0; i < n; i += kLanes) {
    const int lanes = n - i < kLanes ? static_cast<int>(n - i) : kLanes;
    if constexpr (conditional) {
      storeLanes(out, i, lanes,
                 Formula::apply(loadMaskLanes<sizeof(T)>(a, i, lanes), loadLanes<T>(b, i, lanes),
                                loadLanes<T>(c, i, lanes), p));
    } else if constexpr (inputs == 1) {
      storeLanes(out, i, lanes, Formula::apply(loadLanes<T>(a, i, lanes), p));
    } else if constexpr (inputs == 2) {
      storeLanes(out, i, lanes, Formula::apply(loadLanes<T>(a, i, lanes), loadLanes<T>(b, i, lanes), p));
    } else {
      static_assert(inputs == 3);
      storeLanes(out, i, lanes,
                 Formula::apply(loadLanes<T>(a, i, lanes), loadLanes<T>(b, i, lanes), loadLanes<T>(c, i, lanes), p));
    }
  }
}

enum class Kind { Float, Arith, Compare, Logical, Select };

template <class Formula>
constexpr int costOf() {
  if constexpr (requires { Formula::kCost; })
    return Formula::kCost;
  else
    return 1;
}

struct TileRow {
  Kind kind;
  int cost;
  TileFunction tiles[kDTypeCount];
};

template <class Formula, Kind kind, int inputs, class T>
constexpr TileFunction tileFor() {
  constexpr bool kBool = __is_same(T, bool);
  constexpr bool kFloat = kIsFloat<T> && !kBool;
  constexpr bool kTaken = kind == Kind::Float     ? kFloat
                          : kind == Kind::Arith   ? !kBool
                          : kind == Kind::Logical ? kBool
                                                  : true;
  if constexpr (kTaken)
    return tile<Formula, typename ElementOf<T>::type, inputs, kind == Kind::Select>;
  else
    return nullptr;
}

template <class Formula, Kind kind, int inputs>
constexpr TileRow tileRow() {
  return {kind,
          costOf<Formula>(),
          {tileFor<Formula, kind, inputs, bool>(), tileFor<Formula, kind, inputs, uint8_t>(),
           tileFor<Formula, kind, inputs, int32_t>(), tileFor<Formula, kind, inputs, int64_t>(), nullptr, nullptr,
           tileFor<Formula, kind, inputs, float>(), tileFor<Formula, kind, inputs, double>()}};
}

constexpr TileRow kTileRows[] = {
#define ANNEAL_POINTWISE(name, kind, inputs, formula) tileRow<formula, Kind::kind, inputs>(),
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
};

}  // namespace
}  // namespace anneal::ANNEAL_LEVEL
