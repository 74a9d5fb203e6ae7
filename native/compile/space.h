// The iteration space of pointwise kernels: dimensions, cut so that kernels which merged theirs differently can share one.
// No dimension is of size 1 or 0.
#pragma once
#include <optional>
#include <vector>

#include "core/kernels.h"

namespace anneal {

using Space = std::vector<int64_t>;    // sizes, outermost first
using Strides = std::vector<int64_t>;  // of one operand, in elements; 0 where broadcast

// Of the arguments of a kernel.
template <class Args>
Space spaceOf(const Args& args) {
  return Space(args.shape, args.shape + args.rank);
}
inline Strides stridesOf(const int64_t* strides, int rank) { return Strides(strides, strides + rank); }

int64_t sizeOf(const Space& space);
Strides denseStrides(const Space& space);

// Cuts both have in common: a space with the dimensions of `a` and `b`, which hold the same elements, cut further. None where
// their dimensions do not divide each other.
std::optional<Space> commonCuts(const Space& a, const Space& b);

// Strides over `from` as strides over `to`, which is `from` cut further.
Strides cutStrides(const Space& from, const Strides& strides, const Space& to);

// Joins neighbouring dimensions through which all operands walk in one stride, but never into the last `fixed` ones.
void joinDimensions(Space& space, std::vector<Strides*> operands, int fixed);

}  // namespace anneal
