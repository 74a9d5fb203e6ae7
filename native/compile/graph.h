// A traced program on its way through the passes: kernels in order, and the buffers they read and write.
#pragma once
#include <vector>

#include "compile/trace.h"

namespace anneal {

// Where a buffer's memory comes from.
enum class Place : uint8_t {
  Arena,    // planned: shared by buffers that are not needed at the same time
  Input,    // given at every run
  Output,   // made at every run, since the caller keeps it
  Outside,  // of a tensor that was there before: parameters, constants
};

struct Buffer {
  size_t bytes = 0;
  Place place = Place::Arena;
  int index = 0;        // among the inputs or outputs
  size_t offset = 0;    // in the arena
  bool needed = false;  // by the caller, after the program

  // Whether it holds something before the first kernel runs.
  bool isGiven() const { return place == Place::Input || place == Place::Outside; }
};

class Graph {
 public:
  explicit Graph(Trace& trace);  // takes what the trace holds

  std::vector<Kernel> kernels;
  std::vector<Buffer> buffers;

  // The number of the buffer that p lies in, and its place there in bytes.
  int bufferOf(const void* p) const;
  size_t placeOf(const void* p) const;
  void* beginOf(int buffer) const;

  // Of a buffer whose place is Outside.
  const Tensor& outside(int buffer) const { return outside_[static_cast<size_t>(buffer - traced_)]; }

  // Who writes and reads a buffer, by place among the kernels; an update is both.
  struct Uses {
    std::vector<int> writers, readers;
  };
  std::vector<Uses> uses() const;
  // Takes out the uses of one kernel at its place, before it changes, and puts them in again. The lists stay sorted.
  void forgetUses(const Kernel& kernel, int place, std::vector<Uses>& uses) const;
  void noteUses(const Kernel& kernel, int place, std::vector<Uses>& uses) const;

  // Whether a kernel may run later, just before the kernel `to` or in its place: what it reads is not overwritten until then, and no
  // kernel in between uses what it writes.
  bool canMove(const Kernel& kernel, int from, int to, const std::vector<Uses>& uses) const;

  // Removes the kernels whose `op` is null.
  void sweep();

 private:
  int traced_;                   // buffers that were traced; the others are of `outside_`
  std::vector<Tensor> outside_;  // by address
};

// Whether a sorted list of places has one between two others.
bool hasBetween(const std::vector<int>& places, int after, int before);

// ---- passes, each in a file of its own ---------------------------------------------------------------------------------
void mergeEqualKernels(Graph& graph);  // common subexpressions
void dropUnusedKernels(Graph& graph);  // dead code
void fuseEpilogues(Graph& graph);      // into matrix products
void fuseUpdates(Graph& graph);        // plain gradient descent, into the products that give gradients
void fuseChains(Graph& graph);         // pointwise operators, casts and row reductions
// Gives every arena buffer its offset; returns the size of the arena. Fails where a kernel reads what no kernel before it has written: an
// error of a pass, that would give wrong values.
size_t planMemory(Graph& graph);

}  // namespace anneal
