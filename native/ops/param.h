// A parameter of an operator: what it takes, and what it is when the caller leaves it out.
#pragma once
#include <cstdint>
#include <span>
#include <type_traits>

namespace anneal {

enum class ParamKind : uint8_t {
  Tensor,
  OptionalTensor,
  Operand,  // a tensor or a number
  TensorList,
  Bool,
  Int,
  OptionalInt,
  Float,
  OptionalFloat,
  Ints,
  OptionalInts,
  Choice,  // one of the names in Param::choices; its value is the place there
  DType,
  Device,
};
const char* nameOf(ParamKind kind);

// Whether a parameter is a tensor input rather than an attribute.
constexpr bool isInput(ParamKind kind) { return kind <= ParamKind::TensorList; }
// Whether an attribute may be null, and is when it is left out.
constexpr bool isOptional(ParamKind kind) {
  return kind == ParamKind::OptionalInt || kind == ParamKind::OptionalFloat || kind == ParamKind::OptionalInts;
}

// What an attribute is when it is left out: a number, a flag, or a value of the enumeration that a Choice or DType stands for.
struct Default {
  bool given = false;
  double value = 0;

  constexpr Default() = default;
  template <class T>
  constexpr Default(T v) : given(true), value(static_cast<double>(v)) {}
};

struct Param {
  const char* name;
  ParamKind kind;
  Default otherwise = {};
  std::span<const char* const> choices = {};
};

}  // namespace anneal
