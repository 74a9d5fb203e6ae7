// Shapes: the vector of dimensions, element counts and their overflow, strides, broadcasting, axes.
#include "core/shape.h"

#include "core/error.h"
#include "test/check.h"

namespace anneal {

namespace {

ErrorKind kindOf(const Dims& shape) {
  try {
    numel(shape);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::Argument;
}

}  // namespace

TEST(dimsGrowAndShrink) {
  Dims dims{2, 3};
  dims.insert(1, 7);
  CHECK(dims == (Dims{2, 7, 3}));
  dims.insert(3, 9);
  dims.insert(0, 1);
  CHECK(dims == (Dims{1, 2, 7, 3, 9}));
  dims.erase(2);
  dims.erase(3);
  CHECK(dims == (Dims{1, 2, 3}));
  CHECK_EQ(dims.str(), "[1, 2, 3]");
  CHECK_EQ(Dims{}.str(), "[]");
  CHECK(!(Dims{1, 2} == Dims{1, 2, 1}));
  while (dims.size() < kMaxRank) dims.push(1);
  CHECK_THROWS(dims.push(1), Error);
  CHECK_THROWS(dims.insert(0, 1), Error);
  CHECK_EQ(dims.size(), kMaxRank);
}

TEST(numelCountsAndRefuses) {
  CHECK_EQ(numel({}), 1);
  CHECK_EQ(numel({3, 4, 5}), 60);
  CHECK_EQ(numel({3, 0, 5}), 0);
  CHECK_EQ(numel({int64_t{1} << 53}), int64_t{1} << 53);
  CHECK(kindOf({int64_t{1} << 53, 2}) == ErrorKind::OutOfMemory);
  CHECK(kindOf({int64_t{1} << 62, int64_t{1} << 62}) == ErrorKind::OutOfMemory);
  CHECK(kindOf({0, int64_t{1} << 40, int64_t{1} << 40}) == ErrorKind::OutOfMemory);  // strides would overflow
  CHECK(kindOf({INT64_MAX}) == ErrorKind::OutOfMemory);
  CHECK(kindOf({3, -1}) == ErrorKind::Shape);
  CHECK(kindOf({INT64_MIN}) == ErrorKind::Shape);
}

TEST(stridesOfDenseShapes) {
  CHECK(contiguousStrides({2, 3, 4}) == (Dims{12, 4, 1}));
  CHECK(contiguousStrides({2, 0, 4}) == (Dims{4, 4, 1}));
  CHECK(contiguousStrides({}) == Dims{});
  CHECK(isContiguous({2, 3}, {3, 1}));
  CHECK(!isContiguous({2, 3}, {1, 2}));
  CHECK(isContiguous({1, 3}, {99, 1}));  // the stride of a single entry is never taken
  CHECK(isContiguous({2, 1, 3}, {3, 99, 1}));
  CHECK(!isContiguous({2, 3}, {0, 1}));
  CHECK(isContiguous({0, 3}, {5, 7}));
  CHECK(isContiguous({}, {}));
}

TEST(broadcastingOfShapes) {
  CHECK(broadcastShapes("op", {3, 1}, {4}) == (Dims{3, 4}));
  CHECK(broadcastShapes("op", {}, {2, 2}) == (Dims{2, 2}));
  CHECK(broadcastShapes("op", {1}, {0}) == Dims{0});
  CHECK(broadcastShapes("op", {5, 1, 7}, {6, 1}) == (Dims{5, 6, 7}));
  CHECK_THROWS(broadcastShapes("op", {2}, {3}), Error);
  CHECK_THROWS(broadcastShapes("op", {2}, {0}), Error);
  try {
    broadcastShapes("add", {4, 2}, {4, 3});
  } catch (const Error& error) {
    CHECK_EQ(error.message(), "[add] shapes do not broadcast: [4, 2] and [4, 3] differ at dimension 1");
  }
  CHECK(broadcastStrides({3, 1}, {1, 1}, {2, 3, 4}) == (Dims{0, 1, 0}));
  CHECK(broadcastStrides({}, {}, {2, 3}) == (Dims{0, 0}));
}

TEST(axesCountFromBothEnds) {
  CHECK_EQ(normalizeAxis("op", 0, 3), 0);
  CHECK_EQ(normalizeAxis("op", -1, 3), 2);
  CHECK_EQ(normalizeAxis("op", -3, 3), 0);
  for (int64_t axis : {int64_t{3}, int64_t{-4}, INT64_MAX, INT64_MIN}) {
    CHECK_THROWS(normalizeAxis("op", axis, 3), Error);
  }
  CHECK_THROWS(normalizeAxis("op", 0, 0), Error);
}

}  // namespace anneal
