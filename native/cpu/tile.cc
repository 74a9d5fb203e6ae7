// The tile functions of all pointwise operators, made from the rows of pointwise.def.
#include "cpu/tile.h"
#include "core/pointwise.h"

#include "cpu/formulas.h"

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

// An operand that the formula takes as a vector of T, or as the mask of one.
template <class T, bool mask>
ANNEAL_INLINE auto loadOperand(const char* p) {
  if constexpr (mask)
    return loadMask<sizeof(T)>(reinterpret_cast<const uint8_t*>(p));
  else
    return load(reinterpret_cast<const T*>(p));
}
template <class T>
ANNEAL_INLINE void storeResult(char* p, Vec<T> v) {
  store(reinterpret_cast<T*>(p), v);
}
template <int Bytes>
ANNEAL_INLINE void storeResult(char* p, Mask<Bytes> m) {
  storeMask(reinterpret_cast<uint8_t*>(p), m);
}

// Bytes of T, n < one vector of them, between memory and a whole vector.
template <class T>
ANNEAL_INLINE void copyTail(char* to, const char* from, int n) {
  if constexpr (sizeof(T) == 1)
    for (int i = 0; i < n; i++) to[i] = from[i];
  else
    storePartial(reinterpret_cast<T*>(to), loadPartial(reinterpret_cast<const T*>(from), n), n);
}

// One operator on vectors of T.
template <class Formula, class T, int inputs, bool conditional>
struct Vectors {
  static constexpr int kLanes = Vec<T>::kLanes;
  static constexpr int64_t kSize[3] = {conditional ? 1 : sizeof(T), sizeof(T), sizeof(T)};

  static ANNEAL_INLINE auto one(const char* const* at, const double* p) {
    if constexpr (inputs == 1)
      return Formula::apply(loadOperand<T, conditional>(at[0]), p);
    else if constexpr (inputs == 2)
      return Formula::apply(loadOperand<T, conditional>(at[0]), loadOperand<T, false>(at[1]), p);
    else
      return Formula::apply(loadOperand<T, conditional>(at[0]), loadOperand<T, false>(at[1]),
                            loadOperand<T, false>(at[2]), p);
  }
  using Result = decltype(one(nullptr, nullptr));
  static constexpr int64_t kOutSize = __is_same(Result, Vec<T>) ? sizeof(T) : 1;

  // A plain loop in a function of its own: the compiler then keeps the formula's constants in registers.
  static __attribute__((noinline)) void run(char* to, const char* const* in, const int64_t* steps, int64_t n,
                                            const double* params) {
    const double p[kPointwiseParams] = {params[0], params[1], params[2], params[3]};
    const char* at[inputs];
    int64_t step[inputs];
    for (int k = 0; k < inputs; k++) at[k] = in[k], step[k] = steps[k];
    for (; n >= kLanes; n -= kLanes) {
      storeResult(to, one(at, p));
      to += kLanes * kOutSize;
      for (int k = 0; k < inputs; k++) at[k] += step[k];
    }
  }
};

// Fails where the formula refuses an element of its last two operands.
template <class Formula, class T>
void checkElements(const void* first, const void* second, int64_t n, bool firstFixed, bool secondFixed) {
  const T* const x = static_cast<const T*>(first);
  const T* const t = static_cast<const T*>(second);
  int64_t i = 0;
  for (; i + Vec<T>::kLanes <= n; i += Vec<T>::kLanes) {
    const Vec<T> a = firstFixed ? Vec<T>(x[0]) : load(x + i), b = secondFixed ? Vec<T>(t[0]) : load(t + i);
    if (!all(Formula::accepts(a, b))) break;
  }
  for (; i < n; i++) {
    const T a = x[firstFixed ? 0 : i], b = t[secondFixed ? 0 : i];
    if (!Formula::accepts(a, b)) Formula::refuse(a, b);
  }
}

// Four vectors at a time where the formula is cheap, then one. The remainder of less than a vector goes through memory of
// a vector's size, so that it runs the same code and an element's value does not depend on where a tile ends.
template <class Formula, class T, int inputs, bool conditional, bool cheap, bool checked>
void tile(void* out, const void* const* in, int64_t n, const double* params, uint32_t fixed) {
  using Loop = Vectors<Formula, T, inputs, conditional>;
  using Result = typename Loop::Result;
  if constexpr (checked) {
    constexpr int a = inputs - 2, b = inputs - 1;
    checkElements<Formula, T>(in[a], in[b], n, fixed >> a & 1, fixed >> b & 1);
  }
  constexpr int kLanes = Vec<T>::kLanes;
  constexpr int64_t kOutSize = Loop::kOutSize;
  constexpr auto& kSize = Loop::kSize;
  // Copies, as far as the compiler knows stores to out may change what in and params point to.
  const double p[kPointwiseParams] = {params[0], params[1], params[2], params[3]};

  char* to = static_cast<char*>(out);
  const char* at[inputs];
  int64_t step[inputs];  // bytes of a vector, 0 where fixed
  for (int k = 0; k < inputs; k++) {
    at[k] = static_cast<const char*>(in[k]);
    step[k] = fixed >> k & 1 ? 0 : kLanes * kSize[k];
  }
  if constexpr (cheap) {
    for (; n >= 4 * kLanes; n -= 4 * kLanes) {
      Result r[4];
#pragma GCC unroll 4
      for (int v = 0; v < 4; v++) {
        const char* from[inputs];
        for (int k = 0; k < inputs; k++) from[k] = at[k] + v * kLanes * kSize[k];
        r[v] = Loop::one(from, p);
      }
#pragma GCC unroll 4
      for (int v = 0; v < 4; v++) storeResult(to + v * kLanes * kOutSize, r[v]);
      to += 4 * kLanes * kOutSize;
      for (int k = 0; k < inputs; k++) at[k] += 4 * step[k];
    }
  }
  const int64_t whole = n / kLanes;
  const int rest = static_cast<int>(n % kLanes);
  if (whole > 0) Loop::run(to, at, step, n, params);
  if (rest == 0) return;
  char tail[inputs + 1][kVectorBytes];
  for (int k = 0; k < inputs; k++) {
    at[k] += whole * step[k];
    if (step[k] == 0) continue;
    storeResult(tail[k], Vec<int8_t>(int8_t{0}));
    if constexpr (conditional) {
      if (k == 0) {
        copyTail<uint8_t>(tail[0], at[0], rest);
        at[0] = tail[0];
        continue;
      }
    }
    copyTail<T>(tail[k], at[k], rest);
    at[k] = tail[k];
  }
  Loop::run(tail[inputs], at, step, kLanes, params);
  char* end = to + whole * kLanes * kOutSize;
  if constexpr (kOutSize == 1)
    copyTail<uint8_t>(end, tail[inputs], rest);
  else
    copyTail<T>(end, tail[inputs], rest);
}

template <class Formula, Kind kind, int inputs, class T>
constexpr TileFunction tileFor() {
  constexpr bool kBool = __is_same(T, bool);
  constexpr bool kFloat = kIsFloat<T> && !kBool;
  constexpr bool kTaken = kind == Kind::Float || kind == Kind::Checked  ? kFloat
                          : kind == Kind::Arith || kind == Kind::Divide ? !kBool
                          : kind == Kind::Integer                       ? !kBool && !kFloat
                          : kind == Kind::Logical                       ? kBool
                                                                        : true;
  if constexpr (kTaken)
    return tile < Formula, typename ElementOf<T>::type, inputs, kind == Kind::Select, costOf<Formula>() == 1,
           kind == Kind::Checked || (kind == Kind::Divide && !kFloat) > ;
  else
    return nullptr;
}

template <class Formula, Kind kind, int inputs>
constexpr TileRow rowFor() {
  return {kind,
          inputs,
          costOf<Formula>(),
          {tileFor<Formula, kind, inputs, bool>(), tileFor<Formula, kind, inputs, uint8_t>(),
           tileFor<Formula, kind, inputs, int32_t>(), tileFor<Formula, kind, inputs, int64_t>(), nullptr, nullptr,
           tileFor<Formula, kind, inputs, float>(), tileFor<Formula, kind, inputs, double>()}};
}

constexpr TileRow kTileRows[] = {
#define ANNEAL_POINTWISE(name, kind, inputs, formula) rowFor<formula, Kind::kind, inputs>(),
#include "formulas/pointwise.def"
#undef ANNEAL_POINTWISE
};

}  // namespace

const TileRow& tileRow(PointwiseOp op) { return kTileRows[static_cast<int>(op)]; }

TileFunction tileFunction(const char* family, PointwiseOp op, DType dtype) {
  const TileFunction tile = tileRow(op).tiles[static_cast<int>(dtype)];
  if (tile == nullptr) {
    fail(ErrorKind::DType, "[%s] operator %d has no kernel for dtype code %d on cpu", family, static_cast<int>(op),
         static_cast<int>(dtype));
  }
  return tile;
}

AppliedActivation appliedActivation(const char* family, PointwiseOp op, DType dtype) {
  if (op == kNoPointwise) return {Activation::None, nullptr};
  if (op == PointwiseOp::Relu) return {Activation::Relu, nullptr};
  if (op == PointwiseOp::ReluBackward) return {Activation::ReluBackward, nullptr};
  return {Activation::Tile, tileFunction(family, op, dtype)};
}

}  // namespace anneal::ANNEAL_LEVEL
