// The families of operators, each a table in the file of its name.
#pragma once
#include <span>

#include "ops/operator.h"

namespace anneal {

using Family = std::span<const Operator>;

Family pointwiseFamily();
Family activationFamily();
Family matmulFamily();
Family reduceFamily();
Family scanFamily();
Family softmaxFamily();
Family lossFamily();
Family crossEntropyFamily();
Family shapeFamily();
Family joinFamily();
Family indexingFamily();
Family scatterFamily();
Family createFamily();
Family randomFamily();
Family optimizerFamily();
Family deviceFamily();

inline std::vector<Family> families() {
  return {pointwiseFamily(), activationFamily(),   matmulFamily(),    reduceFamily(), scanFamily(),     softmaxFamily(),
          lossFamily(),      crossEntropyFamily(), shapeFamily(),     joinFamily(),   indexingFamily(), scatterFamily(),
          createFamily(),    randomFamily(),       optimizerFamily(), deviceFamily()};
}

}  // namespace anneal
