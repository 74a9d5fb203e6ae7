// Attention's kernel against the whole matrix of scores in float64, on every instruction-set level.
#include "core/philox.h"
#include "test/kernels.h"

namespace anneal {

namespace {

struct Problem {
  int64_t batch, heads, kvHeads, queries, keys, dim, valueDim;
  bool causal = false;
  double dropout = 0;
  enum { None, Bools, Numbers, Padding } mask = None;
  bool merged = false;  // heads side by side in one buffer of queries, keys and values, as a projection gives them
};

using Doubles = std::vector<double>;

// Inputs, and the arguments of the kernels on them.
struct Case {
  const Problem p;
  Floats q, k, v, dout, numbers;
  std::vector<uint8_t> bools;
  AttentionArgs args{};

  explicit Case(const Problem& problem) : p(problem) {
    args.dtype = args.maskType = DType::Float32;
    args.causal = p.causal;
    args.batch = p.batch;
    args.heads = p.heads;
    args.kvHeads = p.kvHeads;
    args.queries = p.queries;
    args.keys = p.keys;
    args.dim = p.dim;
    args.valueDim = p.valueDim;
    args.scale = 0.7;
    args.dropout = p.dropout;
    args.seed = 0x123456789abcdefu;
    args.offset = 0xfffffffdu;  // counts go over into the second word
    if (p.merged) {
      const int64_t row = 3 * p.heads * p.dim, all = p.queries * row;
      q = someFloats(p.batch * all);
      for (int64_t(*at)[3] : {&args.qAt, &args.kAt, &args.vAt}) {
        (*at)[0] = all;
        (*at)[1] = p.dim;
        (*at)[2] = row;
      }
      args.q = q.data();
      args.k = q.data() + p.heads * p.dim;
      args.v = q.data() + 2 * p.heads * p.dim;
    } else {
      const auto dense = [](int64_t(&at)[3], int64_t heads, int64_t rows, int64_t columns) {
        at[2] = columns;
        at[1] = rows * columns;
        at[0] = heads * rows * columns;
      };
      q = someFloats(p.batch * p.heads * p.queries * p.dim, 1);
      k = someFloats(p.batch * p.kvHeads * p.keys * p.dim, 2);
      v = someFloats(p.batch * p.kvHeads * p.keys * p.valueDim, 3);
      dense(args.qAt, p.heads, p.queries, p.dim);
      dense(args.kAt, p.kvHeads, p.keys, p.dim);
      dense(args.vAt, p.kvHeads, p.keys, p.valueDim);
      args.q = q.data();
      args.k = k.data();
      args.v = v.data();
    }
    dout = someFloats(p.batch * p.queries * p.heads * p.valueDim, 4);
    args.dout = dout.data();
    if (p.mask == Problem::None) return;
    // One mask for all heads; the padding is one row for all queries.
    const bool padding = p.mask == Problem::Padding;
    const int64_t rows = padding ? 1 : p.queries;
    args.maskAt[0] = rows * p.keys;
    args.maskAt[2] = padding ? 0 : p.keys;
    args.maskAt[3] = 1;
    numbers = someFloats(p.batch * rows * p.keys, 5);
    for (float x : numbers) bools.push_back(x > -0.4f);
    for (int64_t j = 0; j < p.keys && !padding; ++j) bools[static_cast<size_t>(j)] = 0;  // the first row sees nothing
    if (p.mask == Problem::Numbers) {
      args.mask = numbers.data();
    } else {
      args.mask = bools.data();
      args.maskType = DType::Bool;
    }
  }

  double element(const void* base, const int64_t (&at)[3], int64_t b, int64_t h, int64_t row, int64_t column) const {
    return static_cast<const float*>(base)[b * at[0] + h * at[1] + row * at[2] + column];
  }
  double masked(double score, int64_t b, int64_t i, int64_t j) const {
    if (p.causal && j > i) return -static_cast<double>(kInf);
    if (!args.mask) return score;
    const auto at = static_cast<size_t>(b * args.maskAt[0] + i * args.maskAt[2] + j);
    if (p.mask == Problem::Numbers) return score + static_cast<double>(numbers[at]);
    return bools[at] ? score : -static_cast<double>(kInf);
  }
  double factor(int64_t row, int64_t j) const {
    if (p.dropout == 0) return 1;
    const auto counts = static_cast<uint64_t>((p.keys + 3) / 4);
    const uint64_t element = 4 * static_cast<uint64_t>(row) * counts + static_cast<uint64_t>(j);
    const uint32_t word = philoxWord(args.seed, args.offset, element, 0);
    return static_cast<double>(word) >= p.dropout * 0x1p32 ? 1 / (1 - p.dropout) : 0;
  }
};

// Results in the kernel's layouts: out, dq, dk, dv.
struct Results {
  Floats out, dq, dk, dv;
};

Results compute(const Case& c, const Backend& backend) {
  const Problem& p = c.p;
  AttentionArgs args = c.args;
  const int64_t rows = p.batch * p.heads * p.queries, sources = p.batch * p.kvHeads * p.keys;
  const auto filled = [](int64_t n) { return Floats(static_cast<size_t>(n), kNaN); };
  Results r{filled(rows * p.valueDim), filled(rows * p.dim), filled(sources * p.dim), filled(sources * p.valueDim)};
  Floats stats = filled(2 * rows);
  int64_t drawn[2];
  args.op = AttentionOp::Forward;
  args.out = r.out.data();
  args.stats = stats.data();
  args.drawn = p.dropout > 0 ? drawn : nullptr;
  backend.attention(args);
  args.op = AttentionOp::Backward;
  args.seed = args.offset = 0;  // backward takes them from what was drawn
  args.dq = r.dq.data();
  args.dk = r.dk.data();
  args.dv = r.dv.data();
  backend.attention(args);
  return r;
}

void checkCase(const Problem& problem) {
  const Case c(problem);
  const Problem& p = c.p;
  const int64_t rows = p.batch * p.heads * p.queries, sources = p.batch * p.kvHeads * p.keys;
  const auto zeros = [](int64_t n) { return Doubles(static_cast<size_t>(n), 0.0); };
  Doubles out = zeros(rows * p.valueDim), dq = zeros(rows * p.dim), dk = zeros(sources * p.dim),
          dv = zeros(sources * p.valueDim);
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t h = 0; h < p.heads; ++h) {
      const int64_t kh = h / (p.heads / p.kvHeads);
      for (int64_t i = 0; i < p.queries; ++i) {
        Doubles weight = zeros(p.keys), slope = zeros(p.keys);
        double largest = -static_cast<double>(kInf), sum = 0, delta = 0;
        for (int64_t j = 0; j < p.keys; ++j) {
          double s = 0;
          for (int64_t d = 0; d < p.dim; ++d) {
            s += c.element(c.args.q, c.args.qAt, b, h, i, d) * c.element(c.args.k, c.args.kAt, b, kh, j, d);
          }
          weight[static_cast<size_t>(j)] = c.masked(s * c.args.scale, b, i, j);
          largest = std::max(largest, weight[static_cast<size_t>(j)]);
        }
        for (double& w : weight) sum += w = std::isinf(largest) ? 0 : std::exp(w - largest);
        const auto doutAt = [&](int64_t d) {
          return static_cast<size_t>(((b * p.queries + i) * p.heads + h) * p.valueDim + d);
        };
        const auto key = [&](int64_t j, int64_t d, int64_t columns) {
          return static_cast<size_t>(((b * p.keys + j) * p.kvHeads + kh) * columns + d);
        };
        for (int64_t j = 0; j < p.keys; ++j) {
          const auto at = static_cast<size_t>(j);
          const double w = sum > 0 ? weight[at] /= sum : 0, f = c.factor((b * p.heads + h) * p.queries + i, j);
          for (int64_t d = 0; d < p.valueDim; ++d) {
            const double value = c.element(c.args.v, c.args.vAt, b, kh, j, d),
                         g = static_cast<double>(c.dout[doutAt(d)]);
            out[doutAt(d)] += w * f * value;
            dv[key(j, d, p.valueDim)] += w * f * g;
            slope[at] += f * g * value;
          }
          delta += w * slope[at];
        }
        for (int64_t j = 0; j < p.keys; ++j) {
          const double ds = weight[static_cast<size_t>(j)] * (slope[static_cast<size_t>(j)] - delta) * c.args.scale;
          for (int64_t d = 0; d < p.dim; ++d) {
            dq[static_cast<size_t>(((b * p.queries + i) * p.heads + h) * p.dim + d)] +=
                ds * c.element(c.args.k, c.args.kAt, b, kh, j, d);
            dk[key(j, d, p.dim)] += ds * c.element(c.args.q, c.args.qAt, b, h, i, d);
          }
        }
      }
    }
  }
  // Sums of up to some hundred products of float32.
  const double kTolerance = 2e-5;
  const auto each = [&](Floats Results::*member, const Doubles& want) {
    for (const Floats& got : onLevels([&](const Backend& backend) { return compute(c, backend).*member; })) {
      checkClose(got, want, kTolerance);
    }
  };
  each(&Results::out, out);
  each(&Results::dq, dq);
  each(&Results::dk, dk);
  each(&Results::dv, dv);
}

}  // namespace

TEST(attentionIsTheSoftmaxOfScoresTimesValues) {
  checkCase({1, 1, 1, 1, 1, 1, 1});
  checkCase({2, 3, 3, 5, 7, 3, 2});
  checkCase({1, 2, 2, 67, 131, 17, 33});
  checkCase({1, 1, 1, 400, 260, 16, 16});
  checkCase({1, 2, 2, 3, 500, 64, 64});
}

TEST(attentionOfPastKeysOnly) {
  checkCase({2, 2, 2, 70, 70, 8, 8, true});
  checkCase({1, 1, 1, 401, 401, 16, 24, true});
  checkCase({1, 1, 1, 5, 300, 8, 8, true});
  checkCase({1, 1, 1, 300, 5, 8, 8, true});
}

TEST(attentionReadsHeadsAsAProjectionGivesThem) {
  Problem p{2, 3, 3, 37, 37, 16, 16};
  p.merged = true;
  checkCase(p);
  p.causal = true;
  checkCase(p);
}

TEST(attentionOfGroupsOfHeads) {
  checkCase({2, 6, 2, 21, 19, 8, 8});
  checkCase({1, 4, 1, 33, 40, 8, 16, true});
  checkCase({1, 2, 1, 900, 130, 8, 8});  // tasks that share a head of keys
}

TEST(attentionHidesWhatAMaskSays) {
  for (const auto mask : {Problem::Bools, Problem::Numbers, Problem::Padding}) {
    Problem p{2, 2, 2, 37, 143, 8, 8};
    p.mask = mask;
    checkCase(p);
  }
}

TEST(attentionDropsTheSameWeightsInBothDirections) {
  Problem p{2, 2, 1, 70, 131, 8, 8};
  p.dropout = 0.3;
  checkCase(p);
  p.causal = true;
  checkCase(p);
}

TEST(attentionOfFewQueries) {
  for (const int64_t queries : {1, 2, 3, 4}) {
    Problem p{2, 4, 2, queries, 531, 17, 20};
    checkCase(p);
    p.dropout = 0.3;
    checkCase(p);
    p.causal = true;
    checkCase(p);
    p.causal = false;
    for (const auto mask : {Problem::Bools, Problem::Numbers, Problem::Padding}) {
      p.mask = mask;
      checkCase(p);
    }
  }
}

TEST(attentionWithoutKeysOrQueries) {
  checkCase({2, 2, 2, 3, 0, 4, 4});
  checkCase({2, 2, 2, 0, 3, 4, 4});
  checkCase({1, 1, 1, 3, 3, 4, 0});
  checkCase({1, 1, 1, 3, 3, 0, 4});
}

}  // namespace anneal
