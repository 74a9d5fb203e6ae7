// A program in words.
#pragma once
#include <string>
#include <vector>

#include "compile/graph.h"

namespace anneal {

// The kernels of a graph as they are now, to be told of later.
class Listing {
 public:
  Listing() = default;
  explicit Listing(const Graph& graph);

  // One line per kernel: operator, what it works on, bytes it moves at least, floating-point operations; then the sums.
  std::string text() const;

 private:
  struct Line {
    std::string label, shape;
    double bytes, flops;
  };
  std::vector<Line> lines_;
};

}  // namespace anneal
