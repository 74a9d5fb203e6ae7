// Softmax, its logarithm, log-sum-exp, and their gradients, over the rows of dense [rows, extent] tensors. The maximum of the row is
// taken off first, so nothing overflows.
#include <type_traits>

#include "device/dtypes.h"
#include "device/row.h"
#include "kernels.h"

namespace anneal::device {

namespace {

struct Params {
  SoftmaxOp op;
  int64_t rows, extent;
  const void *in, *dout;
  void* out;
};

// y = exp(x - max) / sum(exp(x - max)), or its logarithm (x - max) - log(sum(exp(x - max)))
template <class Team, class T>
ANNEAL_INLINE void forward(const Row<Team>& row, bool logarithm, const T* x, T* y) {
  const Lane<T> max = row.max(x);
  const Lane<T> sum = row.template sum<T>([&](int64_t i) { return expNotPositive(Lane<T>(x[i]) - max); });
  if (logarithm) {
    const Lane<T> shift = log(sum);
    row.each([&](int64_t i) { y[i] = ((Lane<T>(x[i]) - max) - shift).raw; });
  } else {
    const Lane<T> scale = Lane<T>(T(1)) / sum;
    row.each([&](int64_t i) { y[i] = (expNotPositive(Lane<T>(x[i]) - max) * scale).raw; });
  }
}

// max + log(sum(exp(x - max))); an infinite maximum is not taken off, since inf - inf is NaN
template <class Team, class T>
ANNEAL_INLINE void logSumExp(const Row<Team>& row, const T* x, T* out) {
  const Lane<T> max = row.max(x), infinity(static_cast<T>(__builtin_inf()));
  const Lane<T> shift = select(abs(max) == infinity, Lane<T>(T(0)), max);
  const Lane<T> sum = row.template sum<T>([&](int64_t i) { return exp(Lane<T>(x[i]) - shift); });
  row.once([&] { out[row.index] = (log(sum) + shift).raw; });
}

// dx = y * (dout - sum(dout * y))
template <class Team, class T>
ANNEAL_INLINE void softmaxBackward(const Row<Team>& row, const T* y, const T* dout, T* dx) {
  const Lane<T> dot = row.template sum<T>([&](int64_t i) { return Lane<T>(y[i]) * Lane<T>(dout[i]); });
  row.each([&](int64_t i) { dx[i] = (Lane<T>(y[i]) * (Lane<T>(dout[i]) - dot)).raw; });
}

// dx = dout - exp(y) * sum(dout)
template <class Team, class T>
ANNEAL_INLINE void logSoftmaxBackward(const Row<Team>& row, const T* y, const T* dout, T* dx) {
  const Lane<T> sum = row.template sum<T>([&](int64_t i) { return Lane<T>(dout[i]); });
  row.each([&](int64_t i) { dx[i] = fma(-expNotPositive(Lane<T>(y[i])), sum, Lane<T>(dout[i])).raw; });
}

template <class T, class Team>
ANNEAL_KERNEL(kTeamBlock)
overRows(const Params p) {
  const Row<Team> row(p.rows, p.extent);
  const int64_t at = row.index * p.extent;
  const T* const in = static_cast<const T*>(p.in) + at;
  const T* const dout = static_cast<const T*>(p.dout) + at;
  T* const out = static_cast<T*>(p.out);
  switch (p.op) {
    case SoftmaxOp::Softmax: return forward(row, false, in, out + at);
    case SoftmaxOp::LogSoftmax: return forward(row, true, in, out + at);
    case SoftmaxOp::LogSumExp: return logSumExp(row, in, out);
    case SoftmaxOp::SoftmaxBackward: return softmaxBackward(row, in, dout, out + at);
    case SoftmaxOp::LogSoftmaxBackward: return logSoftmaxBackward(row, in, dout, out + at);
  }
}

}  // namespace

void softmax(CudaQueue& queue, const SoftmaxArgs& args) {
  if (args.rows == 0) return;
  const Params params{args.op, args.rows, args.extent, resolve(args.in), resolve(args.dout), resolve(args.out)};
  withFloat("softmax", args.dtype, [&](auto t) {
    withTeam(args.extent, [&](auto* team) {
      using Team = std::remove_pointer_t<decltype(team)>;
      launch(queue, Team::grid(args.rows), kTeamBlock, overRows<typename decltype(t)::type, Team>, params);
    });
  });
}

}  // namespace anneal::device
