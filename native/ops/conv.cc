// Convolutions over one to three spatial dimensions, and their gradients. Each is linear in both operands, so the gradients of each are
// the other two.
#include <algorithm>

#include "ops/elementwise.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

using List = std::vector<int64_t>;

constexpr int kAttributes = 4;  // stride, padding, dilation and groups, the last attributes of each operator
constexpr Param kConvolution[] = {
    {"x", ParamKind::Tensor},     {"weight", ParamKind::Tensor}, {"bias", ParamKind::OptionalTensor},
    {"stride", ParamKind::Ints},  {"padding", ParamKind::Ints},  {"dilation", ParamKind::Ints},
    {"groups", ParamKind::Int, 1}};
constexpr Param kBackwardInput[] = {{"dout", ParamKind::Tensor},         {"weight", ParamKind::Tensor},
                                    {"bias", ParamKind::OptionalTensor}, {"size", ParamKind::Ints},
                                    {"stride", ParamKind::Ints},         {"padding", ParamKind::Ints},
                                    {"dilation", ParamKind::Ints},       {"groups", ParamKind::Int, 1}};
constexpr Param kBackwardWeight[] = {{"dout", ParamKind::Tensor},  {"x", ParamKind::Tensor},
                                     {"kernel", ParamKind::Ints},  {"stride", ParamKind::Ints},
                                     {"padding", ParamKind::Ints}, {"dilation", ParamKind::Ints},
                                     {"groups", ParamKind::Int, 1}};

void prepareConvolution(Call& call) {
  Tensors given;
  for (const Tensor& t : call.inputs) {
    if (t.defined()) given.push_back(t);
  }
  const DType dtype = resultType(given);
  if (dtype != DType::Float32 && dtype != DType::Float64) {
    fail(ErrorKind::DType, "[%s] takes float32 and float64, not %s; cast first", call.name(), nameOf(dtype));
  }
  for (Tensor& t : call.inputs) {
    if (t.defined()) t = cast(t, dtype);
  }
}

// ---- sizes ---------------------------------------------------------------------------------------------------------------

// The attributes that all three operators end with.
struct Settings {
  const List &stride, &padding, &dilation;
  int64_t groups;

  static Settings of(const Attrs& attrs) {
    const size_t first = attrs.size() - kAttributes;
    return {attrs[first].list, attrs[first + 1].list, attrs[first + 2].list, attrs[first + 3].i};
  }
  int64_t low(int d) const { return padding[static_cast<size_t>(2 * d)]; }
  int64_t high(int d) const { return padding[static_cast<size_t>(2 * d + 1)]; }
  Attrs attributes(std::initializer_list<Attr> before) const {
    Attrs all(before);
    for (const List* list : {&stride, &padding, &dilation}) all.push_back(attr(*list));
    all.push_back(attr(groups));
    return all;
  }
};

constexpr int64_t kLargest = INT64_C(1) << 31;  // of strides, paddings and dilations, so that no sum overflows

void checkList(const Call& call, const char* what, const List& list, size_t size, int64_t least) {
  if (list.size() != size) {
    fail(ErrorKind::Argument, "[%s] expected %zu numbers for '%s', received %zu", call.name(), size, what, list.size());
  }
  for (const int64_t value : list) {
    if (value < least || value > kLargest) {
      fail(ErrorKind::Argument, "[%s] '%s' is %lld, outside %lld..%lld", call.name(), what,
           static_cast<long long>(value), static_cast<long long>(least), static_cast<long long>(kLargest));
    }
  }
}

// The spatial dimensions of [N, C, ...]; checks the rank, and the attributes against it.
Dims spatialOf(const Call& call, const char* name, const Dims& shape, const Settings& s) {
  if (shape.size() < 3 || shape.size() > 2 + kSpatial) {
    fail(ErrorKind::Shape, "[%s] %s must be [N, C, ...] with one to three spatial dimensions, not %s", call.name(),
         name, shape.str().c_str());
  }
  Dims spatial;
  for (int d = 2; d < shape.size(); ++d) spatial.push(shape[d]);
  const auto dimensions = static_cast<size_t>(spatial.size());
  checkList(call, "stride", s.stride, dimensions, 1);
  checkList(call, "dilation", s.dilation, dimensions, 1);
  checkList(call, "padding", s.padding, 2 * dimensions, -kLargest);
  for (int d = 0; d < spatial.size(); ++d) {
    if (s.low(d) < 0) fail(ErrorKind::Argument, "[%s] a padding before a dimension is not negative", call.name());
  }
  if (s.groups < 1) fail(ErrorKind::Argument, "[%s] expected at least one group", call.name());
  return spatial;
}

// The weight [out, in / groups, ...] beside a tensor of `channels` in the dimension of its outputs or of its inputs.
void checkWeight(const Call& call, const Dims& weight, int rank, const Settings& s) {
  if (weight.size() != rank) {
    fail(ErrorKind::Shape, "[%s] the weight must have %d dimensions, not %s", call.name(), rank, weight.str().c_str());
  }
  if (numel(weight) == 0 || weight[0] % s.groups != 0) {
    fail(ErrorKind::Shape, "[%s] the weight %s must have no size of 0, and %lld groups divide its %lld outputs",
         call.name(), weight.str().c_str(), static_cast<long long>(s.groups), static_cast<long long>(weight[0]));
  }
}

void checkChannels(const Call& call, const char* name, const Dims& shape, int64_t channels, const Dims& weight,
                   const Settings& s) {
  if (shape[1] == channels) return;
  fail(ErrorKind::Shape, "[%s] the weight %s with %lld groups takes %lld channels, but %s is %s", call.name(),
       weight.str().c_str(), static_cast<long long>(s.groups), static_cast<long long>(channels), name,
       shape.str().c_str());
}

void checkBias(const Call& call, int input, int64_t channels) {
  if (!call.has(input) || call.in(input).shape() == Dims{channels}) return;
  fail(ErrorKind::Shape, "[%s] the bias must be [%lld], not %s", call.name(), static_cast<long long>(channels),
       call.in(input).shape().str().c_str());
}

// Outputs along each dimension of a forward convolution.
Dims outputsOf(const Call& call, const Dims& in, const Dims& kernel, const Settings& s) {
  Dims out;
  for (int d = 0; d < in.size(); ++d) {
    const auto i = static_cast<size_t>(d);
    const int64_t padded = in[d] + s.low(d) + s.high(d), reach = s.dilation[i] * (kernel[d] - 1) + 1;
    if (padded < reach) {
      fail(ErrorKind::Shape, "[%s] the kernel %s reaches over %lld, but %s is %lld long with its padding", call.name(),
           kernel.str().c_str(), static_cast<long long>(reach), in.str().c_str(), static_cast<long long>(padded));
    }
    out.push((padded - reach) / s.stride[i] + 1);
  }
  return out;
}

void checkOutputs(const Call& call, const Dims& dout, const Dims& in, const Dims& kernel, const Settings& s) {
  const Dims expected = outputsOf(call, in, kernel, s);
  for (int d = 0; d < expected.size(); ++d) {
    if (dout[d + 2] == expected[d]) continue;
    fail(ErrorKind::Shape, "[%s] inputs of %s give outputs of %s, but dout is %s", call.name(), in.str().c_str(),
         expected.str().c_str(), dout.str().c_str());
  }
}

Dims kernelOf(const Dims& weight) {
  Dims kernel;
  for (int d = 2; d < weight.size(); ++d) kernel.push(weight[d]);
  return kernel;
}

Dims joined(int64_t batch, int64_t channels, const Dims& spatial) {
  Dims shape{batch, channels};
  for (const int64_t size : spatial) shape.push(size);
  return shape;
}

// ---- the kernel ------------------------------------------------------------------------------------------------------------

// `input` and `output` are shapes of the forward convolution.
void launchConvolution(const Call& call, ConvOp op, const Dims& input, const Dims& output, const Dims& kernel,
                       const Tensor& src, const Tensor& other, const Tensor& bias, const Tensor& dst) {
  const Settings s = Settings::of(call.attrs);
  ConvArgs args{};
  args.op = op;
  args.dtype = dst.dtype();
  args.batch = input[0];
  args.groups = s.groups;
  args.inChannels = input[1];
  args.outChannels = output[1];
  std::fill_n(args.low, kSpatial, 0);
  for (int64_t* sizes : {args.in, args.out, args.kernel, args.stride, args.dilation}) std::fill_n(sizes, kSpatial, 1);
  for (int d = 0, at = kSpatial - kernel.size(); d < kernel.size(); ++d, ++at) {
    args.in[at] = input[d + 2];
    args.out[at] = output[d + 2];
    args.kernel[at] = kernel[d];
    args.stride[at] = s.stride[static_cast<size_t>(d)];
    args.dilation[at] = s.dilation[static_cast<size_t>(d)];
    args.low[at] = s.low(d);
  }
  const Tensor a = dense(call.name(), src), b = dense(call.name(), other);
  const Tensor c = bias.defined() ? dense(call.name(), bias) : Tensor();
  args.src = a.data();
  args.other = b.data();
  args.shift = c.defined() ? c.data() : nullptr;
  args.dst = dst.data();
  launch(call.name(), call.device, args);
}

// ---- the operators ---------------------------------------------------------------------------------------------------------

void inferConvolution(const Call& call, Specs& out) {
  const Dims &x = call.in(0).shape(), &w = call.in(1).shape();
  const Settings s = Settings::of(call.attrs);
  const Dims in = spatialOf(call, "the input", x, s);
  checkWeight(call, w, x.size(), s);
  checkChannels(call, "the input", x, w[1] * s.groups, w, s);
  checkBias(call, 2, w[0]);
  out.push_back({call.in(0).dtype(), joined(x[0], w[0], outputsOf(call, in, kernelOf(w), s))});
}

void runConvolution(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  launchConvolution(call, ConvOp::Forward, call.in(0).shape(), out[0].shape(), kernelOf(call.in(1).shape()), call.in(0),
                    call.in(1), call.has(2) ? call.in(2) : Tensor(), out[0]);
}

void inferBackwardInput(const Call& call, Specs& out) {
  const Dims &dout = call.in(0).shape(), &w = call.in(1).shape();
  const Settings s = Settings::of(call.attrs);
  const Dims spatial = spatialOf(call, "the input", dout, s), size = toShape(call.name(), call.list(0));
  checkWeight(call, w, dout.size(), s);
  checkChannels(call, "the input", dout, w[0], w, s);
  if (size.size() != spatial.size()) {
    fail(ErrorKind::Argument, "[%s] expected %d sizes, received %s", call.name(), spatial.size(), size.str().c_str());
  }
  checkBias(call, 2, w[1] * s.groups);
  checkOutputs(call, dout, size, kernelOf(w), s);
  out.push_back({call.in(0).dtype(), joined(dout[0], w[1] * s.groups, size)});
}

void runBackwardInput(const Call& call, Tensors& out) {
  if (out[0].size() == 0) return;
  launchConvolution(call, ConvOp::BackwardInput, out[0].shape(), call.in(0).shape(), kernelOf(call.in(1).shape()),
                    call.in(0), call.in(1), call.has(2) ? call.in(2) : Tensor(), out[0]);
}

void inferBackwardWeight(const Call& call, Specs& out) {
  const Dims &dout = call.in(0).shape(), &x = call.in(1).shape();
  const Settings s = Settings::of(call.attrs);
  const Dims in = spatialOf(call, "the input", x, s), kernel = toShape(call.name(), call.list(0));
  if (kernel.size() != in.size()) {
    fail(ErrorKind::Argument, "[%s] expected %d sizes of the kernel, received %s", call.name(), in.size(),
         kernel.str().c_str());
  }
  if (dout.size() != x.size() || dout[0] != x[0]) {
    fail(ErrorKind::Shape, "[%s] dout %s does not belong to the input %s", call.name(), dout.str().c_str(),
         x.str().c_str());
  }
  if (x[1] < 1 || x[1] % s.groups != 0) {
    fail(ErrorKind::Shape, "[%s] %lld groups do not divide the channels of %s", call.name(),
         static_cast<long long>(s.groups), x.str().c_str());
  }
  const Dims weight = joined(dout[1], x[1] / s.groups, kernel);
  checkWeight(call, weight, x.size(), s);
  checkOutputs(call, dout, in, kernel, s);
  out.push_back({call.in(0).dtype(), weight});
}

void runBackwardWeight(const Call& call, Tensors& out) {
  launchConvolution(call, ConvOp::BackwardWeight, call.in(1).shape(), call.in(0).shape(), kernelOf(out[0].shape()),
                    call.in(1), call.in(0), Tensor(), out[0]);
}

// ---- gradients -------------------------------------------------------------------------------------------------------------

Tensor convolve(const Tensor& x, const Tensor& weight, const Settings& s) {
  return apply1("convolution"_op, {x, weight, Tensor()}, s.attributes({}));
}
Tensor gradientByInput(const Tensor& dout, const Tensor& weight, const Dims& input, const Settings& s) {
  return apply1("convolutionBackwardInput"_op, {dout, weight, Tensor()}, s.attributes({attr(toList(kernelOf(input)))}));
}
Tensor gradientByWeight(const Tensor& dout, const Tensor& x, const Dims& weight, const Settings& s) {
  return apply1("convolutionBackwardWeight"_op, {dout, x}, s.attributes({attr(toList(kernelOf(weight)))}));
}

// Sums over all but the channels: first over the places, which are neighbours, so that nothing is copied.
Tensor gradientByBias(const Tensor& dout) {
  List places;
  for (int d = 2; d < dout.rank(); ++d) places.push_back(d);
  return sum(sum(dout, places, false), {0}, false);
}

void convolutionGradient(GradCall& g) {
  const Settings s = Settings::of(g.call().attrs);
  if (g.needs(0)) g.set(0, gradientByInput(g.dout(), g.in(1), g.spec(0).shape, s));
  if (g.needs(1)) g.set(1, gradientByWeight(g.dout(), g.in(0), g.spec(1).shape, s));
  if (g.needs(2)) g.set(2, gradientByBias(g.dout()));
}

void backwardInputGradient(GradCall& g) {
  const Settings s = Settings::of(g.call().attrs);
  if (g.needs(0)) g.set(0, convolve(g.dout(), g.in(1), s));
  if (g.needs(1)) g.set(1, gradientByWeight(g.in(0), g.dout(), g.spec(1).shape, s));
  if (g.needs(2)) g.set(2, gradientByBias(g.dout()));
}

void backwardWeightGradient(GradCall& g) {
  const Settings s = Settings::of(g.call().attrs);
  if (g.needs(0)) g.set(0, convolve(g.in(1), g.dout(), s));
  if (g.needs(1)) g.set(1, gradientByInput(g.in(0), g.dout(), g.spec(1).shape, s));
}

const Operator kOperators[] = {
    {.name = "convolution",
     .doc =
         "sums of the input [N, C, ...] over windows, by a weight [out, C / groups, kernel...]; padding is a pair per "
         "dimension",
     .params = kConvolution,
     .prepare = prepareConvolution,
     .infer = inferConvolution,
     .run = runConvolution,
     .gradient = convolutionGradient,
     .saves = saveIn(0) | saveIn(1)},
    {.name = "convolutionBackwardInput",
     .doc = "gradient of a convolution by its input, of the given size; as a layer, a transposed convolution",
     .params = kBackwardInput,
     .prepare = prepareConvolution,
     .infer = inferBackwardInput,
     .run = runBackwardInput,
     .gradient = backwardInputGradient,
     .saves = saveIn(0) | saveIn(1)},
    {.name = "convolutionBackwardWeight",
     .doc = "gradient of a convolution by its weight, with the given kernel",
     .params = kBackwardWeight,
     .prepare = prepareConvolution,
     .infer = inferBackwardWeight,
     .run = runBackwardWeight,
     .gradient = backwardWeightGradient,
     .saves = saveIn(0) | saveIn(1)},
};

}  // namespace

Family convFamily() { return kOperators; }

}  // namespace anneal
