// Collectives: what the processes of a group do together (native/comm).
#pragma once
#include "core/kernels/record.h"

namespace anneal {

enum class Collective : uint8_t { AllReduce, Broadcast, AllGather, ReduceScatter, Barrier, Finalize };
enum class GroupOp : uint8_t { Sum, Mean, Min, Max };

// An all-reduce is two kernels, so that others run in between: one begins it and one waits for it.
enum class CollectiveStage : uint8_t { Start, Wait, Whole };

struct CollectiveArgs {
  CollectiveStage stage;
  Collective kind;  // AllReduce and Broadcast: of `data`, in place. AllGather: of `in`, into `data`
  DType dtype;
  GroupOp op;
  int32_t root;
  const void* in;
  void* data;
  int64_t count;     // elements that this rank gives
  int64_t received;  // elements of `data`
  const char* name;  // of the tensor, for errors; lives as long as the process
  // Why the data are lost, for the other ranks. This rank takes part all the same, so that none waits for it. Else null.
  const char* lost;

  template <class F>
  void pointers(F&& f) {
    f(in, Role::Read, denseExtent(dtype, count));
    f(data, in ? Role::Write : Role::Update, denseExtent(dtype, received));
  }
  template <class F>
  void dynamicFields(F&&) {}
  template <class L>
  void label(L&& l) const {
    l.count(received, "elements");
  }
  double flops() const { return 0; }
};

}  // namespace anneal
