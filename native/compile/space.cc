#include "compile/space.h"

#include <algorithm>

namespace anneal {

int64_t sizeOf(const Space& space) {
  int64_t size = 1;
  for (const int64_t extent : space) size *= extent;
  return size;
}

Strides denseStrides(const Space& space) {
  Strides strides(space.size());
  int64_t stride = 1;
  for (size_t d = space.size(); d-- > 0; stride *= space[d]) strides[d] = stride;
  return strides;
}

std::optional<Space> commonCuts(const Space& a, const Space& b) {
  Space cuts;
  auto i = static_cast<int>(a.size()) - 1, j = static_cast<int>(b.size()) - 1;
  int64_t restA = i >= 0 ? a[i] : 1, restB = j >= 0 ? b[j] : 1;
  while (i >= 0 && j >= 0) {
    const int64_t part = std::min(restA, restB);
    if (restA % part != 0 || restB % part != 0) return std::nullopt;
    cuts.push_back(part);
    restA /= part;
    restB /= part;
    if (restA == 1 && --i >= 0) restA = a[i];
    if (restB == 1 && --j >= 0) restB = b[j];
  }
  if (i >= 0 || j >= 0) return std::nullopt;
  std::reverse(cuts.begin(), cuts.end());
  return cuts;
}

Strides cutStrides(const Space& from, const Strides& strides, const Space& to) {
  Strides result(to.size());
  auto d = static_cast<int>(to.size()) - 1;
  for (int s = static_cast<int>(from.size()) - 1; s >= 0; --s) {
    int64_t inner = 1;
    for (; d >= 0 && inner < from[s]; --d) {
      result[d] = strides[s] * inner;
      inner *= to[d];
    }
  }
  return result;
}

void joinDimensions(Space& space, std::vector<Strides*> operands, int fixed) {
  for (auto d = static_cast<int>(space.size()) - 2 - fixed; d >= 0; --d) {
    const bool joins = std::all_of(operands.begin(), operands.end(), [&](const Strides* strides) {
      return (*strides)[d] == (*strides)[d + 1] * space[d + 1];
    });
    if (!joins) continue;
    space[d + 1] *= space[d];
    space.erase(space.begin() + d);
    for (Strides* strides : operands) strides->erase(strides->begin() + d);
  }
}

}  // namespace anneal
