// Softmax, its logarithm, log-sum-exp, and their gradients, over the rows of dense [rows, extent] tensors.
//
// The maximum of the row is taken off first, so nothing overflows. A row stays in cache for all of its passes.
#include "cpu/fold.h"
#include "cpu/math.h"
#include "cpu/row.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// Each of these takes a group of `rows` rows of n elements (row.h).
// y = exp(x - max) / sum(exp(x - max))
template <class T>
void softmaxForward(const T* x, int64_t n, int rows, T* y) {
  const PerRow<T> max(rowMaxima(x, n, rows));
  const Vec<T> sums = rowSums<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    const Vec<T> e = expNotPositive(loadLanes(x + r * n + i, lanes) - max[r]);
    storeLanes(y + r * n + i, e, lanes);
    return e;
  });
  const PerRow<T> scale(Vec<T>(T{1}) / sums);
  forElements<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    storeLanes(y + r * n + i, loadLanes(y + r * n + i, lanes) * scale[r], lanes);
  });
}

// y = (x - max) - log(sum(exp(x - max)))
template <class T>
void logSoftmaxForward(const T* x, int64_t n, int rows, T* y) {
  const PerRow<T> max(rowMaxima(x, n, rows));
  const PerRow<T> logs(log(rowSums<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    return expNotPositive(loadLanes(x + r * n + i, lanes) - max[r]);
  })));
  forElements<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    storeLanes(y + r * n + i, (loadLanes(x + r * n + i, lanes) - max[r]) - logs[r], lanes);
  });
}

// max + log(sum(exp(x - max))); an infinite maximum is not taken off, since inf - inf is NaN
template <class T>
void logSumExp(const T* x, int64_t n, int rows, T* out) {
  const Vec<T> max = rowMaxima(x, n, rows), infinity(static_cast<T>(__builtin_inf()));
  const PerRow<T> shift(select(abs(max) == infinity, Vec<T>(T{0}), max));
  const Vec<T> sums = rowSums<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    return exp(loadLanes(x + r * n + i, lanes) - shift[r]);
  });
  storeLanes(out, log(sums) + load(shift.value), rows);
}

// dx = y * (dout - sum(dout * y))
template <class T>
void softmaxBackward(const T* y, const T* dout, int64_t n, int rows, T* dx) {
  const PerRow<T> dot(rowSums<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    return loadLanes(y + r * n + i, lanes) * loadLanes(dout + r * n + i, lanes);
  }));
  forElements<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    const int64_t at = r * n + i;
    storeLanes(dx + at, loadLanes(y + at, lanes) * (loadLanes(dout + at, lanes) - dot[r]), lanes);
  });
}

// dx = dout - exp(y) * sum(dout)
template <class T>
void logSoftmaxBackward(const T* y, const T* dout, int64_t n, int rows, T* dx) {
  const PerRow<T> sum(rowSums<T>(
      rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED { return loadLanes(dout + r * n + i, lanes); }));
  forElements<T>(rows, n, [&](int r, int64_t i, int lanes) ANNEAL_INLINED {
    const int64_t at = r * n + i;
    storeLanes(dx + at, loadLanes(dout + at, lanes) - expNotPositive(loadLanes(y + at, lanes)) * sum[r], lanes);
  });
}

template <class T>
void run(const SoftmaxArgs& args) {
  const int64_t n = args.extent;
  const T* in = static_cast<const T*>(args.in);
  const T* dout = static_cast<const T*>(args.dout);
  T* out = static_cast<T*>(args.out);
  forRowGroups<T>(args.rows, n, [&](int64_t first, int rows) {
    const int64_t at = first * n;
    switch (args.op) {
      case SoftmaxOp::Softmax: return softmaxForward(in + at, n, rows, out + at);
      case SoftmaxOp::LogSoftmax: return logSoftmaxForward(in + at, n, rows, out + at);
      case SoftmaxOp::LogSumExp: return logSumExp(in + at, n, rows, out + first);
      case SoftmaxOp::SoftmaxBackward: return softmaxBackward(in + at, dout + at, n, rows, out + at);
      case SoftmaxOp::LogSoftmaxBackward: return logSoftmaxBackward(in + at, dout + at, n, rows, out + at);
    }
  });
}

}  // namespace

void softmax(const SoftmaxArgs& args) {
  withFloat("softmax", args.dtype, [&](auto t) { run<typename decltype(t)::type>(args); });
}

}  // namespace anneal::ANNEAL_LEVEL
