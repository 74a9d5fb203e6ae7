// What the tests of pointwise mathematics share: one operator on contiguous operands, and arguments of every magnitude.
#pragma once
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "core/pointwise.h"
#include "test/kernels.h"

namespace anneal {

template <class T>
constexpr DType dtypeOf() {
  return sizeof(T) == 4 ? DType::Float32 : DType::Float64;
}

// out = op(a, b, c) on contiguous operands of equal length.
template <class T>
std::vector<T> run(const Backend& backend, PointwiseOp op, const std::vector<std::vector<T>>& in,
                   std::vector<double> params = {}) {
  std::vector<T> out(in[0].size());
  PointwiseArgs args{};
  args.op = op;
  args.dtype = dtypeOf<T>();
  args.inputs = static_cast<uint8_t>(in.size());
  args.rank = 1;
  args.shape[0] = static_cast<int64_t>(out.size());
  for (size_t i = 0; i < in.size(); i++) {
    args.in[i] = in[i].data();
    args.strides[i][0] = 1;
  }
  args.out = out.data();
  for (size_t i = 0; i < params.size(); i++) args.params[i] = params[i];
  backend.pointwise(args);
  return out;
}

// Both signs of `perExponent` mantissas for every exponent, denormals included; then the special values.
inline std::vector<float> everyExponent(int perExponent) {
  std::vector<float> values;
  const uint32_t step = (1u << 23) / static_cast<uint32_t>(perExponent);
  for (uint32_t exponent = 0; exponent < 255; exponent++) {
    for (uint32_t i = 0; i < static_cast<uint32_t>(perExponent); i++) {
      const uint32_t mantissa = (i * step + (i * 2654435761u) % step) & 0x7fffffu;
      for (uint32_t sign : {0u, 1u}) {
        const uint32_t bits = sign << 31 | exponent << 23 | mantissa;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        values.push_back(value);
      }
    }
  }
  for (float value : {0.f, -0.f, 1.f, -1.f, kInf, -kInf, kNaN, 3.4028235e38f, 1.17549435e-38f, 1e-45f}) {
    values.push_back(value);
    values.push_back(-value);
  }
  return values;
}

}  // namespace anneal
