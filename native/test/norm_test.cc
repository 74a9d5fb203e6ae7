// Normalisation on every instruction-set level: against plain loops in float64, with the same bits for one thread and for several, and
// of values whose mean is large.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "test/kernels.h"

namespace anneal {
namespace {

struct Case {
  NormOp op;
  int64_t outer, channels, inner, groups = 1;
  bool centered = true;
};

// Rows, groups and channels: shorter than a vector, odd, long, many and few; large enough for chunks of one channel.
const Case kCases[] = {
    {NormOp::Rows, 1, 1, 1},           {NormOp::Rows, 5, 1, 7},
    {NormOp::Rows, 37, 1, 64},         {NormOp::Rows, 700, 1, 33},
    {NormOp::Rows, 9, 1, 1000},        {NormOp::Rows, 3, 1, 20001},
    {NormOp::Rows, 9, 1, 5, 1, false}, {NormOp::Rows, 70, 1, 257, 1, false},
    {NormOp::Groups, 2, 6, 1, 2},      {NormOp::Groups, 3, 4, 5, 4},
    {NormOp::Groups, 2, 8, 49, 2},     {NormOp::Groups, 1, 4, 70000, 2},
    {NormOp::Groups, 5, 3, 3000, 1},   {NormOp::Channels, 2, 1, 1},
    {NormOp::Channels, 7, 5, 1},       {NormOp::Channels, 33, 300, 1},
    {NormOp::Channels, 3000, 70, 1},   {NormOp::Channels, 20, 7, 9},
    {NormOp::Channels, 70000, 3, 1},   {NormOp::Channels, 4, 5, 63},
    {NormOp::Channels, 3, 4, 64},      {NormOp::Channels, 5, 17, 100},
    {NormOp::Channels, 9, 2, 20000},   {NormOp::Channels, 1, 3, 5000},
};

NormOp backwardOf(NormOp op) { return static_cast<NormOp>(static_cast<int>(op) + 1); }

struct Shapes {
  size_t whole, statistics, affine;
};

NormArgs argsFor(const Case& c) {
  NormArgs args{};
  args.op = c.op;
  args.dtype = DType::Float32;
  args.centered = c.centered;
  args.outer = c.outer;
  args.channels = c.channels;
  args.inner = c.inner;
  args.groups = c.groups;
  args.eps = 1e-5;
  return args;
}

Shapes shapesOf(const Case& c) {
  const NormArgs args = argsFor(c);
  return {static_cast<size_t>(c.outer * c.channels * c.inner), static_cast<size_t>(args.statistics()),
          static_cast<size_t>(args.affine())};
}

// Which mean an element belongs to, and which weight.
struct Place {
  size_t mean, weight;
};

Place placeOf(const Case& c, size_t at) {
  const int64_t i = static_cast<int64_t>(at), n = i / (c.channels * c.inner), channel = i / c.inner % c.channels;
  switch (c.op) {
    case NormOp::Rows: return {static_cast<size_t>(n), static_cast<size_t>(i % c.inner)};
    case NormOp::Groups:
      return {static_cast<size_t>(n * c.groups + channel / (c.channels / c.groups)), static_cast<size_t>(channel)};
    default: return {static_cast<size_t>(channel), static_cast<size_t>(channel)};
  }
}

struct Result {
  std::vector<double> y, mean, spread, dx, dweight, dbias;
};

Result expected(const Case& c, const Floats& x, const Floats& weight, const Floats& bias, const Floats& dout) {
  const auto [whole, statistics, affine] = shapesOf(c);
  const auto zeros = [](size_t n) { return std::vector<double>(n, 0); };
  Result r{zeros(whole), zeros(statistics), zeros(statistics), zeros(whole), zeros(affine), zeros(affine)};
  std::vector<double> rstd(statistics), sums(statistics), products(statistics);
  const double n = static_cast<double>(whole) / static_cast<double>(statistics);
  for (size_t i = 0; i < whole && c.centered; ++i) r.mean[placeOf(c, i).mean] += x[i] / n;
  for (size_t i = 0; i < whole; ++i) {
    const size_t m = placeOf(c, i).mean;
    r.spread[m] += (x[i] - r.mean[m]) * (x[i] - r.mean[m]) / n;
  }
  for (size_t m = 0; m < statistics; ++m) {
    rstd[m] = 1 / std::sqrt(r.spread[m] + 1e-5);
    if (c.op != NormOp::Channels) r.spread[m] = rstd[m];
  }
  for (size_t i = 0; i < whole; ++i) {
    const auto [m, w] = placeOf(c, i);
    const double xhat = (x[i] - r.mean[m]) * rstd[m], g = dout[i] * static_cast<double>(weight[w]);
    r.y[i] = xhat * weight[w] + (c.centered ? bias[w] : 0);
    r.dweight[w] += dout[i] * xhat;
    r.dbias[w] += dout[i];
    sums[m] += c.centered ? g : 0;
    products[m] += g * xhat;
  }
  for (size_t i = 0; i < whole; ++i) {
    const auto [m, w] = placeOf(c, i);
    const double xhat = (x[i] - r.mean[m]) * rstd[m], g = dout[i] * static_cast<double>(weight[w]);
    r.dx[i] = rstd[m] * (g - sums[m] / n - xhat * products[m] / n);
  }
  return r;
}

// y, mean, spread, dx, dweight, dbias, one after the other.
std::vector<Floats> computed(const Case& c, const Floats& x, const Floats& weight, const Floats& bias,
                             const Floats& dout) {
  const auto [whole, statistics, affine] = shapesOf(c);
  return onLevels([&, whole = whole, statistics = statistics, affine = affine](const Backend& backend) {
    Floats out(2 * whole + 2 * statistics + 2 * affine);
    float* at = out.data();
    const auto next = [&](size_t n) { return std::exchange(at, at + n); };
    NormArgs args = argsFor(c);
    args.x = x.data();
    args.weight = weight.data();
    if (c.centered) args.bias = bias.data();
    args.y = next(whole);
    args.mean = next(statistics);
    args.spread = next(statistics);
    if (!c.centered) std::fill_n(static_cast<float*>(args.mean), statistics, 0.f);
    backend.norm(args);
    NormArgs back = argsFor(c);
    back.op = backwardOf(c.op);
    back.x = x.data();
    back.weight = weight.data();
    back.dout = dout.data();
    back.meanIn = args.mean;
    back.spreadIn = args.spread;
    back.y = next(whole);
    back.dweight = next(affine);
    back.dbias = next(affine);
    backend.norm(back);
    return out;
  });
}

// Absolute, relative to the largest: derivatives add up terms of both signs.
void checkAll(const Floats& got, const Result& want, double tolerance) {
  size_t at = 0;
  for (const auto* part : {&want.y, &want.mean, &want.spread, &want.dx, &want.dweight, &want.dbias}) {
    double largest = 1;
    for (double v : *part) largest = std::max(largest, std::fabs(v));
    for (double v : *part) CHECK_NEAR(got[at++], v, tolerance * largest);
  }
}

TEST(normForwardAndBackward) {
  for (const Case& c : kCases) {
    const auto [whole, statistics, affine] = shapesOf(c);
    const Floats x = someFloats(static_cast<int64_t>(whole)), dout = someFloats(static_cast<int64_t>(whole), 5);
    const Floats weight = someFloats(static_cast<int64_t>(affine), 7),
                 bias = someFloats(static_cast<int64_t>(affine), 9);
    const Result want = expected(c, x, weight, bias, dout);
    // rstd is up to 300 where few values lie close together, and so are the errors.
    for (const Floats& got : computed(c, x, weight, bias, dout)) checkAll(got, want, 2e-5);
  }
}

// The mean is a thousand times the deviation: what is left of x after the mean has 14 bits.
TEST(normOfLargeMeans) {
  for (const Case& c : kCases) {
    const auto [whole, statistics, affine] = shapesOf(c);
    if (!c.centered || whole / statistics < 5) continue;
    Floats x = someFloats(static_cast<int64_t>(whole));
    for (float& v : x) v += 1000;
    const Floats dout = someFloats(static_cast<int64_t>(whole), 5);
    const Floats weight(affine, 1.f), bias(affine, 0.f);
    const Result want = expected(c, x, weight, bias, dout);
    for (const Floats& got : computed(c, x, weight, bias, dout)) {
      for (size_t i = 0; i < whole; ++i) CHECK_NEAR(got[i], want.y[i], 3e-6);
      for (size_t i = 0; i < statistics; ++i) {
        CHECK_NEAR(got[whole + statistics + i], want.spread[i], 1e-5 * want.spread[i]);
      }
    }
  }
}

TEST(normOfNothing) {
  for (const Case& c :
       {Case{NormOp::Rows, 0, 1, 3}, Case{NormOp::Rows, 3, 1, 0}, Case{NormOp::Groups, 0, 4, 3, 2},
        Case{NormOp::Groups, 2, 4, 0, 2}, Case{NormOp::Channels, 0, 3, 1}, Case{NormOp::Channels, 2, 3, 0},
        Case{NormOp::Channels, 0, 3, 500}, Case{NormOp::Channels, 2, 0, 5}}) {
    const size_t affine = shapesOf(c).affine;
    const Floats ones(affine, 1.f);
    for (const Floats& got : computed(c, {}, ones, ones, {})) {
      CHECK(std::all_of(got.end() - static_cast<ptrdiff_t>(2 * affine), got.end(), [](float v) { return v == 0; }));
    }
  }
}

TEST(normTracksStatistics) {
  for (const Backend* backend : cpuBackends()) {
    const Floats mean = {1, 2, 3}, variance = {4, 8, 12};
    Floats runningMean = {0, 0, 1}, runningVariance = {1, 1, 1};
    int64_t counted = 0;
    NormArgs args{};
    args.op = NormOp::Track;
    args.dtype = DType::Float32;
    args.outer = args.inner = 1;
    args.channels = 3;
    args.meanIn = mean.data();
    args.spreadIn = variance.data();
    args.runningMean = runningMean.data();
    args.runningVariance = runningVariance.data();
    args.counted = &counted;
    args.momentum = 0.25;
    args.correction = 2;
    backend->norm(args);
    CHECK(runningMean == (Floats{0.25, 0.5, 1.5}));
    CHECK(runningVariance == (Floats{2.75, 4.75, 6.75}));
    CHECK_EQ(counted, 1);
    args.cumulative = true;  // the second batch: half of what there is, half of the new
    backend->norm(args);
    CHECK(runningMean == (Floats{0.625, 1.25, 2.25}));
    CHECK_EQ(counted, 2);
  }
}

}  // namespace
}  // namespace anneal
