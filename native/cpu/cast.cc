// Conversions of contiguous elements between all dtypes.
#include "cpu/cast.h"

#include "cpu/simd.h"
#include "formulas/cast.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// A constant count, and pointers that do not alias, are what the compiler needs to vectorise at -O2.
constexpr int kBlock = 64;
template <class To, class From>
void castBlock(To* __restrict__ dst, const From* __restrict__ src) {
  for (int i = 0; i < kBlock; i++) dst[i] = cast<To>(src[i]);
}

template <class To, class From>
void castRow(void* dst, const void* src, int64_t n) {
  To* to = static_cast<To*>(dst);
  const From* from = static_cast<const From*>(src);
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) castBlock(to + i, from + i);
  for (; i < n; i++) to[i] = cast<To>(from[i]);
}

}  // namespace

CastRow castFor(DType from, DType to) {
  CastRow result = nullptr;
  // A bool is read as a byte of 0 or 1.
  withAny("copy", from == DType::Bool ? DType::UInt8 : from, [&](auto f) {
    using From = typename decltype(f)::type;
    if constexpr (!__is_same(From, bool)) {
      withAny("copy", to, [&](auto t) { result = castRow<typename decltype(t)::type, From>; });
    }
  });
  return result;
}

}  // namespace anneal::ANNEAL_LEVEL
