// Indexing along one dimension of dense [outer, extent, inner] tensors: select, gather, their transposes, one-hot.
//
// Writes happen in the order of the indices: tasks divide outer and inner, never the indices themselves, so repeated
// indices give the same bits with every thread count.
#include "cpu/fold.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

constexpr int64_t kGrain = 1 << 14;  // elements of work a task

int64_t atLeastOne(int64_t value) { return value < 1 ? 1 : value; }
int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// Fails at the first one of `count` indices that lies outside [lowest, extent). As unsigned numbers, those below are too large as
// well.
void checkIndices(const IndexArgs& args, int64_t count, int64_t lowest = 0) {
  const uint64_t shift = static_cast<uint64_t>(-lowest), extent = static_cast<uint64_t>(args.extent) + shift;
  forRange(count, 4 * kGrain, [&](int64_t begin, int64_t end) {
    uint64_t bad = 0;
    for (int64_t i = begin; i < end; ++i) bad |= static_cast<uint64_t>(args.index[i]) + shift >= extent;
    for (int64_t i = begin; bad && i < end; ++i) {
      if (static_cast<uint64_t>(args.index[i]) + shift < extent) continue;
      fail(ErrorKind::Index, "[%s] index %lld is outside [%lld, %lld) at position %lld", args.name,
           static_cast<long long>(args.index[i]), static_cast<long long>(lowest), static_cast<long long>(args.extent),
           static_cast<long long>(i));
    }
  });
}

// Calls f(Type<T>{}) for an unsigned type as wide as the elements: for operators that only move them.
template <class F>
void withWidth(DType dtype, F&& f) {
  switch (sizeOf(dtype)) {
    case 1: return f(Type<uint8_t>{});
    case 2: return f(Type<uint16_t>{});
    case 4: return f(Type<uint32_t>{});
    default: return f(Type<uint64_t>{});
  }
}

// Calls f(Type<T>{}) for the type that elements are added in: unsigned for integers, whose sums wrap.
template <class F>
void withSum(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Int32: return f(Type<uint32_t>{});
    case DType::Int64: return f(Type<uint64_t>{});
    default: return withAny("index", dtype, f);
  }
}

// How a scattered value joins the one that is there.
struct Add {
  template <class T>
  static void join(T& to, T value) {
    to = static_cast<T>(to + value);
  }
  static void join(bool& to, bool value) { to |= value; }
};
struct Multiply {
  template <class T>
  static void join(T& to, T value) {
    to = static_cast<T>(to * value);
  }
  static void join(bool& to, bool value) { to &= value; }
};
struct Replace {
  template <class T>
  static void join(T& to, T value) {
    to = value;
  }
};
// NaN beats every number.
struct Larger {
  template <class T>
  static void join(T& to, T value) {
    to = value > to || value != value ? value : to;
  }
};
struct Smaller {
  template <class T>
  static void join(T& to, T value) {
    to = value < to || value != value ? value : to;
  }
};

template <class T>
void addRow(T* to, const T* from, int64_t n) {
  forLanes<T>(n, [&](int64_t i, int lanes) {
    storeLanes(to + i, loadLanes(to + i, lanes) + loadLanes(from + i, lanes), lanes);
  });
}
void addRow(bool* to, const bool* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] |= from[i];
}

// out [outer, count, inner] = src [outer, extent, inner] at index [count]
template <class T>
void select(const IndexArgs& args) {
  const T* src = static_cast<const T*>(args.src);
  T* out = static_cast<T*>(args.out);
  const int64_t inner = args.inner, bytes = inner * static_cast<int64_t>(sizeof(T));
  if (inner == 0) return;
  // Rows are fetched ahead, as the processor cannot foresee where the next one lies: about 1 KB, at most 4 KB a row.
  const int64_t ahead = bytes < 1024 ? 1024 / bytes : 1, fetched = smaller(bytes, 4096);
  forRange(args.outer * args.count, atLeastOne(kGrain / inner), [&](int64_t begin, int64_t end) {
    int64_t o = begin / args.count, j = begin % args.count;
    for (int64_t row = begin; row < end; ++row) {
      if (inner > 1 && j + ahead < args.count) {
        const char* next = reinterpret_cast<const char*>(src + (o * args.extent + args.index[j + ahead]) * inner);
        for (int64_t i = 0; i < fetched; i += 64) __builtin_prefetch(next + i);
      }
      const T* from = src + (o * args.extent + args.index[j]) * inner;
      if (inner == 1)
        out[row] = *from;
      else
        __builtin_memcpy(out + row * inner, from, static_cast<size_t>(inner) * sizeof(T));
      if (++j == args.count) j = 0, ++o;
    }
  });
}

// out [outer, extent, inner] at index [count] = src [outer, count, inner]
template <class T>
void put(const IndexArgs& args) {
  const T* src = static_cast<const T*>(args.src);
  T* out = static_cast<T*>(args.out);
  const int64_t inner = args.inner, rows = args.count;
  forRange(args.outer, atLeastOne(kGrain / atLeastOne(inner * rows)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin * rows; row < end * rows; ++row) {
      T* to = out + (row / rows * args.extent + args.index[row % rows]) * inner;
      __builtin_memcpy(to, src + row * inner, static_cast<size_t>(inner) * sizeof(T));
    }
  });
}

// out [outer, count, inner] = src [outer, extent, inner] at index [outer, count, inner]
template <class T>
void gather(const IndexArgs& args) {
  const T* src = static_cast<const T*>(args.src);
  T* out = static_cast<T*>(args.out);
  const int64_t inner = args.inner;
  forRange(args.outer * args.count, atLeastOne(kGrain / atLeastOne(inner)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* from = src + row / args.count * args.extent * inner;
      const int64_t* index = args.index + row * inner;
      T* to = out + row * inner;
      for (int64_t i = 0; i < inner; ++i) to[i] = from[index[i] * inner + i];
    }
  });
}

// Calls body(o, begin, end) for strips [begin, end) of inner: about kGrain additions, and no narrower than a few cache
// lines.
template <class Body>
void forStrips(const IndexArgs& args, Body&& body) {
  if (args.inner == 0 || args.count == 0) return;
  const int64_t width = smaller(args.inner, (kGrain / args.count + 64) / 64 * 64);
  const int64_t strips = (args.inner + width - 1) / width;
  const auto some = [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const int64_t begin = task % strips * width;
      body(task / strips, begin, smaller(begin + width, args.inner));
    }
  };
  forRange(args.outer * strips, atLeastOne(kGrain / (args.count * width)), some, 1 + args.count * width / kGrain);
}

// out [outer, extent, inner] at index [count] += src [outer, count, inner], from zero
template <class T>
void selectAdd(const IndexArgs& args) {
  const int64_t inner = args.inner;
  T* whole = static_cast<T*>(args.out);
  forRange(args.outer * args.extent * inner, kGrain, [&](int64_t begin, int64_t end) {
    __builtin_memset(whole + begin, 0, static_cast<size_t>(end - begin) * sizeof(T));
  });
  forStrips(args, [&](int64_t o, int64_t begin, int64_t end) {
    const T* src = static_cast<const T*>(args.src) + o * args.count * inner;
    T* out = whole + o * args.extent * inner;
    for (int64_t j = 0; j < args.count; ++j) {
      addRow(out + args.index[j] * inner + begin, src + j * inner + begin, end - begin);
    }
  });
}

// out [outer, extent, inner] at index [outer, count, inner] joined with src [outer, count, inner], from a copy of base
template <class Join, class T>
void scatter(const IndexArgs& args) {
  const int64_t inner = args.inner;
  const T* base = static_cast<const T*>(args.base);
  T* whole = static_cast<T*>(args.out);
  if (base != whole) {
    forRange(args.outer * args.extent * inner, kGrain, [&](int64_t begin, int64_t end) {
      __builtin_memcpy(whole + begin, base + begin, static_cast<size_t>(end - begin) * sizeof(T));
    });
  }
  forStrips(args, [&](int64_t o, int64_t begin, int64_t end) {
    const T* src = static_cast<const T*>(args.src) + o * args.count * inner;
    const int64_t* index = args.index + o * args.count * inner;
    T* out = whole + o * args.extent * inner;
    for (int64_t j = 0; j < args.count; ++j) {
      for (int64_t i = begin; i < end; ++i) Join::join(out[index[j * inner + i] * inner + i], src[j * inner + i]);
    }
  });
}

// out [outer, extent] = 1 at index [outer], 0 elsewhere
template <class T>
void oneHot(const IndexArgs& args) {
  T* out = static_cast<T*>(args.out);
  forRange(args.outer, atLeastOne(kGrain / atLeastOne(args.extent)), [&](int64_t begin, int64_t end) {
    __builtin_memset(out + begin * args.extent, 0, static_cast<size_t>((end - begin) * args.extent) * sizeof(T));
    for (int64_t o = begin; o < end; ++o) out[o * args.extent + args.index[o]] = T(1);
  });
}

// out [count] = base * extent + index, negative indices counted from the end
void linear(const IndexArgs& args) {
  const int64_t* base = static_cast<const int64_t*>(args.base);
  int64_t* out = static_cast<int64_t*>(args.out);
  forRange(args.count, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = args.index[i] + (args.index[i] < 0 ? args.extent : 0);
      out[i] = (base == nullptr ? 0 : base[i] * args.extent) + at;
    }
  });
}

// The positions at which src [outer] holds: counted block by block, so that each block knows where to write its own.
void positions(const IndexArgs& args) {
  const bool* mask = static_cast<const bool*>(args.src);
  int64_t* out = static_cast<int64_t*>(args.out);
  constexpr int64_t kBlock = 4 * kGrain;
  const int64_t blocks = (args.outer + kBlock - 1) / kBlock;
  int64_t* starts = scratch<int64_t>(0, blocks + 1);
  forRange(args.outer, kBlock, [&](int64_t begin, int64_t end) {
    int64_t found = 0;
    for (int64_t o = begin; o < end; ++o) found += mask[o];
    starts[begin / kBlock + 1] = found;
  });
  starts[0] = 0;
  for (int64_t b = 0; b < blocks; ++b) starts[b + 1] += starts[b];
  forRange(args.outer, kBlock, [&](int64_t begin, int64_t end) {
    int64_t at = starts[begin / kBlock];
    for (int64_t o = begin; o < end && at < args.count; ++o) {
      if (mask[o]) out[at++] = o;
    }
  });
  for (int64_t i = starts[blocks]; i < args.count; ++i) out[i] = args.fill;
}

}  // namespace

void index(const IndexArgs& args) {
  switch (args.op) {
    case IndexOp::Select:
      checkIndices(args, args.count);
      return withWidth(args.dtype, [&](auto t) { select<typename decltype(t)::type>(args); });
    case IndexOp::SelectAdd:
      checkIndices(args, args.count);
      return withSum(args.dtype, [&](auto t) { selectAdd<typename decltype(t)::type>(args); });
    case IndexOp::Put:
      checkIndices(args, args.count);
      return withWidth(args.dtype, [&](auto t) { put<typename decltype(t)::type>(args); });
    case IndexOp::Gather:
      checkIndices(args, args.outer * args.count * args.inner);
      return withWidth(args.dtype, [&](auto t) { gather<typename decltype(t)::type>(args); });
    case IndexOp::ScatterAdd:
      checkIndices(args, args.outer * args.count * args.inner);
      return withSum(args.dtype, [&](auto t) { scatter<Add, typename decltype(t)::type>(args); });
    case IndexOp::Scatter:
      checkIndices(args, args.outer * args.count * args.inner);
      return withWidth(args.dtype, [&](auto t) { scatter<Replace, typename decltype(t)::type>(args); });
    case IndexOp::ScatterProd:
      checkIndices(args, args.outer * args.count * args.inner);
      return withSum(args.dtype, [&](auto t) { scatter<Multiply, typename decltype(t)::type>(args); });
    case IndexOp::ScatterMax:
      checkIndices(args, args.outer * args.count * args.inner);
      return withAny("index", args.dtype, [&](auto t) { scatter<Larger, typename decltype(t)::type>(args); });
    case IndexOp::ScatterMin:
      checkIndices(args, args.outer * args.count * args.inner);
      return withAny("index", args.dtype, [&](auto t) { scatter<Smaller, typename decltype(t)::type>(args); });
    case IndexOp::OneHot:
      checkIndices(args, args.outer);
      return withAny("oneHot", args.dtype, [&](auto t) { oneHot<typename decltype(t)::type>(args); });
    case IndexOp::Linear: checkIndices(args, args.count, -args.extent); return linear(args);
    case IndexOp::Positions: return positions(args);
  }
}

}  // namespace anneal::ANNEAL_LEVEL
