// Attention of a CPU: tasks are groups of queries in forward, and heads of keys and values in backward.
#include "cpu/attention/backward.h"
#include "cpu/attention/few.h"
#include "cpu/attention/forward.h"

namespace anneal::ANNEAL_LEVEL {
namespace {

namespace at = attend;

// Runs body(i) for tasks of a kernel, told what they cost all together.
template <class Body>
void runTasks(const AttentionArgs& args, int64_t tasks, const Body& body) {
  constexpr double kFlopsPerMicrosecond = 30e3;
  if (tasks == 1) return body(int64_t{0});
  if (tasks > 0) forTasks(tasks, 1 + static_cast<int64_t>(args.flops() / kFlopsPerMicrosecond) / tasks, body);
}

// Panels of queries of a task: fewer where there would be few tasks. By shape alone.
template <class T>
int64_t groupOf(const AttentionArgs& args) {
  constexpr int64_t kTasks = 32;
  int64_t panels = at::most(1, at::kGroup / at::kPanel<T>);
  while (panels > 1 && args.batch * args.heads * at::ceilDiv(args.queries, panels * at::kPanel<T>) < kTasks)
    panels /= 2;
  return panels * at::kPanel<T>;
}

// Of many queries, the groups of a head one after the other, those with most keys first.
template <class T>
void forward(const AttentionArgs& args) {
  if (args.queries <= at::kFewQueries<T>) {
    runTasks(args, args.queries > 0 ? args.batch * args.heads : 0,
             [&](int64_t head) { at::forwardFew<T>(args, head / args.heads, head % args.heads); });
  } else {
    const int64_t group = groupOf<T>(args), groups = at::ceilDiv(args.queries, group);
    runTasks(args, args.batch * args.heads * groups, [&](int64_t task) {
      const int64_t head = task / groups, q0 = (groups - 1 - task % groups) * group;
      at::forwardGroup<T>(args, head / args.heads, head % args.heads, q0, at::least(group, args.queries - q0));
    });
  }
  if (!args.drawn) return;
  args.drawn[0] = static_cast<int64_t>(args.seed);
  args.drawn[1] = static_cast<int64_t>(args.offset);
}

// The gradients of all heads of keys and values, as the kernel writes them, or as one part of several that are added up.
template <class T>
class KeyGradientsOfAll {
 public:
  explicit KeyGradientsOfAll(const AttentionArgs& args)
      : a_(args), dk_(static_cast<T*>(args.dk)), dv_(static_cast<T*>(args.dv)) {}
  KeyGradientsOfAll(const AttentionArgs& args, T* part) : a_(args), dk_(part), dv_(part + dkSize(args)) {}

  static int64_t size(const AttentionArgs& a) { return a.batch * a.kvHeads * a.keys * (a.dim + a.valueDim); }

  at::KeyGradients<T> of(int64_t head) const {
    const int64_t batch = head / a_.kvHeads, kvHead = head % a_.kvHeads;
    const int64_t dkRow = a_.kvHeads * a_.dim, dvRow = a_.kvHeads * a_.valueDim;
    return {dk_ + batch * a_.keys * dkRow + kvHead * a_.dim, dv_ + batch * a_.keys * dvRow + kvHead * a_.valueDim,
            dkRow, dvRow};
  }

  static int64_t dkSize(const AttentionArgs& a) { return a.batch * a.kvHeads * a.keys * a.dim; }

 private:
  const AttentionArgs& a_;
  T *dk_, *dv_;
};

// A head of keys and values is a task. Where there are few, several share a head: they take its groups of queries by turns, and have
// gradients of their own, which are added up in their order. By shape alone.
template <class T>
void backward(const AttentionArgs& args) {
  constexpr int64_t kTasks = 8;
  const int64_t heads = args.batch * args.kvHeads;
  if (heads == 0) return;
  const int64_t groups = at::groupsOf(args), parts = at::most(1, at::least(groups, at::ceilDiv(kTasks, heads)));
  const int64_t size = KeyGradientsOfAll<T>::size(args), dkSize = KeyGradientsOfAll<T>::dkSize(args);
  T* const spare = parts > 1 ? scratch<T>(1, (parts - 1) * size) : nullptr;
  runTasks(args, heads * parts, [&](int64_t task) {
    const int64_t head = task / parts, part = task % parts;
    const KeyGradientsOfAll<T> all =
        part == 0 ? KeyGradientsOfAll<T>(args) : KeyGradientsOfAll<T>(args, spare + (part - 1) * size);
    at::HeadBackward<T> backward(args, head / args.kvHeads, head % args.kvHeads, all.of(head));
    for (int64_t group = part; group < groups; group += parts) backward.add(group);
  });
  if (parts == 1) return;
  constexpr int64_t kGrain = 1 << 14;
  const auto addAll = [&](const T* first, int64_t count, void* into) {
    T* const to = static_cast<T*>(into);
    forRange(count, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t part = 0; part < parts - 1; ++part) {
        const T* const from = first + part * size;
        forLanes<T>(end - begin, [&](int64_t i, int lanes) ANNEAL_INLINED {
          const int64_t at = begin + i;
          storeLanes(to + at, loadLanes(to + at, lanes) + loadLanes(from + at, lanes), lanes);
        });
      }
    });
  };
  addAll(spare, dkSize, args.dk);
  addAll(spare + dkSize, size - dkSize, args.dv);
}

template <class T>
void keep(const AttentionArgs& args) {
  const at::Keeping keeping(args, static_cast<uint64_t>(args.drawn[0]), static_cast<uint64_t>(args.drawn[1]));
  const int64_t grain = at::most(1, (1 << 14) / at::most(args.keys, 1));
  forRange(
      args.batch * args.heads * args.queries, grain,
      [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          keeping.fillRow(row, 0, args.keys, static_cast<T*>(args.keep) + row * args.keys);
        }
      },
      30);
}

}  // namespace

void attention(const AttentionArgs& args) {
  withFloat("attention", args.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    switch (args.op) {
      case AttentionOp::Forward: return forward<T>(args);
      case AttentionOp::Backward: return backward<T>(args);
      case AttentionOp::Keep: return keep<T>(args);
    }
  });
}

}  // namespace anneal::ANNEAL_LEVEL
