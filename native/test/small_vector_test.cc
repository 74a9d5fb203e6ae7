// Small vectors: inside and on the heap, copied and moved between the two, with every element destroyed once.
#include "core/small_vector.h"

#include <memory>
#include <stdexcept>
#include <string>

#include "test/check.h"

namespace anneal {

namespace {

using Counts = SmallVector<std::shared_ptr<int>, 2>;

Counts copiesOf(const std::shared_ptr<int>& shared, int count) {
  Counts list;
  for (int i = 0; i < count; ++i) list.push_back(shared);
  return list;
}

struct Throws {
  Throws() = default;
  Throws(const Throws& other) : left(other.left - 1) {
    if (left < 0) throw std::runtime_error("no more copies");
  }
  Throws(Throws&& other) noexcept : left(other.left), owned(std::move(other.owned)) {}
  int left = 0;
  std::shared_ptr<int> owned;
};

}  // namespace

TEST(smallVectorsKeepTheirElements) {
  const auto shared = std::make_shared<int>(7);
  for (int from = 0; from < 6; ++from) {
    for (int to = 0; to < 6; ++to) {
      Counts a = copiesOf(shared, from), b = copiesOf(shared, to);
      b = a;
      CHECK_EQ(b.size(), static_cast<size_t>(from));
      CHECK_EQ(shared.use_count(), 1 + 2 * from);
      a = copiesOf(shared, to);
      b = std::move(a);
      CHECK_EQ(b.size(), static_cast<size_t>(to));
      CHECK(a.empty());
      a.push_back(shared);
      CHECK_EQ(shared.use_count(), 2 + to);
      Counts c(std::move(b));
      b = copiesOf(shared, from);
      CHECK_EQ(shared.use_count(), 2 + to + from);
    }
    CHECK_EQ(shared.use_count(), 1);
  }
}

TEST(smallVectorsGrowFromTheirOwnElements) {
  SmallVector<std::string, 1> list{"a long string that does not fit inside its object"};
  for (int i = 0; i < 40; ++i) list.push_back(list.front());
  for (const std::string& text : list) CHECK(text == list[0]);
  list.resize(3);
  list.resize(5);
  CHECK(list.back().empty() && list[2] == list[0]);
  list.pop_back();
  list.clear();
  CHECK(list.empty());
}

TEST(smallVectorsSurviveACopyThatThrows) {
  const auto shared = std::make_shared<int>(7);
  Throws single;
  single.owned = shared;
  {
    SmallVector<Throws, 1> list;
    list.push_back(std::move(single));
    bool thrown = false;
    try {
      list.push_back(list[0]);
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    CHECK(thrown);
    CHECK_EQ(list.size(), size_t{1});
    CHECK_EQ(shared.use_count(), 2);
  }
  CHECK_EQ(shared.use_count(), 1);
}

}  // namespace anneal
