// Windows of 3x3 at a stride of 1, by Winograd's algorithm F(4x4, 3x3): sums of 4x4 outputs from 6x6 inputs take 36 products in place
// of 144. (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv:1509.09308)
//
// The polynomials' points are 0, 11/16, -11/16, 3/2, -3/2 and infinity, by which all factors are exact in float32. Their error is about
// that of the direct sum, a quarter of that of the usual points 0, 1, -1, 2, -2 (such points: Alam et al., arXiv:2201.10369). An
// infinite or NaN input spreads over a tile of outputs.
//
// A lane is a tile. The frame has every fourth element of a row side by side, so tiles that are neighbours are so in vectors, too.
#pragma once
#include "cpu/conv/finish.h"
#include "cpu/conv/images.h"
#include "cpu/gemm/pack.h"

namespace anneal::ANNEAL_LEVEL::convolution {

constexpr int64_t kTile = 4;   // outputs along a side of a tile
constexpr int kPoints = 6;     // along a side
constexpr int kProducts = 36;  // of a tile
constexpr int64_t kLeastChannels = 16;
constexpr float kA = 11.0f / 16, kB = 1.5f, kA2 = kA * kA, kB2 = kB * kB;

// Of six neighbouring inputs.
ANNEAL_INLINE void transformInputs(const Vec<float> (&d)[6], Vec<float> (&out)[6]) {
  using F = Vec<float>;
  const F p = fma(F(-kB2), d[2], d[4]), q = fma(F(-kB2), d[1], d[3]);
  const F r = fma(F(-kA2), d[2], d[4]), s = fma(F(-kA2), d[1], d[3]);
  out[0] = fma(F(kA2 * kB2), d[0], fma(F(-(kA2 + kB2)), d[2], d[4]));
  out[1] = fma(F(kA), q, p);
  out[2] = fma(F(-kA), q, p);
  out[3] = fma(F(kB), s, r);
  out[4] = fma(F(-kB), s, r);
  out[5] = fma(F(kA2 * kB2), d[1], fma(F(-(kA2 + kB2)), d[3], d[5]));
}

// Of three neighbouring elements of a kernel: its polynomial at the points, over what the others make there.
ANNEAL_INLINE void transformKernel(const Vec<float> (&w)[3], Vec<float> (&out)[6]) {
  using F = Vec<float>;
  constexpr double a = kA, b = kB;
  constexpr auto atA = static_cast<float>(1 / (2 * a * a * (a * a - b * b)));
  constexpr auto atB = static_cast<float>(1 / (2 * b * b * (b * b - a * a)));
  constexpr auto atZero = static_cast<float>(1 / (a * a * b * b));
  const F evenA = fma(F(kA2), w[2], w[0]), evenB = fma(F(kB2), w[2], w[0]);
  out[0] = w[0] * F(atZero);
  out[1] = fma(F(kA), w[1], evenA) * F(atA);
  out[2] = fma(F(-kA), w[1], evenA) * F(atA);
  out[3] = fma(F(kB), w[1], evenB) * F(atB);
  out[4] = fma(F(-kB), w[1], evenB) * F(atB);
  out[5] = w[2];
}

// Four neighbouring outputs, of products at the six points.
ANNEAL_INLINE void transformOutputs(const Vec<float> (&m)[6], Vec<float> (&y)[4]) {
  using F = Vec<float>;
  const F sumA = m[1] + m[2], sumB = m[3] + m[4], differenceA = m[1] - m[2], differenceB = m[3] - m[4];
  y[0] = m[0] + sumA + sumB;
  y[1] = fma(F(kA), differenceA, F(kB) * differenceB);
  y[2] = fma(F(kA2), sumA, F(kB2) * sumB);
  y[3] = fma(F(kA2 * kA), differenceA, fma(F(kB2 * kB), differenceB, m[5]));
}

// A convolution of images, by a weight [groups * rows, channels, 3, 3].
struct Winograd {
  Images<float> images;  // their frames
  int64_t rows, out[2];
  int64_t tiles[2];
  float* dst = nullptr;
  const Finish<float>* finish = nullptr;
  float* kernels = nullptr;  // the weight at the points: [kProducts, groups * rows, channels], the points `apart`

  // `low`: zeros before each of the two dimensions.
  Winograd(const Images<float>& from, const int64_t* in, const int64_t* low, int64_t outputChannels,
           const int64_t* size)
      : images(from),
        rows(outputChannels),
        out{size[0], size[1]},
        tiles{ceilDiv(size[0], kTile), ceilDiv(size[1], kTile)} {
    images.inPlace = false;
    images.frame.axis[0] = FrameAxis(Axis{1, 0, 1, 1, 1, 1}, false);
    images.frame.axis[1] = FrameAxis(Axis{in[0], low[0], kTile * tiles[0], 1, 3, 1}, false);
    images.frame.axis[2] = FrameAxis(Axis{in[1], low[1], tiles[1], kTile, kPoints, 1}, false);
  }

  int64_t tilesOfImage() const { return tiles[0] * tiles[1]; }
  int64_t weights() const { return images.groups * rows * images.channels; }

  // Elements from the products of one point to those of the next. The shapes of layers make that a multiple of 4096 bytes,
  // where all points of an element would lie in one set of the first-level cache: a line more spreads them.
  static int64_t apart(int64_t size) { return size + gemm::kLine<float>; }
  int64_t kernelPoint() const { return apart(weights()); }
  int64_t inputPoint(int64_t width) const { return apart(images.channels * width); }
  int64_t sumPoint(int64_t width) const { return apart(rows * width); }

  // Whether this is faster than direct sums. Costs in multiply-adds for a pair of channels, by measurements: products, transformations
  // of inputs and outputs, and reading many kernels.
  bool pays() const {
    if (images.channels < kLeastChannels || rows < kLeastChannels) return false;
    const double all = static_cast<double>(images.batch * tilesOfImage());
    const double whole = static_cast<double>(roundUp<float>(images.batch * tilesOfImage()));
    const double turns = 420 * all * (1.0 / static_cast<double>(images.channels) + 1.0 / static_cast<double>(rows));
    const bool isFar = kProducts * rows * images.channels * 4 > int64_t{4} << 20;
    const double fetching = isFar ? 550 * static_cast<double>(ceilDiv(images.batch * tilesOfImage(), 64)) : 0;
    const double direct = 9.0 * static_cast<double>(images.batch * out[0] * out[1]) / 0.87;
    return 1.15 * (48 * whole + turns + fetching) < direct;
  }

  // A run of tiles in a row of an image.
  struct TileRun {
    int64_t image, row, first, count, at;  // at: column in the panel
  };
  template <class Body>
  void forTileRuns(int64_t begin, int64_t end, Body&& body) const {
    for (int64_t t = begin; t < end;) {
      const int64_t n = t / tilesOfImage(), place = t % tilesOfImage(), x = place % tiles[1];
      const int64_t count = least(end - t, tiles[1] - x);
      body(TileRun{n, place / tiles[1], x, count, t - begin});
      t += count;
    }
  }

  void transformWeight(const float* weight, bool parallel) {
    const int64_t lines = images.groups * rows, channels = images.channels;
    kernels = scratch<float>(4, kProducts * kernelPoint());
    loop(parallel, lines, most(1, gemm::kPackElements / (kProducts * channels)), [&](int64_t line) {
      const float* const from = weight + line * channels * 9;
      for (int64_t c = 0; c < channels; c += W<float>) {
        const int lanes = static_cast<int>(least(W<float>, channels - c));
        alignas(64) float taps[9][W<float>] = {};
        for (int i = 0; i < lanes; ++i) {
#pragma GCC unroll 9
          for (int k = 0; k < 9; ++k) taps[k][i] = from[(c + i) * 9 + k];
        }
        Vec<float> half[3][6];  // transformed along y
        for (int x = 0; x < 3; ++x) {
          const Vec<float> column[3] = {load(taps[x]), load(taps[3 + x]), load(taps[6 + x])};
          transformKernel(column, half[x]);
        }
        for (int i = 0; i < 6; ++i) {
          const Vec<float> row[3] = {half[0][i], half[1][i], half[2][i]};
          Vec<float> points[6];
          transformKernel(row, points);
          for (int j = 0; j < 6; ++j) {
            storeLanes(kernels + (i * 6 + j) * kernelPoint() + line * channels + c, points[j], lanes);
          }
        }
      }
    });
  }

  // Channel c of the tiles [begin, end) as rows of the panels to[kProducts][channels][width], the points `apart`.
  void transformChannel(const float* src, int64_t group, int64_t c, int64_t begin, int64_t end, int64_t width,
                        float* to) const {
    const int64_t pitch = images.frame.axis[2].pitch, row = images.frame.row(), plane = images.frame.plane();
    const int64_t halfRow = row + 2 * W<float>;  // vectors may end beyond a row
    float* const half = scratch<float>(2, kPoints * halfRow);
    forTileRuns(begin, end, [&](const TileRun& run) {
      const float* const from =
          src + ((run.image * images.groups + group) * images.channels + c) * plane + kTile * run.row * row;
      const auto down = [&](int64_t first, int64_t count) {
        for (int64_t x = first; x < first + count; x += W<float>) {
          Vec<float> d[6], points[6];
#pragma GCC unroll 6
          for (int i = 0; i < 6; ++i) d[i] = load(from + i * row + x);
          transformInputs(d, points);
#pragma GCC unroll 6
          for (int i = 0; i < 6; ++i) store(half + i * halfRow + x, points[i]);
        }
      };
      if (run.count == tiles[1]) down(0, row);
      for (int64_t slot = 0; run.count < tiles[1] && slot < kTile; ++slot)
        down(slot * pitch + run.first, run.count + 1);
      for (int i = 0; i < 6; ++i) {
        for (int64_t t = 0; t < run.count; t += W<float>) {
          const float* const at = half + i * halfRow + run.first + t;
          Vec<float> d[6], points[6];
#pragma GCC unroll 6
          for (int j = 0; j < 6; ++j) d[j] = load(at + j % 4 * pitch + j / 4);
          transformInputs(d, points);
          const int64_t column = run.at + t;
          const int lanes = static_cast<int>(least(W<float>, width - column));
          float* const out = to + i * 6 * inputPoint(width) + c * width + column;
#pragma GCC unroll 6
          for (int j = 0; j < 6; ++j) storeLanes(out + j * inputPoint(width), points[j], lanes);
        }
      }
    });
  }

  // Products at point e: sums[e] = kernels[e] inputs[e], where `cut` cuts the rows into tiles.
  void multiplyPoint(int64_t group, int64_t e, const Cut& cut, int64_t width, const float* inputs, float* sums) const {
    const int64_t channels = images.channels;
    const Cut depths(channels, ceilDiv(channels, gemm::kDepthBlock<float>));
    gemm::Epilogue<float> onTop;
    onTop.origin = onTop.add = sums;
    for (int64_t d = 0; d < depths.parts; ++d) {
      const int64_t k = depths.begin(d);
      gemm::TileArgs<float> args{};
      args.depth = depths.of(d);
      args.a = kernels + e * kernelPoint() + group * rows * channels + k;
      args.aRow = channels;
      args.aStep = 1;
      args.b = inputs + e * inputPoint(width) + k * width;
      args.bStep = args.outRow = width;
      args.out = sums + e * sumPoint(width);
      args.epilogue = d == 0 ? nullptr : &onTop;
      args.lanesIn = args.lanesOut = W<float>;
      const gemm::Layout layout = gemm::Tiles<float>::layoutOf(args, true, false);
      for (int64_t t = 0; t < cut.parts; ++t) {
        const int64_t height = cut.of(t);
        gemm::Tiles<float>::all.of[static_cast<int>(layout)][0][height - 1][width / W<float> - 1](args);
        args.a += height * channels;
        args.out += height * width;
      }
    }
  }

  // Row r of the group's outputs, from sums[kProducts][rows][width].
  void transformRow(int64_t group, int64_t r, int64_t begin, int64_t end, int64_t width, const float* sums) const {
    float* const lines = scratch<float>(2, kTile * kTile * width);
    for (int64_t t = 0; t < width; t += W<float>) {
      Vec<float> half[6][4];  // transformed along y
      for (int j = 0; j < 6; ++j) {
        Vec<float> m[6];
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) m[i] = load(sums + (i * 6 + j) * sumPoint(width) + r * width + t);
        transformOutputs(m, half[j]);
      }
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const Vec<float> m[6] = {half[0][i], half[1][i], half[2][i], half[3][i], half[4][i], half[5][i]};
        Vec<float> y[4];
        transformOutputs(m, y);
        V<float> v[4] = {y[0].raw, y[1].raw, y[2].raw, y[3].raw};
        using Lanes = Indices<W<float>>;
        Lanes::zip(v[0], v[2]);
        Lanes::zip(v[1], v[3]);
        Lanes::zip(v[0], v[1]);
        Lanes::zip(v[2], v[3]);
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) store(lines + kTile * (i * width + t) + j * W<float>, Vec<float>(v[j]));
      }
    }
    const int64_t channel = group * rows + r, places = out[0] * out[1];
    float* const to = dst + channel * places;
    forTileRuns(begin, end, [&](const TileRun& run) {
      const int64_t x = kTile * run.first, count = least(kTile * run.count, out[1] - x);
      for (int64_t y = kTile * run.row; y < least(kTile * (run.row + 1), out[0]); ++y) {
        finish->store(lines + kTile * (y % kTile * width + run.at), count, channel,
                      to + run.image * images.groups * rows * places + y * out[1] + x, 1);
      }
    });
  }

  // Panels of tiles are tasks, or, where there are few, channels, points and rows of each.
  void run(const float* weight, const ConvArgs& args) {
    const Finish<float> finishing(args);
    finish = &finishing;
    dst = static_cast<float*>(args.dst);
    const bool parallel = static_cast<double>(images.batch * tilesOfImage() * weights()) > gemm::kSerialFlops;
    transformWeight(weight, parallel);
    const int64_t chunk = images.chunk();
    for (int64_t first = 0; first < images.batch; first += chunk) {
      Winograd part = *this;
      part.images.batch = least(chunk, images.batch - first);
      part.dst += first * images.groups * rows * out[0] * out[1];
      part.runChunk(images.load(first, part.images.batch, parallel), parallel);
    }
  }

 private:
  static constexpr int64_t kPanelTasks = 8;

  void runChunk(const float* src, bool parallel) const {
    const int64_t all = images.batch * tilesOfImage(), channels = images.channels;
    const gemm::Panels<float> panels(all, gemm::tileVectors(gemm::kTileRows));
    const Cut cut(rows, ceilDiv(rows, gemm::kTileRows));
    const int64_t pieces = images.groups * panels.count();
    const bool whole = pieces >= kPanelTasks;
    loop(parallel && whole, pieces, [&](int64_t piece) {
      const int64_t group = piece / panels.count(), panel = piece % panels.count(), width = panels.width(panel);
      const int64_t begin = panels.begin(panel), end = begin + panels.colsOf(panel);
      float* const inputs = scratch<float>(5, kProducts * inputPoint(width));
      float* const sums = scratch<float>(6, kProducts * sumPoint(width));
      const bool within = parallel && !whole;
      loop(within, channels, kPanelTasks,
           [&](int64_t c) { transformChannel(src, group, c, begin, end, width, inputs); });
      loop(within, kProducts, [&](int64_t e) { multiplyPoint(group, e, cut, width, inputs, sums); });
      loop(within, rows, kPanelTasks, [&](int64_t r) { transformRow(group, r, begin, end, width, sums); });
    });
  }
};

}  // namespace anneal::ANNEAL_LEVEL::convolution
