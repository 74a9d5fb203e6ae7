// Where the windows of pooling lie, and whether they fit: PyTorch's rules.
#include <algorithm>
#include <limits>

#include "ops/pool.h"

namespace anneal {

namespace {

constexpr int64_t kLargest = std::numeric_limits<int32_t>::max();

// The sizes of one kind, one for each pooled dimension; 0 or 1 where they are left out.
std::vector<int64_t> sizes(const Call& call, const char* name, const Attr& attr, size_t dimensions, int64_t least,
                           const std::vector<int64_t>& otherwise) {
  const std::vector<int64_t>& list = attr.present ? attr.list : otherwise;
  if (list.size() != dimensions) {
    fail(ErrorKind::Argument, "[%s] expected %d numbers for '%s', received %d", call.name(),
         static_cast<int>(dimensions), name, static_cast<int>(list.size()));
  }
  for (int64_t size : list) {
    if (size >= least && size <= kLargest) continue;
    fail(ErrorKind::Argument, "[%s] '%s' must be from %lld to %lld, not %lld", call.name(), name,
         static_cast<long long>(least), static_cast<long long>(kLargest), static_cast<long long>(size));
  }
  return list;
}

int dimensionsOf(const Call& call, const std::vector<int64_t>& list) {
  if (list.empty() || list.size() > kPoolRank) {
    fail(ErrorKind::Argument, "[%s] pools 1 to %d dimensions, not %d", call.name(), kPoolRank,
         static_cast<int>(list.size()));
  }
  return static_cast<int>(list.size());
}

// Writes the record's sizes of one kind, at its end.
void place(int64_t (&to)[kPoolRank], const std::vector<int64_t>& list) {
  std::copy(list.begin(), list.end(), to + kPoolRank - list.size());
}

// A record of one element in each dimension.
PoolArgs emptyArgs(const Call& call, PoolOp op) {
  PoolArgs args{};
  args.op = op;
  args.name = call.name();
  args.planes = 1;
  for (int d = 0; d < kPoolRank; ++d) {
    args.in[d] = args.out[d] = args.kernel[d] = args.stride[d] = args.dilation[d] = 1;
  }
  return args;
}

// Checks that t is [channels, ...] or [batch, channels, ...] with the pooled dimensions last, and counts its planes. Gives these
// dimensions.
std::vector<int64_t> pooledSizes(const Call& call, const Tensor& t, int dimensions, PoolArgs& args) {
  const int lead = t.rank() - dimensions;
  if (lead != 1 && lead != 2) {
    fail(ErrorKind::Shape,
         "[%s] expected [channels, ...] or [batch, channels, ...] with %d dimensions to pool, received %s", call.name(),
         dimensions, t.shape().str().c_str());
  }
  for (int d = 0; d < lead; ++d) args.planes *= t.dim(d);
  return {t.shape().begin() + lead, t.shape().end()};
}

// The dimensions that are pooled, which hold something, and the places of which fit an int32.
void setInput(const Call& call, const std::vector<int64_t>& in, PoolArgs& args) {
  int64_t plane = 1;
  for (int64_t size : in) {
    if (size < 1)
      fail(ErrorKind::Shape, "[%s] nothing to pool along a dimension of size %lld", call.name(),
           static_cast<long long>(size));
    if (size > kLargest || (plane *= size) > kLargest) {
      fail(ErrorKind::Shape, "[%s] a plane of more than %lld elements is too large", call.name(),
           static_cast<long long>(kLargest));
    }
  }
  place(args.in, in);
}

// The windows of attributes kernelSize, stride, padding, dilation (where there is one) and ceilMode over an input of size `in`.
void setWindows(const Call& call, const std::vector<int64_t>& in, bool dilates, PoolArgs& args) {
  setInput(call, in, args);
  const size_t n = in.size();
  const Attrs& attrs = call.attrs;
  const std::vector<int64_t> ones(n, 1), zeros(n, 0);
  const auto kernel = sizes(call, "kernelSize", attrs[0], n, 1, {});
  const auto stride = sizes(call, "stride", attrs[1], n, 1, kernel);
  const auto padding = sizes(call, "padding", attrs[2], n, 0, zeros);
  const auto dilation = dilates ? sizes(call, "dilation", attrs[3], n, 1, ones) : ones;
  const bool ceils = call.flag(dilates ? 4 : 3);
  std::vector<int64_t> out(n);
  for (size_t d = 0; d < n; ++d) {
    if (padding[d] > kernel[d] / 2) {
      fail(ErrorKind::Argument, "[%s] padding must be at most half of kernelSize, not %lld of %lld", call.name(),
           static_cast<long long>(padding[d]), static_cast<long long>(kernel[d]));
    }
    const int64_t room = in[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1 + (ceils ? stride[d] - 1 : 0);
    out[d] = room < 0 ? 0 : room / stride[d] + 1;
    // The last window begins inside, or in the padding before it.
    if (ceils && (out[d] - 1) * stride[d] >= in[d] + padding[d]) --out[d];
    if (out[d] < 1) {
      fail(ErrorKind::Shape, "[%s] a window of %lld does not fit a dimension of size %lld with padding %lld",
           call.name(), static_cast<long long>(dilation[d] * (kernel[d] - 1) + 1), static_cast<long long>(in[d]),
           static_cast<long long>(padding[d]));
    }
  }
  place(args.out, out);
  place(args.kernel, kernel);
  place(args.stride, stride);
  place(args.dilation, dilation);
  place(args.low, padding);
}

// Windows that cover an input of size `in` evenly; those of one size are ordinary ones.
void setAdaptive(const Call& call, const std::vector<int64_t>& in, const std::vector<int64_t>& out, PoolArgs& args) {
  setInput(call, in, args);
  place(args.out, out);
  for (int d = 0; d < kPoolRank; ++d) {
    args.adaptive[d] = args.out[d] > 0 && args.in[d] % args.out[d] != 0;
    args.kernel[d] = args.stride[d] = args.out[d] > 0 ? args.in[d] / args.out[d] : 1;
  }
}

// What dout must be like: the result of the windows.
void checkGradient(const Call& call, const std::vector<int64_t>& sizes, const int64_t (&out)[kPoolRank]) {
  if (std::equal(sizes.begin(), sizes.end(), out + kPoolRank - sizes.size())) return;
  fail(ErrorKind::Shape, "[%s] a gradient of %s does not fit the windows", call.name(),
       call.in(0).shape().str().c_str());
}

void setDivisor(const Call& call, PoolArgs& args) {
  args.countIncludePad = call.flag(4);
  if (!call.attrs[5].present) return;
  if (call.integer(5) == 0) fail(ErrorKind::Argument, "[%s] divisorOverride must not be 0", call.name());
  args.divisor = static_cast<double>(call.integer(5));
}

void checkIndices(const Call& call) {
  const Tensor &t = call.in(0), &index = call.in(1);
  const bool backward = call.op->params.back().kind == ParamKind::Ints;
  const int dimensions = backward ? static_cast<int>(call.list(0).size()) : static_cast<int>(call.integer(0));
  bool fits = t.rank() == index.rank();
  for (int d = 0; fits && d < t.rank(); ++d)
    fits = (!backward && d >= t.rank() - dimensions) || t.dim(d) == index.dim(d);
  if (!fits) {
    fail(ErrorKind::Shape, "[%s] indices of %s do not fit %s", call.name(), index.shape().str().c_str(),
         t.shape().str().c_str());
  }
}

PoolArgs adaptiveArgs(const Call& call, PoolOp op) {
  PoolArgs args = emptyArgs(call, op);
  const auto& out = call.list(0);
  for (int64_t size : out) {
    if (size < 0) fail(ErrorKind::Argument, "[%s] 'outputSize' must not be negative", call.name());
  }
  const auto in = pooledSizes(call, call.in(0), dimensionsOf(call, out), args);
  setAdaptive(call, in, out, args);
  return args;
}

}  // namespace

PoolArgs maxArgs(const Call& call) {
  PoolArgs args = emptyArgs(call, PoolOp::Max);
  const auto in = pooledSizes(call, call.in(0), dimensionsOf(call, call.list(0)), args);
  setWindows(call, in, true, args);
  return args;
}

PoolArgs avgArgs(const Call& call) {
  PoolArgs args = emptyArgs(call, PoolOp::Avg);
  const auto in = pooledSizes(call, call.in(0), dimensionsOf(call, call.list(0)), args);
  setWindows(call, in, false, args);
  setDivisor(call, args);
  return args;
}

PoolArgs avgBackwardArgs(const Call& call) {
  PoolArgs args = emptyArgs(call, PoolOp::AvgBackward);
  const auto& in = call.list(6);
  const auto out = pooledSizes(call, call.in(0), dimensionsOf(call, in), args);
  setWindows(call, in, false, args);
  setDivisor(call, args);
  checkGradient(call, out, args.out);
  return args;
}

PoolArgs adaptiveBackwardArgs(const Call& call) {
  PoolArgs args = emptyArgs(call, PoolOp::AvgBackward);
  const auto& in = call.list(0);
  const auto out = pooledSizes(call, call.in(0), dimensionsOf(call, in), args);
  setAdaptive(call, in, out, args);
  return args;
}

PoolArgs maxBackwardArgs(const Call& call) {
  PoolArgs args = emptyArgs(call, PoolOp::MaxBackward);
  const auto& in = call.list(0);
  place(args.out, pooledSizes(call, call.in(0), dimensionsOf(call, in), args));
  setInput(call, in, args);
  checkIndices(call);
  return args;
}

PoolArgs maxPickArgs(const Call& call) {
  PoolArgs args = emptyArgs(call, PoolOp::MaxPick);
  const int64_t dimensions = call.integer(0);
  if (dimensions < 1 || dimensions > kPoolRank) {
    fail(ErrorKind::Argument, "[%s] pools 1 to %d dimensions, not %lld", call.name(), kPoolRank,
         static_cast<long long>(dimensions));
  }
  setInput(call, pooledSizes(call, call.in(0), static_cast<int>(dimensions), args), args);
  checkIndices(call);
  args.planes = 1;
  place(args.out, pooledSizes(call, call.in(1), static_cast<int>(dimensions), args));
  return args;
}

PoolArgs adaptiveMaxArgs(const Call& call) { return adaptiveArgs(call, PoolOp::Max); }

PoolArgs adaptiveAvgArgs(const Call& call) { return adaptiveArgs(call, PoolOp::Avg); }

}  // namespace anneal
