// Passes of a team over its row: sums, the maximum, and a function of each element.
#pragma once
#include "device/formulas.h"
#include "device/team.h"

namespace anneal::ANNEAL_LEVEL {

struct AddLanes {
  template <class V>
  ANNEAL_INLINE V operator()(V a, V b) const {
    return a + b;
  }
};
// May pass NaN over: what the maximum is taken off from, keeps it.
struct MaxLanes {
  template <class V>
  ANNEAL_INLINE V operator()(V a, V b) const {
    return max(a, b);
  }
};

template <class Team>
struct Row {
  Team team;
  int64_t index, extent;
  bool writes;  // a team behind the last row works on that row again, so that all meet at barriers

  ANNEAL_INLINE Row(int64_t rows, int64_t n) : index(team.row()), extent(n), writes(index < rows) {
    if (!writes) index = rows - 1;
  }

  // value(i) gives a lane.
  template <class T, class F>
  ANNEAL_INLINE Lane<T> sum(const F& value) const {
    Lane<T> total(T(0));
    for (int64_t i = team.index; i < extent; i += Team::kSize) total = total + value(i);
    return team.fold(total, AddLanes{});
  }
  template <class T>
  ANNEAL_INLINE Lane<T> max(const T* x) const {
    Lane<T> best(MaxOf<T>::kIdentity);
    for (int64_t i = team.index; i < extent; i += Team::kSize) best = ANNEAL_LEVEL::max(best, Lane<T>(x[i]));
    return team.fold(best, MaxLanes{});
  }
  template <class F>
  ANNEAL_INLINE void each(const F& f) const {
    if (!writes) return;
    for (int64_t i = team.index; i < extent; i += Team::kSize) f(i);
  }
  template <class F>
  ANNEAL_INLINE void once(const F& f) const {
    if (writes && team.index == 0) f();
  }
};

}  // namespace anneal::ANNEAL_LEVEL
