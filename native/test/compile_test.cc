// Tracing and programs: they compute what operators compute at once, whatever the passes make of them.
#include <functional>
#include <random>

#include "autograd/backward.h"
#include "compile/program.h"
#include "compile/space.h"
#include "ops/slice.h"
#include "test/check.h"
#include "test/tensors.h"

namespace anneal {
namespace {

using namespace test;

using Function = std::function<Tensors(const Tensors&)>;

std::unique_ptr<Program> compiled(Caller& caller, const Function& function, const Tensors& inputs) {
  Trace trace;
  caller.context().capture = &trace;
  Tensors stand;
  for (const Tensor& input : inputs) stand.push_back(trace.input(input, input.shape()).stand);
  const Tensors outputs = function(stand);
  for (const Tensor& output : outputs) trace.hold(output);
  caller.context().capture = nullptr;
  return std::make_unique<Program>(std::move(trace), outputs);
}

Replay replayOf(const Tensors& inputs) {
  Replay replay;
  replay.inputs = inputs;
  replay.stepped.assign(inputs.size(), false);
  return replay;
}

TEST(compile_gives_the_values_of_eager_code_at_every_run) {
  Caller caller;
  const Function f = [](const Tensors& in) { return Tensors{mul(add(in[0], in[1]), 3.0), exp(in[1])}; };
  const auto program = compiled(caller, f, {floats({3}, {0, 0, 0}), floats({1}, {0})});
  for (float value : {1.f, 2.f, 5.f}) {
    const Tensors inputs{floats({3}, {value, 2 * value, 3}), floats({1}, {-value})};
    const Tensors made = program->run(replayOf(inputs));
    const Tensors expected = f(inputs);
    for (int i = 0; i < 2; ++i) CHECK(read(made[i]) == read(expected[i]));
  }
}

TEST(compile_trains_as_eager_code_does) {
  const auto train = [](bool compile) {
    Caller caller;
    const Tensor w = parameter({2, 3}, {0.1f, 0.2f, 0.3f, -0.1f, -0.2f, -0.3f});
    const Tensor taken = test::integers({}, {0});
    const Function step = [&](const Tensors& in) {
      setGrad(w, Tensor());
      const Tensor loss = meanAll(square(sub(matmul(in[0], matrixTranspose(w)), in[1])));
      backward({loss}, {}, {});
      GradMode off(false);
      applyLists("sgdStep"_op, {{w}, {gradOf(w)}, {}, {taken}},
                 {attr(0.1), attr(0.0), attr(0.0), attr(0.0), attr(false), attr(false), noAttr()});
      return Tensors{loss};
    };
    const Tensors inputs{floats({4, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 0, 1}),
                         floats({4, 2}, {1, 0, 0, 1, 1, 1, 0, 0})};
    const auto program = compile ? compiled(caller, step, inputs) : nullptr;
    std::vector<float> losses;
    for (int i = 0; i < 5; ++i) {
      if (!program) {
        losses.push_back(readOne(step(inputs)[0]));
        continue;
      }
      Replay replay = replayOf(inputs);
      replay.dynamicValues = program->dynamicValues();
      replay.increments.assign(replay.dynamicValues.size(), 0);
      CHECK(program->fits(inputs));
      losses.push_back(readOne(program->run(replay)[0]));
    }
    for (float value : read(w)) losses.push_back(value);
    for (float value : read(gradOf(w))) losses.push_back(value);
    return losses;
  };
  CHECK(train(true) == train(false));
}

TEST(compile_runs_many_iterations_over_stacked_inputs) {
  Caller caller;
  const Tensor total = floats({2}, {0, 0});
  const Function f = [&](const Tensors& in) {
    apply("assign"_op, {total, add(total, in[0])});
    return Tensors{mul(in[0], in[1])};
  };
  const auto program = compiled(caller, f, {floats({2}, {0, 0}), floats({}, {0})});
  Replay replay;
  replay.inputs = {floats({3, 2}, {1, 2, 3, 4, 5, 6}), floats({}, {10})};
  replay.stepped = {true, false};
  replay.stacked = true;
  replay.iterations = 3;
  CHECK(read(program->run(replay)[0]) == (std::vector<float>{10, 20, 30, 40, 50, 60}));
  CHECK(read(total) == (std::vector<float>{9, 12}));
}

// The elements of [n] or [n, 1]; -1 where a bad index took it.
std::vector<float> readEach(const Tensor& values) {
  std::vector<float> result;
  for (int64_t i = 0; i < values.dim(0); ++i) {
    try {
      result.push_back(readOne(sliceView(values, {0, i, 1, 1})));
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::Index);
      result.push_back(-1);
    }
  }
  return result;
}

TEST(compile_loses_the_iterations_that_fail) {
  for (const bool gated : {false, true}) {
    Caller caller;
    const Tensor table = floats({3}, {10, 20, 30}), total = floats({1}, {0}), sum = floats({1}, {0});
    const Function f = [&](const Tensors& in) {
      const Tensor picked = apply("indexSelect"_op, {table, in[0]}, {attr(0)})[0];
      apply("assign"_op, {total, add(total, picked)});
      apply("overwrite"_op, {sum, add(sum, picked)});
      return Tensors{picked, mul(in[1], 2.0)};
    };
    const auto program = compiled(caller, f, {test::integers({1}, {0}), floats({1}, {0})});
    Replay replay;
    replay.inputs = {test::integers({5, 1}, {0, 1, 9, 2, 1}), floats({5, 1}, {1, 2, 3, 4, 5})};
    replay.stepped = {true, true};
    replay.stacked = true;
    replay.iterations = 5;
    if (gated) replay.gate = sum;
    for (int run = 0; run < 2; ++run) {
      const Tensors made = program->run(replay);
      // What does not depend on the index is there, unless the iteration is left out: that is after the gate is lost.
      const std::vector<float> lost{-1, -1, -1, -1, -1};
      const bool none = gated && run == 1;
      CHECK(readEach(made[0]) == (none    ? lost
                                  : gated ? std::vector<float>{10, 20, -1, -1, -1}
                                          : std::vector<float>{10, 20, -1, 30, 20}));
      CHECK(readEach(made[1]) == (none    ? lost
                                  : gated ? std::vector<float>{2, 4, 6, -1, -1}
                                          : std::vector<float>{2, 4, 6, 8, 10}));
      CHECK_THROWS(read(sum), Error);
      CHECK_EQ(readOne(total), gated ? 30 : 80 * (run + 1));
    }
    apply("overwrite"_op, {sum, floats({1}, {0})});
    replay.inputs[0] = test::integers({5, 1}, {0, 0, 0, 0, 0});
    CHECK(readEach(program->run(replay)[0]) == (std::vector<float>{10, 10, 10, 10, 10}));
    CHECK_EQ(readOne(sum), 50);
  }
}

TEST(compile_refuses_inputs_it_was_not_traced_for) {
  Caller caller;
  const auto program = compiled(caller, [](const Tensors& in) { return Tensors{neg(in[0])}; }, {floats({2}, {1, 2})});
  Tensor recorded = floats({2}, {1, 2});
  setRequiresGrad(recorded, true);
  CHECK(program->fits({floats({2}, {3, 4})}));
  CHECK(!program->fits({floats({3}, {1, 2, 3})}) && !program->fits({recorded}) && !program->fits({}));
  CHECK_THROWS(program->run(replayOf({floats({3}, {1, 2, 3})})), Error);
  CHECK_THROWS(program->run(replayOf({})), Error);
}

TEST(compile_traced_tensors_have_no_values_outside) {
  Caller caller;
  Tensor kept;
  const Function f = [&](const Tensors& in) { return Tensors{kept = neg(in[0])}; };
  const auto program = compiled(caller, f, {floats({2}, {1, 2})});
  CHECK_THROWS(neg(kept), Error);
  CHECK(read(program->run(replayOf({floats({2}, {1, 2})}))[0]) == (std::vector<float>{-1, -2}));
}

TEST(compile_space_finds_common_cuts) {
  CHECK(commonCuts({64, 256}, {16384}) == (Space{64, 256}));
  CHECK(commonCuts({64, 256}, {8, 2048}) == (Space{8, 8, 256}));
  CHECK(!commonCuts({6, 4}, {4, 6}));
  CHECK(!commonCuts({6, 4}, {6, 5}));
  CHECK(cutStrides({64, 256}, {256, 1}, {8, 8, 256}) == (Strides{2048, 256, 1}));
  CHECK(cutStrides({2048}, {0}, {8, 256}) == (Strides{0, 0}));
  Space space{8, 8, 256};
  Strides dense{2048, 256, 1}, row{0, 0, 1};
  joinDimensions(space, {&dense, &row}, 0);
  CHECK(space == (Space{64, 256}));
  CHECK(dense == (Strides{256, 1}));
  CHECK(row == (Strides{0, 1}));
}

// A program of random operators on tensors of random shapes, views and rows: eager and compiled give the same bits.
TEST(compile_random_programs) {
  Caller caller;
  const GradMode off(false);
  for (unsigned seed = 0; seed < 200; ++seed) {
    const Function f = [seed](const Tensors& in) {
      std::mt19937 random(seed);
      const auto below = [&](size_t n) { return static_cast<int>(random() % n); };
      Tensors values = in;
      Tensors results;
      for (int i = 0; i < 12; ++i) {
        const Tensor a = values[below(values.size())], b = values[below(values.size())];
        Tensor made;
        switch (below(9)) {
          case 0: made = add(a, b); break;
          case 1: made = mul(a, tanh(b)); break;
          case 2: made = sub(a, mean(b, {-1}, true)); break;
          case 3: made = where(greater(a, b), a, mul(b, 0.5)); break;
          case 4: made = sigmoid(a); break;
          case 5: made = reshape(reshape(tanh(a), {4, 8, 32}), {32, 32}); break;
          case 6: made = matrixTranspose(a); break;
          case 7: made = tanh(matmul(mul(a, 0.1), b)); break;
          default: made = add(sum(mul(a, b), {below(2)}, true), cast(cast(a, DType::Float64), DType::Float32)); break;
        }
        made = mul(made, 0.3);
        values.push_back(made);
        if (below(4) == 0) results.push_back(made);
      }
      results.push_back(values[values.size() - 1]);
      return results;
    };
    std::mt19937 random(seed + 1000);
    Tensors inputs;
    for (const Dims& shape : {Dims{32, 32}, Dims{32, 32}, Dims{32, 32}}) {
      std::vector<float> numbers(static_cast<size_t>(numel(shape)));
      for (float& number : numbers) number = static_cast<float>(random() % 2001) / 1000 - 1;
      inputs.push_back(floats(shape, numbers));
    }
    const auto program = compiled(caller, f, inputs);
    for (int run = 0; run < 2; ++run) {
      const Tensors expected = f(inputs), made = program->run(replayOf(inputs));
      for (size_t i = 0; i < expected.size(); ++i) {
        if (read(made[i]) == read(expected[i])) continue;
        report(__FILE__, __LINE__,
               "seed " + std::to_string(seed) + " result " + std::to_string(i) + "\n" + program->explain());
        return;
      }
    }
  }
}

}  // namespace
}  // namespace anneal
