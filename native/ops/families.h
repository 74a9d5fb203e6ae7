// The families of operators, each a table in the file of its name.
#pragma once
#include <span>

#include "ops/operator.h"

#define ANNEAL_OPERATOR_FAMILIES(FAMILY) \
  FAMILY(pointwise)                      \
  FAMILY(rounding)                       \
  FAMILY(bits)                           \
  FAMILY(trigonometry)                   \
  FAMILY(special)                        \
  FAMILY(activation)                     \
  FAMILY(matmul)                         \
  FAMILY(conv)                           \
  FAMILY(attention)                      \
  FAMILY(reduce)                         \
  FAMILY(scan)                           \
  FAMILY(pool)                           \
  FAMILY(resample)                       \
  FAMILY(gridSample)                     \
  FAMILY(sort)                           \
  FAMILY(softmax)                        \
  FAMILY(norm)                           \
  FAMILY(batchNorm)                      \
  FAMILY(loss)                           \
  FAMILY(crossEntropy)                   \
  FAMILY(shape)                          \
  FAMILY(join)                           \
  FAMILY(indexing)                       \
  FAMILY(scatter)                        \
  FAMILY(create)                         \
  FAMILY(random)                         \
  FAMILY(optimizer)                      \
  FAMILY(collective)                     \
  FAMILY(device)

namespace anneal {

using Family = std::span<const Operator>;

#define ANNEAL_TABLE(name) Family name##Family();
ANNEAL_OPERATOR_FAMILIES(ANNEAL_TABLE)
#undef ANNEAL_TABLE

inline std::vector<Family> families() {
#define ANNEAL_TABLE(name) name##Family(),
  return {ANNEAL_OPERATOR_FAMILIES(ANNEAL_TABLE)};
#undef ANNEAL_TABLE
}

}  // namespace anneal
