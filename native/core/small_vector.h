// A vector whose first N elements lie inside it: what an operator takes and gives is short, and comes and goes too often
// for the general allocator.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace anneal {

template <class T, uint32_t N>
class SmallVector {
  static_assert(std::is_nothrow_move_constructible_v<T>);

 public:
  using value_type = T;

  SmallVector() noexcept {}
  SmallVector(std::initializer_list<T> values) { append(values.begin(), values.end()); }
  template <class Iterator>
    requires requires(Iterator it) { *it; }
  SmallVector(Iterator first, Iterator last) {
    append(first, last);
  }
  SmallVector(const SmallVector& other) { append(other.begin(), other.end()); }
  SmallVector(SmallVector&& other) noexcept { take(other); }
  SmallVector& operator=(const SmallVector& other) {
    if (this != &other) *this = SmallVector(other);
    return *this;
  }
  SmallVector& operator=(SmallVector&& other) noexcept {
    if (this == &other) return *this;
    drop();
    take(other);
    return *this;
  }
  ~SmallVector() { drop(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T& front() { return data_[0]; }
  const T& front() const { return data_[0]; }
  T& back() { return data_[size_ - 1]; }
  const T& back() const { return data_[size_ - 1]; }

  // The arguments may be elements of this vector.
  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    if (size_ == capacity_) return emplaceGrowing(std::forward<Arguments>(arguments)...);
    return *new (data_ + size_++) T{std::forward<Arguments>(arguments)...};
  }
  void push_back(const T& value) { emplace_back(value); }
  void push_back(T&& value) { emplace_back(std::move(value)); }
  void pop_back() { std::destroy_at(data_ + --size_); }
  void clear() {
    std::destroy_n(data_, size_);
    size_ = 0;
  }
  void reserve(size_t capacity) {
    if (capacity > capacity_) moveTo(allocate(capacity), capacity);
  }
  void resize(size_t size) {
    reserve(size);
    while (size_ > size) pop_back();
    while (size_ < size) new (data_ + size_++) T();
  }

 private:
  T* inside() { return reinterpret_cast<T*>(inside_); }
  static T* allocate(size_t capacity) { return std::allocator<T>().allocate(capacity); }

  template <class Iterator>
  void append(Iterator first, Iterator last) {
    try {
      for (; first != last; ++first) emplace_back(*first);
    } catch (...) {
      drop();
      throw;
    }
  }

  template <class... Arguments>
  [[gnu::noinline]] T& emplaceGrowing(Arguments&&... arguments) {
    const size_t capacity = size_t{2} * capacity_;
    T* data = allocate(capacity);
    try {
      new (data + size_) T{std::forward<Arguments>(arguments)...};
    } catch (...) {
      std::allocator<T>().deallocate(data, capacity);
      throw;
    }
    moveTo(data, capacity);
    return data_[size_++];
  }

  void moveTo(T* data, size_t capacity) {
    std::uninitialized_move_n(data_, size_, data);
    std::destroy_n(data_, size_);
    if (data_ != inside()) std::allocator<T>().deallocate(data_, capacity_);
    data_ = data;
    capacity_ = static_cast<uint32_t>(capacity);
  }

  // What `other` has; this one holds nothing.
  void take(SmallVector& other) noexcept {
    if (other.data_ == other.inside()) {
      std::uninitialized_move_n(other.data_, other.size_, data_);
      size_ = other.size_;
      other.clear();
      return;
    }
    data_ = std::exchange(other.data_, other.inside());
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, N);
  }

  // Leaves it as it was made.
  void drop() noexcept {
    std::destroy_n(data_, size_);
    if (data_ != inside()) std::allocator<T>().deallocate(data_, capacity_);
    data_ = inside();
    size_ = 0;
    capacity_ = N;
  }

  T* data_ = inside();
  uint32_t size_ = 0, capacity_ = N;
  alignas(T) unsigned char inside_[N * sizeof(T)];
};

}  // namespace anneal
