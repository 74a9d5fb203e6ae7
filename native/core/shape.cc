#include "core/shape.h"

#include <algorithm>

#include "core/error.h"

namespace anneal {

Dims Dims::filled(int rank, int64_t value) {
  Dims dims;
  for (int i = 0; i < rank; ++i) dims.push(value);
  return dims;
}

void Dims::push(int64_t value) {
  if (size_ == kMaxRank) fail(ErrorKind::Shape, "a tensor has at most %d dimensions", kMaxRank);
  values_[size_++] = value;
}

void Dims::insert(int at, int64_t value) {
  push(value);
  std::rotate(begin() + at, end() - 1, end());
}

void Dims::erase(int at) {
  std::copy(begin() + at + 1, end(), begin() + at);
  --size_;
}

std::string Dims::str() const {
  std::string text = "[";
  for (int i = 0; i < size_; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(values_[i]);
  }
  return text + "]";
}

int64_t numel(const Dims& shape) {
  constexpr int64_t kLimit = int64_t{1} << 53;
  int64_t count = 1;
  bool zero = false;
  for (int64_t d : shape) {
    if (d < 0) fail(ErrorKind::Shape, "a size in %s is negative", shape.str().c_str());
    // A zero does not excuse the others: strides are products of them.
    zero = zero || d == 0;
    d = std::max<int64_t>(d, 1);
    if (count > kLimit / d) fail(ErrorKind::OutOfMemory, "a tensor of shape %s is too large", shape.str().c_str());
    count *= d;
  }
  return zero ? 0 : count;
}

bool isContiguous(const Dims& shape, const Dims& strides) {
  int64_t expected = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1 && strides[i] != expected) return std::find(shape.begin(), shape.end(), 0) != shape.end();
    expected *= shape[i];
  }
  return true;
}

Dims broadcastShapes(const char* op, const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  Dims result = longer;
  const int lead = longer.size() - shorter.size();
  for (int i = 0; i < shorter.size(); ++i) {
    const int64_t x = longer[lead + i], y = shorter[i];
    if (x != y && x != 1 && y != 1) {
      fail(ErrorKind::Shape, "[%s] shapes do not broadcast: %s and %s differ at dimension %d", op, a.str().c_str(),
           b.str().c_str(), lead + i);
    }
    result[lead + i] = x == 1 ? y : x;
  }
  return result;
}

Dims broadcastStrides(const Dims& shape, const Dims& strides, const Dims& target) {
  Dims result = Dims::filled(target.size(), 0);
  const int lead = target.size() - shape.size();
  for (int i = 0; i < shape.size(); ++i) result[lead + i] = shape[i] == 1 ? 0 : strides[i];
  return result;
}

int normalizeAxis(const char* op, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    fail(ErrorKind::Argument, "[%s] axis %lld is outside a tensor of %d dimensions", op, static_cast<long long>(axis),
         rank);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace anneal
