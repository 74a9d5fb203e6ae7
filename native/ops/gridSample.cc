// Sampling of images and volumes at the positions of a grid, and its transpose. Both can have their weights differentiated by the
// coordinates, as often as `orders` says, so that their gradients by the grid are operators of the same kind.
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr int64_t kLargest = INT32_MAX;  // places are int32

constexpr const char* kModes[] = {"bilinear", "nearest", "bicubic"};    // by GridMode
constexpr const char* kPaddings[] = {"zeros", "border", "reflection"};  // by GridPadding
constexpr Param kSample[] = {{"x", ParamKind::Tensor},
                             {"grid", ParamKind::Tensor},
                             {"mode", ParamKind::Choice, GridMode::Linear, kModes},
                             {"paddingMode", ParamKind::Choice, GridPadding::Zeros, kPaddings},
                             {"alignCorners", ParamKind::Bool, false},
                             {"orders", ParamKind::OptionalInts}};
constexpr Param kBackward[] = {{"dout", ParamKind::Tensor},
                               {"grid", ParamKind::Tensor},
                               {"mode", ParamKind::Choice, GridMode::Linear, kModes},
                               {"paddingMode", ParamKind::Choice, GridPadding::Zeros, kPaddings},
                               {"alignCorners", ParamKind::Bool, false},
                               {"orders", ParamKind::OptionalInts},
                               {"inputSize", ParamKind::Ints}};

void prepare(Call& call) {
  const DType dtype = call.in(0).dtype();
  if (!isFloating(dtype) || call.in(1).dtype() != dtype) {
    fail(ErrorKind::DType, "[%s] takes floating tensors of one dtype, not %s and %s", call.name(), nameOf(dtype),
         nameOf(call.in(1).dtype()));
  }
}

// The record but for its pointers; checks the shapes.
template <bool Backward>
GridSampleArgs argsOf(const Call& call) {
  const Dims &first = call.in(0).shape(), &grid = call.in(1).shape();
  const int dimensions = first.size() - 2;
  bool fits = (dimensions == 2 || dimensions == 3) && grid.size() == first.size() && grid[0] == first[0] &&
              grid.back() == dimensions;
  for (int d = 0; Backward && fits && d < dimensions; ++d) fits = grid[d + 1] == first[d + 2];
  if (!fits) {
    fail(
        ErrorKind::Shape,
        "[%s] expected [batch, channels, height, width] and [batch, height, width, 2], or the same with a depth and 3, "
        "received %s and %s",
        call.name(), first.str().c_str(), grid.str().c_str());
  }
  GridSampleArgs args{};
  args.backward = Backward;
  args.dtype = call.in(0).dtype();
  args.mode = call.choice<GridMode>(0);
  args.padding = call.choice<GridPadding>(1);
  args.alignCorners = call.flag(2);
  args.dimensions = dimensions;
  args.batch = first[0];
  args.channels = first[1];
  args.points = 1;
  for (int d = 1; d <= dimensions; ++d) args.points *= grid[d];
  if (args.mode == GridMode::Cubic && dimensions == 3) {
    fail(ErrorKind::Argument, "[%s] the mode bicubic is for images, not volumes", call.name());
  }
  const Attr& orders = call.attrs[3];
  if (orders.present && orders.list.size() != static_cast<size_t>(dimensions)) {
    fail(ErrorKind::Argument, "[%s] expected an order for each of %d coordinates", call.name(), dimensions);
  }
  for (int d = 0; orders.present && d < dimensions; ++d) {
    if (orders.list[d] < 0) fail(ErrorKind::Argument, "[%s] orders must not be negative", call.name());
    args.orders[d] = orders.list[d];
  }
  if (Backward && call.list(4).size() != static_cast<size_t>(dimensions)) {
    fail(ErrorKind::Argument, "[%s] expected an inputSize of %d numbers", call.name(), dimensions);
  }
  args.in[0] = 1;
  int64_t plane = 1;
  for (int d = 0; d < dimensions; ++d) {
    const int64_t size = Backward ? call.list(4)[d] : first[d + 2];
    if (size < 1) fail(ErrorKind::Shape, "[%s] an image has at least one element along each dimension", call.name());
    args.in[kGridRank - dimensions + d] = size;
    plane *= size;
    if (size > kLargest || plane > kLargest) {
      fail(ErrorKind::Shape, "[%s] images of more than %lld elements are too large", call.name(),
           static_cast<long long>(kLargest));
    }
  }
  return args;
}

template <bool Backward>
void infer(const Call& call, Specs& out) {
  const GridSampleArgs args = argsOf<Backward>(call);
  TensorSpec spec = call.in(0).spec();
  for (int d = 0; d < args.dimensions; ++d) {
    spec.shape[d + 2] = Backward ? call.list(4)[d] : call.in(1).shape()[d + 1];
  }
  out.push_back(spec);
}

template <bool Backward>
void run(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  const Tensor src = dense(call.name(), call.in(0)), grid = dense(call.name(), call.in(1));
  GridSampleArgs args = argsOf<Backward>(call);
  args.src = src.data();
  args.grid = grid.data();
  args.dst = out[0].data();
  launch(call.name(), call.device, args);
}

// The gradient by the grid of what x, sampled at it, gives the results `dout`: by each coordinate the sum over channels of dout and
// samples with weights differentiated once more.
Tensor gridGradient(const GradCall& g, const Tensor& x, const Tensor& dout, const Tensor& grid) {
  if (g.choice<GridMode>(0) == GridMode::Nearest) return filled(grid.spec(), 0, grid.device());
  const int64_t dimensions = grid.shape().back();
  Tensors coordinates;
  for (int64_t d = 0; d < dimensions; ++d) {
    std::vector<int64_t> orders = g.call().attrs[3].present ? g.list(3) : std::vector<int64_t>(dimensions, 0);
    ++orders[d];
    const Tensor slopes =
        apply1("gridSample"_op, {x, grid}, {g.call().attrs[0], g.call().attrs[1], g.call().attrs[2], attr(orders)});
    coordinates.push_back(sum(mul(dout, slopes), {1}, false));
  }
  return apply1("stack"_op, coordinates, {attr(-1)});
}

void gradient(GradCall& g) {
  const Tensor &x = g.in(0), &grid = g.in(1);
  if (g.needs(0)) {
    Attrs attrs = g.call().attrs;
    attrs.push_back(attr(std::vector<int64_t>(g.spec(0).shape.begin() + 2, g.spec(0).shape.end())));
    g.set(0, apply1("gridSampleBackward"_op, {g.dout(), grid}, std::move(attrs)));
  }
  if (g.needs(1)) g.set(1, gridGradient(g, x, g.dout(), grid));
}

void backwardGradient(GradCall& g) {
  const Tensor &dout = g.in(0), &grid = g.in(1);
  if (g.needs(0)) {
    Attrs attrs = g.call().attrs;
    attrs.resize(4);
    g.set(0, apply1("gridSample"_op, {g.dout(), grid}, std::move(attrs)));
  }
  if (g.needs(1)) g.set(1, gridGradient(g, g.dout(), dout, grid));
}

const Operator kOperators[] = {
    {.name = "gridSample",
     .doc = "x at the positions of the grid, whose coordinates go from -1 to 1, the last dimension first",
     .params = kSample,
     .prepare = prepare,
     .infer = infer<false>,
     .run = run<false>,
     .gradient = gradient,
     .saves = saveIn(0) | saveIn(1)},
    {.name = "gridSampleBackward",
     .doc = "the gradient by x of gridSample, of images of `inputSize`",
     .params = kBackward,
     .prepare = prepare,
     .infer = infer<true>,
     .run = run<true>,
     .gradient = backwardGradient,
     .saves = saveIn(0) | saveIn(1)},
};

}  // namespace

Family gridSampleFamily() { return kOperators; }

}  // namespace anneal
