// The part of a program that the stream's thread runs: kernels whose pointers are memory, but for those that change from run
// to run.
#pragma once
#include <vector>

#include "compile/kernel.h"
#include "core/stream.h"

namespace anneal {

class Code {
 public:
  // Kernels whose pointers are final, but for those that `relocate` names.
  explicit Code(std::vector<Kernel> kernels) : kernels_(std::move(kernels)) {}

  std::vector<Kernel>& kernels() { return kernels_; }

  // Word `word` of a run is an address: *pointer becomes it plus `place`.
  void relocate(void** pointer, size_t word, size_t place) { relocations_.push_back({pointer, word, place}); }
  // Word `word` of a run is the value of a dynamic field.
  void revalue(void* field, size_t word) { values_.push_back({field, word}); }
  void setWords(size_t count) { words_ = count; }
  // Memory that only kernels of one iteration use.
  void setScratch(const void* begin, size_t bytes) { scratch_ = {static_cast<const char*>(begin), bytes}; }
  // The operand of a kernel is laid out before the runs.
  void addPack(size_t kernel, const PackArgs& args) { packs_.push_back({kernel, args}); }
  // Once all is known: finds the kernels of a device.
  void link(const Backend& backend);

  // One run of several iterations. `words` holds the words, then what each gains from iteration to iteration.
  struct Run {
    Code* code;
    uint64_t* words;
    int64_t iterations;
    Stream* stream;
    // An iteration that finds this memory lost is left out, and with it those that follow: what they give is lost as well. May be null.
    const void* gate;
    size_t gateBytes;
  };
  static void execute(const Run& run);

 private:
  struct Pack;
  void packAgain(Stream& stream, const Pack& pack) const;

  struct Relocation {
    void** pointer;
    size_t word, place;
  };
  struct Value {
    void* field;
    size_t word;
  };
  struct Pack {
    size_t kernel;
    PackArgs args;
  };
  struct Step {
    Stream::Thunk kernel;
    const Stream::Kind* kind;
    const void* args;
    const Pack* pack;  // what lays out an operand of the kernel; or null
  };
  std::vector<Kernel> kernels_;
  std::vector<Relocation> relocations_;
  std::vector<Value> values_;
  std::vector<Pack> packs_;
  std::vector<Step> steps_;
  void (*packOperand_)(const PackArgs&) = nullptr;
  struct {
    const char* begin = nullptr;
    size_t bytes = 0;
  } scratch_;
  size_t words_ = 0;
};

}  // namespace anneal
