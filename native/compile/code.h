// The part of a program that the stream's thread runs: kernels whose pointers are memory, but for those that change from run
// to run.
#pragma once
#include <vector>

#include "compile/kernel.h"

namespace anneal {

struct StreamClient;

class Code {
 public:
  // Kernels whose pointers are final, but for those that `relocate` names.
  explicit Code(std::vector<Kernel> kernels) : kernels_(std::move(kernels)) {}

  std::vector<Kernel>& kernels() { return kernels_; }

  // Word `word` of a run is an address: *pointer becomes it plus `place`.
  void relocate(void** pointer, size_t word, size_t place) { relocations_.push_back({pointer, word, place}); }
  // Word `word` of a run is the value of a live field.
  void revalue(void* field, size_t word) { values_.push_back({field, word}); }
  void setWords(size_t count) { words_ = count; }
  // Once all is known: finds the kernels of a device.
  void link(const Backend& backend);

  // One run of several iterations. `words` holds the words, then what each gains from iteration to iteration.
  struct Run {
    Code* code;
    uint64_t* words;
    int64_t iterations;
    const StreamClient* client;
  };
  static void execute(const Run& run);

 private:
  struct Relocation {
    void** pointer;
    size_t word, place;
  };
  struct Value {
    void* field;
    size_t word;
  };
  struct Step {
    void (*kernel)();
    void (*invoke)(void (*kernel)(), const void* args);
    const void* args;
  };
  std::vector<Kernel> kernels_;
  std::vector<Relocation> relocations_;
  std::vector<Value> values_;
  std::vector<Step> steps_;
  size_t words_ = 0;
};

}  // namespace anneal
