// Automatic differentiation on the engine without Node: values, errors, a network that learns, long graphs.
#include "autograd/backward.h"

#include <thread>

#include "test/check.h"
#include "test/tensors.h"

namespace anneal {

namespace {

using test::Caller;
using test::floats;
using test::integers;
using test::parameter;
using test::read;
using test::readOne;

void run(const Tensor& loss, BackwardOptions options = {}) { backward({loss}, {Tensor()}, options); }

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return apply1("linear"_op, {x, weight, bias});
}

Tensor relu(const Tensor& x) { return apply1("relu"_op, {x}); }

Tensor crossEntropy(const Tensor& logits, const Tensor& labels) {
  return apply1("crossEntropy"_op, {logits, labels, Tensor()}, {attr(Reduction::Mean), attr(-100), attr(0.0)});
}

void sgd(const Tensors& params, double lr) {
  Tensors grads, counts;
  for (const Tensor& param : params) {
    grads.push_back(gradOf(param));
    counts.push_back(test::integers({}, {0}));
  }
  applyLists("sgdStep"_op, {params, grads, {}, counts},
             {attr(lr), attr(0.0), attr(0.0), attr(0.0), attr(false), attr(false), noAttr()});
}

// Pseudo-random numbers in [-1, 1).
std::vector<float> noise(int64_t count, uint32_t seed) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    values.push_back(static_cast<float>(seed >> 8) / 8388608.0f - 1);
  }
  return values;
}

}  // namespace

TEST(gradientsAccumulate) {
  const Caller caller;
  const Tensor x = parameter({3}, {1, 2, 3});
  run(sumAll(mul(x, x)));
  CHECK(read(gradOf(x)) == (std::vector<float>{2, 4, 6}));
  run(sumAll(mul(x, 10)));
  CHECK(read(gradOf(x)) == (std::vector<float>{12, 14, 16}));
  setGrad(x, Tensor());
  CHECK(!gradOf(x).defined());
  CHECK(!gradMeta(floats({1}, {1})));
}

TEST(gradientsOfMatrixProducts) {
  const Caller caller;
  const Tensor x = parameter({1, 2}, {3, 4}), w = parameter({2, 2}, {1, 2, 5, 6}), b = parameter({2}, {0, 1});
  run(sumAll(linear(x, w, b)));
  CHECK(read(gradOf(x)) == (std::vector<float>{6, 8}));
  CHECK(read(gradOf(w)) == (std::vector<float>{3, 4, 3, 4}));
  CHECK(read(gradOf(b)) == (std::vector<float>{1, 1}));
}

TEST(derivativesOfDerivatives) {
  const Caller caller;
  const Tensor x = parameter({2}, {2, -3});
  const Tensor cube = mul(mul(x, x), x);
  const Tensor first = gradients({sumAll(cube)}, {x}, {Tensor()}, {.createGraph = true})[0];
  CHECK(read(first) == (std::vector<float>{12, 27}));
  const Tensor second = gradients({sumAll(first)}, {x}, {Tensor()}, {})[0];
  CHECK(read(second) == (std::vector<float>{12, -18}));
  CHECK(!gradOf(x).defined());
}

TEST(backwardRefusesWhatItCannotDo) {
  const Caller caller;
  const Tensor x = parameter({2}, {1, 2});
  CHECK_THROWS(run(mul(x, 2)), Error);        // no scalar
  CHECK_THROWS(run(floats({}, {1})), Error);  // outside the graph
  const Tensor loss = sumAll(mul(x, x));
  run(loss, {.retainGraph = true});
  run(loss);
  CHECK_THROWS(run(loss), Error);  // freed
  {
    const GradMode off(false);
    CHECK(!requiresGrad(mul(x, x)));
  }
  CHECK_THROWS(setRequiresGrad(loss, false), Error);
  CHECK_THROWS(setRequiresGrad(integers({1}, {1}), true), Error);
  CHECK_THROWS(setGrad(x, floats({3}, {1, 2, 3})), Error);
  const Tensor stale = sumAll(mul(x, x));
  setGrad(x, floats({2}, {1, 1}));
  sgd({x}, 0.5);
  CHECK_THROWS(run(stale), Error);  // x is no longer what it was
}

TEST(hooksSeeAndReplaceGradients) {
  const Caller caller;
  const Tensor x = parameter({1}, {3});
  const Tensor y = mul(x, 2);
  int seen = 0;
  const uint64_t watch = addHook(y, [&](const Tensor& gradient) {
    seen += static_cast<int>(readOne(gradient));
    return Tensor();
  });
  addHook(y, [](const Tensor& gradient) { return mul(gradient, 10); });
  run(sumAll(y), {.retainGraph = true});
  CHECK_EQ(seen, 1);
  CHECK_EQ(readOne(gradOf(x)), 20);
  removeHook(y, watch);
  run(sumAll(y));
  CHECK_EQ(seen, 1);
  addHook(x, [](const Tensor&) { return floats({2}, {1, 1}); });
  CHECK_THROWS(run(sumAll(mul(x, 1))), Error);
}

TEST(networkLearns) {
  const Caller caller;
  const int64_t before = Storage::liveHere();
  {
    const Tensors params = {parameter({16, 8}, noise(128, 1)), parameter({16}, noise(16, 2)),
                            parameter({3, 16}, noise(48, 3)), parameter({3}, noise(3, 4))};
    const Tensor x = floats({32, 8}, noise(256, 5));
    std::vector<int64_t> classes;
    for (int64_t i = 0; i < 32; ++i) classes.push_back(i % 3);
    const Tensor labels = integers({32}, classes);
    float first = 0, last = 0;
    int64_t middle = 0;
    for (int step = 0; step < 300; ++step) {
      for (const Tensor& param : params) setGrad(param, Tensor());
      const Tensor loss = crossEntropy(linear(relu(linear(x, params[0], params[1])), params[2], params[3]), labels);
      run(loss);
      sgd(params, 0.3);
      if (step == 0) first = readOne(loss);
      if (step == 150) middle = Storage::liveHere();
      last = readOne(loss);
    }
    CHECK(last < 0.5f * first);
    CHECK(last < 0.7f);
    // Every step leaves what it found.
    for (const Tensor& param : params) CHECK(gradOf(param).defined());
    CHECK(Storage::liveHere() < middle);
  }
  CHECK_EQ(Storage::liveHere(), before);
}

// Graphs are walked and freed by loops: a stack would not hold this many calls.
TEST(longChainsNeedNoStack) {
  const Caller caller;
  const int64_t before = Storage::liveHere();
  std::thread([&] {
    const Caller inner;
    for (int walk = 0; walk < 2; ++walk) {
      const Tensor x = parameter({1}, {1});
      Tensor y = x;
      for (int i = 0; i < 300000; ++i) y = add(y, x);
      if (walk == 0) {
        run(y);
        CHECK_EQ(readOne(gradOf(x)), 300001);
      }
      y = Tensor();  // freed without a walk the second time
    }
    CHECK_EQ(Storage::liveHere(), 0);
  }).join();
  CHECK_EQ(Storage::liveHere(), before);
}

TEST(graphsOutliveTheirTensors) {
  const Caller caller;
  const Tensor x = parameter({4}, {1, 2, 3, 4});
  Tensor loss;
  {
    const Tensor y = mul(x, x);
    const Tensor z = apply1("exp"_op, {mul(y, 0)});
    loss = sumAll(mul(z, y));
  }
  run(loss);
  CHECK(read(gradOf(x)) == (std::vector<float>{2, 4, 6, 8}));
}

}  // namespace anneal
