// The methods of Tensor. Written by scripts/methods.mjs from the functions of this folder that are marked @method: change those,
// then run `npm run generate`.

import type { Device } from '../device';
import type { DType } from '../dtype';
import {
  elu,
  type GeluApproximation,
  gelu,
  leakyRelu,
  relu,
  sigmoid,
  silu,
  softplus,
  softsign,
  tanh,
} from './activation';
import { defineMethods } from './call';
import { gather, indexSelect, oneHot, scatterAdd } from './indexing';
import { matmul } from './matmul';
import {
  abs,
  add,
  clamp,
  cos,
  div,
  eq,
  erf,
  exp,
  ge,
  gt,
  le,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  lt,
  maximum,
  minimum,
  mul,
  ne,
  neg,
  pow,
  rsqrt,
  sign,
  sin,
  sqrt,
  square,
  sub,
} from './pointwise';
import { dropout, type Generator } from './random';
import { type Axes, argmax, argmin, max, mean, min, prod, type SpreadOptions, std, sum, variance } from './reduce';
import { type CumsumOptions, cumsum } from './scan';
import {
  assign,
  cast,
  contiguous,
  expand,
  flatten,
  flip,
  pad,
  permute,
  reshape,
  slice,
  split,
  squeeze,
  to,
  transpose,
  unsqueeze,
} from './shape';
import { logSoftmax, logSumExp, softmax } from './softmax';

declare module '../tensor' {
  interface Tensor {
    /**
     * `max(x, 0)`; the gradient at 0 is 0.
     *
     * Here `x` is this tensor.
     */
    relu(): Tensor;
    /**
     * `x` where `x > 0`, else `slope * x`; the slope is 0.01 by default.
     *
     * Here `x` is this tensor.
     */
    leakyRelu(slope?: number): Tensor;
    /**
     * `x` where `x > 0`, else `alpha * (exp(x) - 1)`; alpha is 1 by default. (Clevert et al. 2015)
     *
     * Here `x` is this tensor.
     */
    elu(alpha?: number): Tensor;
    /**
     * `1 / (1 + exp(-x))`.
     *
     * Here `x` is this tensor.
     */
    sigmoid(): Tensor;
    /**
     * Hyperbolic tangent.
     */
    tanh(): Tensor;
    /**
     * `x * Phi(x)` with the normal distribution `Phi`, or with 'tanh' the approximation
     * `0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`. (Hendrycks & Gimpel 2016)
     *
     * Here `x` is this tensor.
     */
    gelu(approximate?: GeluApproximation): Tensor;
    /**
     * `x * sigmoid(x)`, also called swish.
     *
     * Here `x` is this tensor.
     */
    silu(): Tensor;
    /**
     * `log(1 + exp(beta * x)) / beta`, and `x` itself where `beta * x > threshold`; by default beta is 1 and the threshold 20.
     *
     * Here `x` is this tensor.
     */
    softplus(beta?: number, threshold?: number): Tensor;
    /**
     * `x / (1 + |x|)`; NaN at infinity, as in PyTorch.
     *
     * Here `x` is this tensor.
     */
    softsign(): Tensor;
    /**
     * The entries along `axis` that the vector `index` names.
     *
     * @throws ShapeError, DTypeError
     */
    indexSelect(axis: number, index: Tensor): Tensor;
    /**
     * `out[i][j] = x[index[i][j]][j]` for axis 0, alike for others; of the index's shape.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError, DTypeError
     */
    gather(axis: number, index: Tensor): Tensor;
    /**
     * A copy of `base` with `out[index[i][j]][j] += src[i][j]` for axis 0, alike for others. The index may be smaller than `src`, of which
     * the rest is left out, and off the axis than `base`. For bool, `+=` is "or".
     *
     * Here `base` is this tensor.
     *
     * @throws ShapeError where the index is larger; DTypeError
     */
    scatterAdd(axis: number, index: Tensor, src: Tensor): Tensor;
    /**
     * A last dimension of `classes` entries: 1 at the index, 0 elsewhere; int64.
     *
     * Here `index` is this tensor.
     *
     * @throws ArgumentError, DTypeError
     */
    oneHot(classes: number): Tensor;
    /**
     * Matrix product of the last two dimensions, `[..., m, k] x [..., k, n] -> [..., m, n]`; leading dimensions broadcast. A vector is
     * a row on the left and a column on the right, and that dimension is then left out of the result.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError when the inner dimensions differ; DTypeError for bool and uint8.
     */
    matmul(b: Tensor): Tensor;
    /**
     * `a + b`, broadcast; dtypes are promoted as in PyTorch.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError when the shapes do not broadcast.
     */
    add(b: TensorLike): Tensor;
    /**
     * `a - b`, broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError, DTypeError (bool)
     */
    sub(b: TensorLike): Tensor;
    /**
     * `a * b`, broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    mul(b: TensorLike): Tensor;
    /**
     * `a / b`, broadcast; integers are divided as float32.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    div(b: TensorLike): Tensor;
    /**
     * `a ^ b`, broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError; ArgumentError for an integer tensor to a negative number.
     */
    pow(b: TensorLike): Tensor;
    /**
     * The larger of `a` and `b`; NaN where either is NaN. Ties share the gradient.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    maximum(b: TensorLike): Tensor;
    /**
     * The smaller of `a` and `b`; NaN where either is NaN. Ties share the gradient.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    minimum(b: TensorLike): Tensor;
    /**
     * `-x`.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError (bool)
     */
    neg(): Tensor;
    /**
     * `|x|`; the gradient at 0 is 0.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError (bool)
     */
    abs(): Tensor;
    /**
     * -1, 0 or 1.
     *
     * @throws DTypeError (bool)
     */
    sign(): Tensor;
    /**
     * `x * x`.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError (bool)
     */
    square(): Tensor;
    /**
     * `min(max(x, low), high)`, with numbers or tensors, broadcast, as bounds; one left out or null does not bind. NaN where x or a bound
     * is NaN.
     *
     * The gradient is that of x from low to high inclusive, else that of the bound that stands for x. Of equal bounds the lower one gets
     * none, of crossed ones the upper one all, as in PyTorch.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError when the shapes do not broadcast.
     */
    clamp(low?: TensorLike | null, high?: TensorLike | null): Tensor;
    /**
     * `e ^ x`; integers become float32.
     *
     * Here `x` is this tensor.
     */
    exp(): Tensor;
    /**
     * Natural logarithm; integers become float32.
     */
    log(): Tensor;
    /**
     * Square root; integers become float32.
     */
    sqrt(): Tensor;
    /**
     * `1 / sqrt(x)`; integers become float32.
     *
     * Here `x` is this tensor.
     */
    rsqrt(): Tensor;
    /**
     * Sine of radians.
     */
    sin(): Tensor;
    /**
     * Cosine of radians.
     */
    cos(): Tensor;
    /**
     * Error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to x.
     *
     * Here `x` is this tensor.
     */
    erf(): Tensor;
    /**
     * `a = b` as bool, broadcast.
     *
     * Here `a` is this tensor.
     */
    eq(b: TensorLike): Tensor;
    /**
     * `a != b` as bool, broadcast.
     *
     * Here `a` is this tensor.
     */
    ne(b: TensorLike): Tensor;
    /**
     * `a < b` as bool, broadcast.
     *
     * Here `a` is this tensor.
     */
    lt(b: TensorLike): Tensor;
    /**
     * `a <= b` as bool, broadcast.
     *
     * Here `a` is this tensor.
     */
    le(b: TensorLike): Tensor;
    /**
     * `a > b` as bool, broadcast.
     *
     * Here `a` is this tensor.
     */
    gt(b: TensorLike): Tensor;
    /**
     * `a >= b` as bool, broadcast.
     *
     * Here `a` is this tensor.
     */
    ge(b: TensorLike): Tensor;
    /**
     * Whether both are other than 0, as bool, broadcast.
     */
    logicalAnd(b: TensorLike): Tensor;
    /**
     * Whether either is other than 0, as bool, broadcast.
     */
    logicalOr(b: TensorLike): Tensor;
    /**
     * Whether exactly one is other than 0, as bool, broadcast.
     */
    logicalXor(b: TensorLike): Tensor;
    /**
     * Whether x is 0, as bool.
     *
     * Here `x` is this tensor.
     */
    logicalNot(): Tensor;
    /**
     * Sets elements to 0 with the given probability and divides the others by `1 - probability`, so that the mean stays. Does
     * nothing unless `training`. (Srivastava et al. 2014)
     *
     * @throws ArgumentError for a probability outside [0, 1].
     */
    dropout(probability?: number, options?: { training?: boolean; generator?: Generator }): Tensor;
    /**
     * Sum; integers and bool are summed as int64.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    sum(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Mean; integers are averaged as float32.
     */
    mean(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Largest element; NaN if there is one. Ties share the gradient.
     *
     * @throws ShapeError when there is nothing to choose from.
     */
    max(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Smallest element; NaN if there is one. Ties share the gradient.
     *
     * @throws ShapeError when there is nothing to choose from.
     */
    min(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Product; integers and bool are multiplied as int64.
     */
    prod(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Position (int64) of the first largest element along one axis, or in the flattened tensor.
     *
     * @throws ShapeError when empty.
     */
    argmax(axis?: number | null, keepDims?: boolean): Tensor;
    /**
     * Position (int64) of the first smallest element along one axis, or in the flattened tensor.
     *
     * @throws ShapeError when empty.
     */
    argmin(axis?: number | null, keepDims?: boolean): Tensor;
    /**
     * Variance: `sum((x - mean)^2) / (count - correction)`.
     *
     * Here `x` is this tensor.
     */
    variance(axes?: Axes, keepDims?: boolean, options?: SpreadOptions): Tensor;
    /**
     * Standard deviation, the square root of the {@link variance}.
     */
    std(axes?: Axes, keepDims?: boolean, options?: SpreadOptions): Tensor;
    /**
     * Sums of the elements up to and with each one along `axis`, in the shape of `x`. Float32 is summed in float64. The same bits for
     * any number of threads.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError for an axis that is not there; DTypeError for the dtype bool.
     */
    cumsum(axis: number, options?: CumsumOptions): Tensor;
    /**
     * Converts to another dtype. To an integer, floats are truncated, saturate out of range, and NaN gives 0; integers wrap around.
     * To bool: `x != 0`.
     *
     * Here `x` is this tensor.
     */
    cast(dtype: DType): Tensor;
    /**
     * Converted to a dtype, as {@link cast} does, or moved to a device.
     *
     * @throws DTypeError or DeviceError when there is none of that name.
     */
    to(target: DType | Device): Tensor;
    /**
     * A copy, dense in row-major order.
     */
    contiguous(): Tensor;
    /**
     * A copy, dense in row-major order.
     */
    clone(): Tensor;
    /**
     * The same elements in another shape; one size may be -1.
     *
     * @throws ShapeError when the counts differ.
     */
    reshape(shape: readonly number[]): Tensor;
    /**
     * Dimensions from `startAxis` to `endAxis` joined into one.
     */
    flatten(startAxis?: number, endAxis?: number): Tensor;
    /**
     * Without dimensions of size 1: all of them, or those among `axes`.
     */
    squeeze(axes?: number | readonly number[] | null): Tensor;
    /**
     * With a new dimension of size 1 at `axis`.
     */
    unsqueeze(axis: number): Tensor;
    /**
     * Dimensions in the order of `axes`.
     *
     * @throws ArgumentError unless each axis appears once.
     */
    permute(axes: readonly number[]): Tensor;
    /**
     * Two dimensions exchanged, by default the last two.
     */
    transpose(axis0?: number, axis1?: number): Tensor;
    /**
     * The order along the axes reversed; a copy.
     */
    flip(axes: number | readonly number[]): Tensor;
    /**
     * Dimensions of size 1 repeated to `shape`, without a copy; -1 keeps a size.
     *
     * @throws ShapeError
     */
    expand(shape: readonly number[]): Tensor;
    /**
     * Entries `begin` (default 0), `begin + step` (default 1), ... before `end` (default: the last) along `axis`, as Python slices
     * them.
     *
     * @throws ArgumentError for step < 1.
     */
    slice(axis: number, begin?: number, end?: number | null, step?: number): Tensor;
    /**
     * Parts along `axis`: of `size` each, the last perhaps smaller, or of the sizes listed.
     *
     * @throws ShapeError, ArgumentError
     */
    split(size: number | readonly number[], axis?: number): Tensor[];
    /**
     * Surrounded by `value` (default 0): `padding` holds [before, after] for each dimension; a negative one cuts off.
     *
     * @throws ArgumentError; ShapeError where more is cut off than there is.
     */
    pad(padding: readonly (readonly [number, number])[], value?: number): Tensor;
    /**
     * Writes `values` into `target` in place, converted to its dtype: for parameters and buffers. Backward through an operator that
     * used the old values throws AutogradError. If a failed kernel took `values`, the target keeps what it has.
     *
     * Here `target` is this tensor.
     *
     * @throws ShapeError unless the shapes are equal; ArgumentError when target is the result of a recorded operator.
     */
    assign(values: Tensor): this;
    /**
     * `exp(x) / sum(exp(x))` along `axis` (default -1), computed from `x - max(x)`.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    softmax(axis?: number): Tensor;
    /**
     * `x - logSumExp(x)` along `axis` (default -1): the logarithm of {@link softmax}, without its loss of precision.
     *
     * Here `x` is this tensor.
     */
    logSoftmax(axis?: number): Tensor;
    /**
     * `log(sum(exp(x)))` over the axes, computed from `x - max(x)`.
     *
     * Here `x` is this tensor.
     */
    logSumExp(axes?: Axes, keepDims?: boolean): Tensor;
  }
}

defineMethods({
  relu,
  leakyRelu,
  elu,
  sigmoid,
  tanh,
  gelu,
  silu,
  softplus,
  softsign,
  indexSelect,
  gather,
  scatterAdd,
  oneHot,
  matmul,
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,
  neg,
  abs,
  sign,
  square,
  clamp,
  exp,
  log,
  sqrt,
  rsqrt,
  sin,
  cos,
  erf,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  logicalAnd,
  logicalOr,
  logicalXor,
  logicalNot,
  dropout,
  sum,
  mean,
  max,
  min,
  prod,
  argmax,
  argmin,
  variance,
  std,
  cumsum,
  cast,
  to,
  contiguous,
  clone: contiguous,
  reshape,
  flatten,
  squeeze,
  unsqueeze,
  permute,
  transpose,
  flip,
  expand,
  slice,
  split,
  pad,
  assign,
  softmax,
  logSoftmax,
  logSumExp,
});
