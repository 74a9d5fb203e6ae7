// The families of kernels: their argument records, one file each, and the backend's table of slots.
//
// This is the one list of families. The table of a backend, the levels of the CPU, traced kernels and the compiler's passes are made
// from it, so a family that lacks something does not compile.
#pragma once
#include <cstddef>

#include "core/kernels/adam.h"
#include "core/kernels/attention.h"
#include "core/kernels/collective.h"
#include "core/kernels/conv.h"
#include "core/kernels/copy.h"
#include "core/kernels/crossEntropy.h"
#include "core/kernels/fill.h"
#include "core/kernels/fused.h"
#include "core/kernels/gridSample.h"
#include "core/kernels/indexing.h"
#include "core/kernels/matmul.h"
#include "core/kernels/norm.h"
#include "core/kernels/pointwise.h"
#include "core/kernels/pool.h"
#include "core/kernels/random.h"
#include "core/kernels/reduce.h"
#include "core/kernels/resample.h"
#include "core/kernels/scan.h"
#include "core/kernels/sgd.h"
#include "core/kernels/softmax.h"
#include "core/kernels/sort.h"

// FAMILY(Name, slot): the record is NameArgs.
#define ANNEAL_FAMILIES(FAMILY)      \
  FAMILY(Pointwise, pointwise)       \
  FAMILY(Copy, copy)                 \
  FAMILY(Fill, fill)                 \
  FAMILY(Random, random)             \
  FAMILY(Reduce, reduce)             \
  FAMILY(Matmul, matmul)             \
  FAMILY(Conv, conv)                 \
  FAMILY(Softmax, softmax)           \
  FAMILY(CrossEntropy, crossEntropy) \
  FAMILY(Attention, attention)       \
  FAMILY(Index, index)               \
  FAMILY(Scan, scan)                 \
  FAMILY(Pool, pool)                 \
  FAMILY(Resample, resample)         \
  FAMILY(GridSample, gridSample)     \
  FAMILY(Sort, sort)                 \
  FAMILY(Norm, norm)                 \
  FAMILY(Sgd, sgd)                   \
  FAMILY(Adam, adam)                 \
  FAMILY(Collective, collective)     \
  FAMILY(Fused, fused)

namespace anneal {

// One slot per family. An empty slot gives "[op] is not implemented on <name>: it has no kernels of '<slot>'".
struct Backend {
  const char* name;
#define ANNEAL_SLOT(Name, slot) void (*slot)(const Name##Args&);
  ANNEAL_FAMILIES(ANNEAL_SLOT)
#undef ANNEAL_SLOT
  size_t (*packSize)(const MatmulArgs&);  // bytes; 0 where b is read as well where it lies. Looks at no data.
  void (*packOperand)(const PackArgs&);
};

// The slot of a record's family.
template <class Args>
struct SlotOf;
#define ANNEAL_SLOT(Name, slot)                   \
  template <>                                     \
  struct SlotOf<Name##Args> {                     \
    static constexpr auto kSlot = &Backend::slot; \
    static constexpr const char* kFamily = #slot; \
  };
ANNEAL_FAMILIES(ANNEAL_SLOT)
#undef ANNEAL_SLOT

}  // namespace anneal
