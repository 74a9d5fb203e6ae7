// Softmax, its logarithm, log-sum-exp, and their gradients, over the rows of dense [rows, extent] tensors.
//
// The maximum of the row is taken off first, so nothing overflows. A row stays in cache for all of its passes.
#include "cpu/fold.h"
#include "cpu/math.h"
#include "cpu/row.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

// Calls row(r) for all rows.
template <class Row>
void forRows(const SoftmaxArgs& args, Row&& row) {
  constexpr int64_t kGrain = 1 << 13;  // elements of a task
  forRange(args.rows, args.extent < kGrain ? kGrain / (args.extent + 1) + 1 : 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) row(r);
  });
}

// y = exp(x - max) / sum(exp(x - max))
template <class T>
void softmaxForward(const T* x, int64_t n, T* y) {
  const Vec<T> max(rowMax(x, n));
  const T sum = sumRow<T>(n, [&](int64_t i, int lanes) {
    const Vec<T> e = exp(loadLanes(x + i, lanes) - max);
    storeLanes(y + i, e, lanes);
    return e;
  });
  const Vec<T> scale(1 / sum);
  forLanes<T>(n, [&](int64_t i, int lanes) { storeLanes(y + i, loadLanes(y + i, lanes) * scale, lanes); });
}

// y = (x - max) - log(sum(exp(x - max)))
template <class T>
void logSoftmaxForward(const T* x, int64_t n, T* y) {
  const Vec<T> max(rowMax(x, n)), log(anneal::ANNEAL_LEVEL::log(rowSumExp(x, n, max)));
  forLanes<T>(n, [&](int64_t i, int lanes) { storeLanes(y + i, (loadLanes(x + i, lanes) - max) - log, lanes); });
}

// max + log(sum(exp(x - max))); an infinite maximum is not taken off, since inf - inf is NaN
template <class T>
T logSumExp(const T* x, int64_t n) {
  const T max = rowMax(x, n), shift = __builtin_isinf(max) ? 0 : max;
  return log(rowSumExp(x, n, Vec<T>(shift))) + shift;
}

// dx = y * (dout - sum(dout * y))
template <class T>
void softmaxBackward(const T* y, const T* dout, int64_t n, T* dx) {
  const Vec<T> dot(
      sumRow<T>(n, [&](int64_t i, int lanes) { return loadLanes(y + i, lanes) * loadLanes(dout + i, lanes); }));
  forLanes<T>(n, [&](int64_t i, int lanes) {
    storeLanes(dx + i, loadLanes(y + i, lanes) * (loadLanes(dout + i, lanes) - dot), lanes);
  });
}

// dx = dout - exp(y) * sum(dout)
template <class T>
void logSoftmaxBackward(const T* y, const T* dout, int64_t n, T* dx) {
  const Vec<T> sum(sumRow<T>(n, [&](int64_t i, int lanes) { return loadLanes(dout + i, lanes); }));
  forLanes<T>(n, [&](int64_t i, int lanes) {
    storeLanes(dx + i, loadLanes(dout + i, lanes) - exp(loadLanes(y + i, lanes)) * sum, lanes);
  });
}

template <class T>
void run(const SoftmaxArgs& args) {
  const int64_t n = args.extent;
  const T* in = static_cast<const T*>(args.in);
  const T* dout = static_cast<const T*>(args.dout);
  T* out = static_cast<T*>(args.out);
  switch (args.op) {
    case SoftmaxOp::Softmax: return forRows(args, [&](int64_t r) { softmaxForward(in + r * n, n, out + r * n); });
    case SoftmaxOp::LogSoftmax: return forRows(args, [&](int64_t r) { logSoftmaxForward(in + r * n, n, out + r * n); });
    case SoftmaxOp::LogSumExp: return forRows(args, [&](int64_t r) { out[r] = logSumExp(in + r * n, n); });
    case SoftmaxOp::SoftmaxBackward:
      return forRows(args, [&](int64_t r) { softmaxBackward(in + r * n, dout + r * n, n, out + r * n); });
    case SoftmaxOp::LogSoftmaxBackward:
      return forRows(args, [&](int64_t r) { logSoftmaxBackward(in + r * n, dout + r * n, n, out + r * n); });
  }
}

}  // namespace

void softmax(const SoftmaxArgs& args) {
  withFloat("softmax", args.dtype, [&](auto t) { run<typename decltype(t)::type>(args); });
}

}  // namespace anneal::ANNEAL_LEVEL
