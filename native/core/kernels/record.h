// What the argument records of all kernels are made of.
//
// A record is plain data: pointers, shapes, strides in elements, attributes. Pointers already include the view's offset. Records are
// copied into the stream's ring, so they own nothing; the stream's order keeps what they point to alive.
//
// Beside its fields a record declares, in the same place, what else is known of it:
//   pointers(f)   f(pointer field, Role, Extent) for each pointer; f skips those that are null
//   dynamicFields(f)
//                 f(name, field) for each field that may change from run to run of a compiled program; each is eight bytes
//   flops()       floating-point operations
//   label(l)      its sizes, for people
// They are templates or used on the host only: kernel files are compiled once for each instruction set and must not bring inline
// functions along, of which the linker could keep an AVX copy for a baseline caller.
#pragma once
#include "core/dtype.h"

namespace anneal {

constexpr int kRank = 8;  // equals kMaxRank of core/shape.h

// What a kernel does with the memory that a pointer names.
enum class Role : uint8_t {
  Read,
  Write,   // every element, without reading it first
  Update,  // in place: reads it and writes it
  Assign,  // as Write, but in place: what is there stays where the kernel does not run
  // A result that is written by several kernels. Each writes its part, and also names the whole, which is lost if a part is
  // (core/lost_memory.h); the first of them says that the whole is new.
  Part,
  Whole,
  NewWhole,
};
constexpr bool reads(Role role) { return role == Role::Read || role == Role::Update; }
constexpr bool writes(Role role) {
  return role == Role::Write || role == Role::Update || role == Role::Assign || role == Role::Part;
}

// Which memory that is: `count` elements in a row, or, where `strides` is given, a strided view.
struct Extent {
  int64_t elementSize;  // in bytes
  int64_t count;
  int rank = 0;
  const int64_t* shape = nullptr;
  const int64_t* strides = nullptr;  // in elements
};
constexpr Extent denseExtent(DType dtype, int64_t count) { return {static_cast<int64_t>(sizeOf(dtype)), count}; }
constexpr Extent stridedExtent(DType dtype, int rank, const int64_t* shape, const int64_t* strides) {
  return {static_cast<int64_t>(sizeOf(dtype)), 0, rank, shape, strides};
}

constexpr int64_t elements(const int64_t* shape, int rank) {
  int64_t count = 1;
  for (int d = 0; d < rank; ++d) count *= shape[d];
  return count;
}

}  // namespace anneal
