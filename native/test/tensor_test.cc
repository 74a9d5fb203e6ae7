// Tensors and operators in C++: storage, views, numbers, errors on the stream, memory that comes back.
#include "core/tensor.h"

#include <limits>
#include <thread>

#include "test/check.h"
#include "test/tensors.h"

namespace anneal {

namespace {

using test::Caller;
using test::floats;
using test::integers;
using test::read;

Tensor indexSelect(const Tensor& x, const Tensor& index) { return apply1("indexSelect"_op, {x, index}, {attr(0)}); }

}  // namespace

TEST(tensorsShareTheirStorage) {
  const Caller caller;
  const int64_t before = Storage::liveHere();
  {
    Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
    CHECK(x.contiguous());
    CHECK_EQ(x.size(), 6);
    CHECK_EQ(Storage::liveHere() - before, 24);
    const Tensor column = x.view({2}, {3}, 1);
    CHECK_EQ(x.storage().references(), 2u);
    x = Tensor();
    CHECK(read(column) == (std::vector<float>{2, 5}));
    CHECK_EQ(Storage::liveHere() - before, 24);
  }
  CHECK_EQ(Storage::liveHere(), before);
}

TEST(tensorsOfNothing) {
  const Caller caller;
  const Tensor empty = floats({3, 0}, {});
  CHECK_EQ(empty.size(), 0);
  CHECK(read(empty).empty());
  CHECK(read(add(empty, 1)).empty());
  CHECK_EQ(read(sumAll(empty)).at(0), 0);
  CHECK_THROWS(Tensor::empty({DType::Float32, {-1}}, Device::CPU), Error);
  CHECK_THROWS(Tensor::empty({DType::Float64, {int64_t{1} << 50}}, Device::CPU), Error);
}

TEST(numbersTakeTheDTypeAtHand) {
  const Caller caller;
  const Tensor x = integers({2}, {7, -7});
  CHECK(add(x, 1).dtype() == DType::Int64);
  CHECK(add(x, 1.5).dtype() == DType::Float32);
  CHECK(add(x, std::numeric_limits<double>::quiet_NaN()).dtype() == DType::Float32);
  CHECK(add(x, 1e300).dtype() == DType::Float32);
  CHECK(read(add(x, 1)) == (std::vector<float>{8, -6}));
  CHECK(read(add(x, 0.5)) == (std::vector<float>{7.5f, -6.5f}));
}

TEST(operatorsRunOnTheStream) {
  const Caller caller;
  const Tensor a = floats({2, 2}, {1, 2, 3, 4}), b = floats({2, 1}, {10, 20});
  CHECK(read(add(a, b)) == (std::vector<float>{11, 12, 23, 24}));
  CHECK(read(matmul(a, a)) == (std::vector<float>{7, 10, 15, 22}));
  CHECK(read(matmul(matrixTranspose(a), b)) == (std::vector<float>{70, 100}));
  CHECK(read(sum(a, {0}, false)) == (std::vector<float>{4, 6}));
  CHECK(read(mul(expand(b, {2, 3}), 2)) == (std::vector<float>{20, 20, 20, 40, 40, 40}));
  CHECK_THROWS(matmul(a, floats({3, 2}, {1, 2, 3, 4, 5, 6})), Error);
  CHECK_THROWS(findOperator("nothing"), Error);
}

// Temporaries die here before the stream has read them, and their blocks go round.
TEST(memoryGoesRoundWhileTheStreamIsBehind) {
  const Caller caller;
  const int64_t before = Storage::liveHere();
  std::vector<float> ones(5000, 1);
  Tensor x = floats({5000}, ones);
  for (int i = 0; i < 3000; ++i)
    x = sub(mul(add(x, 1), 0.5), add(mul(x, 0.5), -0.5));  // stays at (x+1)/2 - x/2 + 1/2 = 1
  const std::vector<float> values = read(x);
  int wrong = 0;
  for (float value : values) wrong += value != 1;
  CHECK_EQ(wrong, 0);
  x = Tensor();
  CHECK_EQ(Storage::liveHere(), before);
}

TEST(kernelsFailWithoutAHarm) {
  Caller caller;
  const Tensor x = floats({3}, {1, 2, 3});
  const Tensor bad = integers({2}, {0, 3});
  const Tensor picked = indexSelect(x, bad);
  const Tensor after = add(picked, 1);
  std::optional<ErrorKind> kind;
  try {
    read(after);
  } catch (const Error& error) {
    kind = error.kind();
    CHECK(error.message().find("indexSelect") != std::string::npos);
  }
  CHECK(kind == ErrorKind::Index);
  // What was to be computed is not there, and cannot be mistaken for a result.
  CHECK_THROWS(read(picked), Error);
  CHECK_THROWS(read(add(after, 1)), Error);
  CHECK(read(x) == (std::vector<float>{1, 2, 3}));
  CHECK(read(indexSelect(x, integers({2}, {2, -0}))) == (std::vector<float>{3, 1}));
}

TEST(callersAreIndependent) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong, t] {
      const Caller caller;
      const int64_t before = Storage::liveHere();
      for (int round = 0; round < 50; ++round) {
        const Tensor x = floats({3}, {1, 2, static_cast<float>(t)});
        const Tensor index = integers({2}, {2, t == 0 && round % 5 == 4 ? 7 : 0});
        try {
          const std::vector<float> values = read(add(indexSelect(mul(x, 3), index), 1));
          if (values != std::vector<float>{3.0f * static_cast<float>(t) + 1, 4}) ++wrong;
        } catch (const Error& error) {
          if (t != 0 || round % 5 != 4 || error.kind() != ErrorKind::Index) ++wrong;
        }
      }
      if (Storage::liveHere() != before) ++wrong;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(wrong.load(), 0);
}

// The caller goes with its kernels still in the ring.
TEST(callersMayEndInTheMiddle) {
  for (int round = 0; round < 20; ++round) {
    Caller caller;
    Tensor x = floats({64, 64}, std::vector<float>(64 * 64, 0.01f));
    for (int i = 0; i < 100; ++i) x = matmul(x, x);
  }
}

}  // namespace anneal
