// Memory for the rivals written in C++: aligned, and in huge pages where the system gives them, as the engine's is.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bench {

constexpr size_t kHugePage = size_t{2} << 20;

struct Release {
  void operator()(float* data) const { std::free(data); }
};
using Floats = std::unique_ptr<float[], Release>;

// Not initialised: whoever writes first decides which memory it is.
inline Floats allocate(long count) {
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  const size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  void* const data = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (!data) throw std::bad_alloc();
#if defined(__linux__)
  if (alignment == kHugePage) madvise(data, bytes, MADV_HUGEPAGE);
#endif
  return Floats(static_cast<float*>(data));
}

// The numbers of a file of float32.
inline Floats read(const std::string& path, long count) {
  Floats data = allocate(count);
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  const size_t found = file ? std::fread(data.get(), sizeof(float), static_cast<size_t>(count), file) : 0;
  if (file) std::fclose(file);
  if (found != static_cast<size_t>(count)) throw std::runtime_error("cannot read " + path);
  return data;
}

}  // namespace bench
