// Shapes and strides: a short inline vector of dimensions, with the arithmetic on it.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace anneal {

constexpr int kMaxRank = 8;

class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values) {
    for (int64_t v : values) push(v);
  }
  static Dims filled(int rank, int64_t value);

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t& operator[](int i) { return values_[i]; }
  int64_t operator[](int i) const { return values_[i]; }
  int64_t* begin() { return values_.data(); }
  int64_t* end() { return values_.data() + size_; }
  const int64_t* begin() const { return values_.data(); }
  const int64_t* end() const { return values_.data() + size_; }
  int64_t back() const { return values_[size_ - 1]; }

  void push(int64_t value);  // throws ShapeError beyond kMaxRank
  void insert(int at, int64_t value);
  void erase(int at);
  bool operator==(const Dims& other) const {  // by a loop: std::equal calls memcmp, for no dimensions too
    if (size_ != other.size_) return false;
    for (int i = 0; i < size_; ++i) {
      if (values_[i] != other.values_[i]) return false;
    }
    return true;
  }

  std::string str() const;  // "[64, 784]"

 private:
  std::array<int64_t, kMaxRank> values_{};
  int size_ = 0;
};

// Number of elements; throws ShapeError for a negative size, and OutOfMemoryError when it does not fit 2^53 (no allocation
// of that size can succeed).
int64_t numel(const Dims& shape);

// Row-major strides in elements.
inline Dims contiguousStrides(const Dims& shape) {
  Dims strides = shape;
  int64_t stride = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= std::max<int64_t>(shape[i], 1);
  }
  return strides;
}
bool isContiguous(const Dims& shape, const Dims& strides);

// NumPy broadcasting of two shapes; the error names `op` and both shapes.
Dims broadcastShapes(const char* op, const Dims& a, const Dims& b);

// Strides with which a tensor of `shape`/`strides` reads as `target` (0 along broadcast dimensions). `shape` must
// broadcast to `target`.
Dims broadcastStrides(const Dims& shape, const Dims& strides, const Dims& target);

// Maps axis in [-rank, rank) to [0, rank); the error names `op`.
int normalizeAxis(const char* op, int64_t axis, int rank);
// The same, of an operator for which a scalar has one axis, as in PyTorch: 0 and -1 give 0.
inline int normalizeAxisOrScalar(const char* op, int64_t axis, int rank) {
  return normalizeAxis(op, axis, rank > 0 ? rank : 1);
}

}  // namespace anneal
