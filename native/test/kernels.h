// What the kernel tests share: numbers that look random, and every instruction-set level with one thread and several.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/pool.h"
#include "core/system.h"
#include "cpu/dispatch.h"
#include "test/check.h"

namespace anneal {

using Floats = std::vector<float>;
using Indices = std::vector<int64_t>;
inline const float kInf = std::numeric_limits<float>::infinity();
inline const float kNaN = std::numeric_limits<float>::quiet_NaN();

// A dense [outer, extent, inner] tensor.
struct Middle {
  int64_t outer, extent, inner;
};

// Numbers in [-1, 1) that look random.
inline Floats someFloats(int64_t n, uint32_t seed = 1) {
  Floats out(static_cast<size_t>(n));
  for (float& x : out) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<float>(static_cast<int32_t>(seed)) * 0x1p-31f;
  }
  return out;
}

inline Indices someIndices(int64_t n, int64_t extent) {
  Indices out(static_cast<size_t>(n));
  uint64_t state = 7;
  for (int64_t& i : out) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    i = static_cast<int64_t>(state >> 33) % extent;
  }
  return out;
}

// As many as there are processors, for more would wait for each other: two, or an odd number. What more threads than
// processors do is tested by the pool's own test.
inline int severalThreads() { return std::clamp(availableProcessors(), 2, 3); }

template <class T>
bool sameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// What f(backend) gives on each level, with the check that the number of threads does not matter.
template <class F>
auto onLevels(F f) {
  std::vector<decltype(f(*cpuBackends()[0]))> results;
  const int threads = Pool::instance().threads();
  for (const Backend* backend : cpuBackends()) {
    Pool::instance().setThreads(1);
    results.push_back(f(*backend));
    Pool::instance().setThreads(severalThreads());
    CHECK(sameBits(f(*backend), results.back()));
  }
  Pool::instance().setThreads(threads);
  return results;
}

inline void checkClose(const Floats& got, const std::vector<double>& want, double tolerance) {
  CHECK_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) CHECK_NEAR(got[i], want[i], tolerance * (1 + std::fabs(want[i])));
}

}  // namespace anneal
