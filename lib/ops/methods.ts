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
import {
  atleast1d,
  atleast2d,
  atleast3d,
  broadcastTo,
  chunk,
  expandAs,
  moveaxis,
  narrow,
  select,
  swapaxes,
  tensorSplit,
  unbind,
  unflatten,
} from './arrange';
import { at, atAsync, type WithAtOptions, withAt } from './at';
import type { AtItem } from './at-spec';
import { bitwiseAnd, bitwiseLeftShift, bitwiseNot, bitwiseOr, bitwiseRightShift, bitwiseXor, gcd, lcm } from './bits';
import { defineMethods } from './call';
import { isfinite, isinf, isnan, isneginf, isposinf, signbit } from './classify';
import { diag, diagEmbed, diagonal, trace, tril, triu } from './diagonal';
import {
  gather,
  type IndexAddOptions,
  indexAdd,
  indexCopy,
  indexFill,
  indexSelect,
  oneHot,
  type ScatterReduceOptions,
  type ScatterReduction,
  scatter,
  scatterAdd,
  scatterReduce,
  take,
  takeAlongDim,
} from './indexing';
import { type MaskedSelectStaticOptions, maskedFill, maskedScatter, maskedSelect, maskedSelectStatic } from './masked';
import {
  type AddcOptions,
  addcdiv,
  addcmul,
  allclose,
  type CloseOptions,
  equal,
  isclose,
  lerp,
  logaddexp,
  type NanToNumOptions,
  nanToNum,
  xlogy,
} from './math';
import { matmul } from './matmul';
import { type NonzeroStaticOptions, nonzero, nonzeroStatic } from './nonzero';
import { type NormalizeOptions, norm, normalize } from './norm';
import { type PadOptions, pad } from './pad';
import { indexPut, selectScatter, sliceScatter } from './part-scatter';
import {
  celu,
  glu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  logSigmoid,
  mish,
  prelu,
  type RreluOptions,
  relu6,
  rrelu,
  selu,
  softmin,
  softshrink,
  tanhshrink,
  threshold,
} from './piecewise';
import {
  abs,
  add,
  clamp,
  cos,
  type DivOptions,
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
import { cross, dot, inner, kron, outer, tensordot } from './products';
import { nanquantile, type QuantileOptions, quantile } from './quantile';
import { dropout, type Generator, type MultinomialOptions, multinomial } from './random';
import {
  type Axes,
  all,
  any,
  argmax,
  argmin,
  max,
  mean,
  min,
  prod,
  type SpreadOptions,
  std,
  sum,
  variance,
} from './reduce';
import {
  combinations,
  repeat,
  repeatInterleave,
  repeatInterleaveAsync,
  repeatInterleaveStatic,
  roll,
  rot90,
  tile,
} from './repeat';
import { ceil, floor, floorDivide, fmod, frac, remainder, round, trunc } from './rounding';
import { bernoulliLike, type GumbelSoftmaxOptions, gumbelSoftmax } from './sampling';
import { type CumsumOptions, cummax, cummin, cumprod, cumsum, logcumsumexp } from './scan';
import {
  type IsinOptions,
  isin,
  type Unique,
  type UniqueOptions,
  type UniqueStaticOptions,
  unique,
  uniqueConsecutive,
  uniqueStatic,
} from './sets';
import {
  assign,
  cast,
  contiguous,
  expand,
  flatten,
  flip,
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
import {
  argsort,
  type BucketizeOptions,
  bucketize,
  kthvalue,
  maxWithIndices,
  median,
  medianWithIndices,
  minWithIndices,
  mode,
  msort,
  nanmedian,
  nanmedianWithIndices,
  type SearchsortedOptions,
  type SortOptions,
  searchsorted,
  sort,
  type TopkOptions,
  topk,
} from './sort';
import {
  copysign,
  digamma,
  erfc,
  erfinv,
  exp2,
  expm1,
  floatPower,
  fmax,
  fmin,
  heaviside,
  hypot,
  ldexp,
  lgamma,
  log1p,
  log2,
  log10,
  logaddexp2,
  logit,
  polygamma,
  reciprocal,
  xlog1py,
} from './special';
import {
  type BincountOptions,
  bincount,
  bincountStatic,
  type CovOptions,
  corrcoef,
  countNonzero,
  cov,
  type DiffOptions,
  diff,
  type HistcOptions,
  histc,
  nanmean,
  nansum,
  stdMean,
  varMean,
} from './statistics';
import { acos, acosh, asin, asinh, atan, atan2, atanh, cosh, deg2rad, rad2deg, sinc, sinh, tan } from './trigonometry';

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
     * Entry `index` along `axis`, which is dropped; a negative one counts from the end. A view.
     *
     * @throws IndexError; ArgumentError
     */
    select(axis: number, index: number): Tensor;
    /**
     * `length` entries from `start` on along `axis`; a negative start counts from the end. A view.
     *
     * @throws ShapeError; ArgumentError
     */
    narrow(axis: number, start: number, length: number): Tensor;
    /**
     * The entries along `axis`, each without it. Views.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    unbind(axis?: number): Tensor[];
    /**
     * At most `chunks` parts along `axis`, all of one size but the last, which may be smaller. There may be fewer parts, as in PyTorch;
     * {@link tensorSplit} gives as many as are asked for.
     *
     * @throws ArgumentError
     */
    chunk(chunks: number, axis?: number): Tensor[];
    /**
     * Parts along `axis`: `sections` of them, of which the first are larger by one where the axis does not divide; or the parts between
     * the positions listed, as ranges: `tensorSplit([2, 5])` gives entries 0 to 1, 2 to 4, and the rest.
     *
     * @throws ArgumentError
     */
    tensorSplit(sections: number | readonly number[], axis?: number): Tensor[];
    /**
     * Two axes exchanged; {@link transpose} under NumPy's name. A view.
     */
    swapaxes(axis0: number, axis1: number): Tensor;
    /**
     * The axes `source` moved to the places `destination`; the others keep their order. A view.
     *
     * @throws ArgumentError
     */
    moveaxis(source: number | readonly number[], destination: number | readonly number[]): Tensor;
    /**
     * `axis` as several axes of the sizes `shape`, of which one may be -1.
     *
     * @throws ShapeError, ArgumentError
     */
    unflatten(axis: number, shape: readonly number[]): Tensor;
    /**
     * Broadcast to the shape of `other`, without a copy.
     *
     * @throws ShapeError
     */
    expandAs(other: Tensor): Tensor;
    /**
     * Dimensions of size 1 repeated to `shape`, without a copy: {@link expand} by its other name.
     *
     * @throws ShapeError
     */
    broadcastTo(shape: readonly number[]): Tensor;
    /**
     * x, with at least one dimension: a scalar becomes `[1]`.
     *
     * Here `x` is this tensor.
     */
    atleast1d(): Tensor;
    /**
     * x, with at least two dimensions: `[n]` becomes `[1, n]`.
     *
     * Here `x` is this tensor.
     */
    atleast2d(): Tensor;
    /**
     * x, with at least three dimensions: `[n]` becomes `[1, n, 1]`, `[m, n]` becomes `[m, n, 1]`.
     *
     * Here `x` is this tensor.
     */
    atleast3d(): Tensor;
    /**
     * What the items pick, one for each axis, as PyTorch indexes:
     *
     * ```ts
     * x.at(0);                  // the first entry of the first axis, which is dropped; x.at(-1) is the last
     * x.at('1:5', '...', -1);   // entries 1 to 4 of the first axis, the last one of the last axis
     * x.at('::-1');             // in reverse order
     * x.at(':', null);          // a new axis of size 1 behind the first
     * x.at(rows, columns);      // x[rows[i]][columns[i]] of two vectors of an integer dtype
     * x.at(...index.unbind(-1)) // of an index [..., axes]: what other libraries call gatherND
     * ```
     *
     * Ranges begin, end and step as in Python (see {@link range} for ranges of numbers that are computed). The result of integers,
     * ranges and `null` shares memory with x, but for negative steps.
     *
     * Index tensors broadcast against each other, and pick together: their axes, in the shape that they broadcast to, stand where the
     * first of them stood where they were neighbours, and else first. Integers do not count here, as in PyTorch, unlike in NumPy.
     *
     * How much a mask picks only its values say, so that {@link atAsync} takes masks. {@link maskedFill}, {@link withAt} and {@link where}
     * need not know.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError; IndexError for an integer outside its axis. An index tensor with an element outside rejects the read of
     * the result with IndexError.
     */
    at(...items: AtItem[]): Tensor;
    /**
     * As {@link at}, also of masks: a promise, since the shape of the result depends on the values of the masks. A mask stands for index
     * tensors with the positions at which it holds. Gradients flow to `x`. Not within compiled functions.
     *
     * ```ts
     * await x.atAsync(x.gt(0));        // the positive elements, in a vector
     * await x.atAsync(':', rows);      // columns of which the vector `rows` of dtype bool says true
     * ```
     *
     * Here `x` is this tensor.
     *
     * @throws as {@link at}.
     */
    atAsync(...items: AtItem[]): Promise<Tensor>;
    /**
     * A copy of `x` in which what `at(...items)` picks is `value`, which broadcasts to it and takes the dtype of `x`. `x` itself does not
     * change: `x = x.withAt([0, '1:3'], 7)`.
     *
     * ```ts
     * x.withAt(0, row);                                // x[0] = row
     * x.withAt(['...', '::2'], 0);                     // x[..., ::2] = 0
     * x.withAt(mask, 0);                               // x[mask] = 0, here without a promise
     * x.withAt([rows, columns], 1, { accumulate: true });
     * ```
     *
     * Next to a mask there may be ranges only, and `value` must fit what is picked for each position at which the mask holds: a number, or
     * a tensor with at most the dimensions behind the mask; {@link maskedScatter} writes other values.
     *
     * Where indices repeat and nothing is accumulated, each element of `value` has the gradient of the place, as in PyTorch.
     *
     * Here `x` is this tensor.
     *
     * @param items the items of {@link at}: an array of them, or a single one.
     * @throws as {@link at}; ShapeError where `value` does not broadcast.
     */
    withAt(items: AtItem | readonly AtItem[], value: TensorLike, options?: WithAtOptions): Tensor;
    /**
     * The bits that both have, of integers or bool, broadcast.
     *
     * @throws DTypeError for floats; ShapeError
     */
    bitwiseAnd(b: TensorLike): Tensor;
    /**
     * The bits that either has, of integers or bool, broadcast.
     *
     * @throws DTypeError for floats; ShapeError
     */
    bitwiseOr(b: TensorLike): Tensor;
    /**
     * The bits that exactly one has, of integers or bool, broadcast.
     *
     * @throws DTypeError for floats; ShapeError
     */
    bitwiseXor(b: TensorLike): Tensor;
    /**
     * All bits turned round: `-1 - x` of signed integers, not x of bool.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError for floats
     */
    bitwiseNot(): Tensor;
    /**
     * `a * 2^b` of integers, without the bits that leave; 0 for a negative `b`. Broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws DTypeError, ShapeError
     */
    bitwiseLeftShift(b: TensorLike): Tensor;
    /**
     * `a / 2^b` of integers, rounded down; all bits are the sign's for a negative `b`. Broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws DTypeError, ShapeError
     */
    bitwiseRightShift(b: TensorLike): Tensor;
    /**
     * The greatest common divisor of integers, at least 0; `gcd(0, 0)` is 0. Broadcast.
     *
     * @throws DTypeError, ShapeError
     */
    gcd(b: TensorLike): Tensor;
    /**
     * The least common multiple of integers, at least 0; 0 where either is. Broadcast.
     *
     * @throws DTypeError, ShapeError
     */
    lcm(b: TensorLike): Tensor;
    /**
     * Whether each element is NaN, as bool.
     */
    isnan(): Tensor;
    /**
     * Whether each element is Infinity or -Infinity, as bool.
     */
    isinf(): Tensor;
    /**
     * Whether each element is neither infinite nor NaN, as bool.
     */
    isfinite(): Tensor;
    /**
     * Whether each element is Infinity, as bool.
     */
    isposinf(): Tensor;
    /**
     * Whether each element is -Infinity, as bool.
     */
    isneginf(): Tensor;
    /**
     * Whether each element has the sign of negative numbers, as bool; -0 has it too.
     */
    signbit(): Tensor;
    /**
     * The lower triangle of matrices, the last two dimensions, with zeros above: what lies on `diagonal` (default 0, the main one; 1 is
     * the one above it) and below.
     *
     * @throws ArgumentError for fewer than two dimensions.
     */
    tril(diagonal?: number): Tensor;
    /**
     * The upper triangle of matrices, the last two dimensions, with zeros below: what lies on `diagonal` (default 0, the main one; 1 is
     * the one above it) and above.
     *
     * @throws ArgumentError for fewer than two dimensions.
     */
    triu(diagonal?: number): Tensor;
    /**
     * The diagonal of the matrices in `axis0` and `axis1` (default the first two), as a last dimension; `offset` 1 is the diagonal above the
     * main one, -1 the one below.
     *
     * @throws ArgumentError
     */
    diagonal(offset?: number, axis0?: number, axis1?: number): Tensor;
    /**
     * The sum of the main diagonal of a matrix.
     *
     * @throws ArgumentError
     */
    trace(): Tensor;
    /**
     * Square matrices with the last dimension of `x` on the diagonal `offset` and zeros elsewhere, in `axis0` and `axis1` of the result
     * (default the last two).
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError
     */
    diagEmbed(offset?: number, axis0?: number, axis1?: number): Tensor;
    /**
     * Of a vector the matrix with it on the diagonal `offset`, of a matrix that diagonal.
     *
     * @throws ArgumentError
     */
    diag(offset?: number): Tensor;
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
     * A copy of `base` with `out[index[i][j]][j] = src[i][j]` for axis 0, alike for others; a number as `src` stands for a tensor full of it.
     * Where indices repeat the last one counts, and each source has the gradient of the place, as in PyTorch. Index and source fit as in
     * {@link scatterAdd}.
     *
     * Here `base` is this tensor.
     *
     * @throws ShapeError where the index is larger; DTypeError
     */
    scatter(axis: number, index: Tensor, src: TensorLike): Tensor;
    /**
     * A copy of `base` with all of `src` that the index sends to one place joined to one value, as {@link scatterAdd} adds it. Ties of
     * `max` and `min` share the gradient. (PyTorch calls these `amax` and `amin`.)
     *
     * Here `base` is this tensor.
     *
     * @throws ShapeError where the index is larger; DTypeError for the mean of integers; ArgumentError
     */
    scatterReduce(
      axis: number,
      index: Tensor,
      src: Tensor,
      reduce: ScatterReduction,
      options?: ScatterReduceOptions,
    ): Tensor;
    /**
     * The elements of the flattened tensor that the index names, in the index's shape; negative indices count from the end.
     *
     * @throws DTypeError
     */
    take(index: Tensor): Tensor;
    /**
     * {@link gather}, where index and `x` broadcast against each other off the axis: of what `argsort` and `argmax` with `keepDims` give. Without
     * an axis, of the flattened tensors.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError, DTypeError, ArgumentError
     */
    takeAlongDim(index: Tensor, axis?: number | null): Tensor;
    /**
     * A copy of `x` with `alpha * src` added to the entries along `axis` that the vector `index` names.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError, DTypeError
     */
    indexAdd(axis: number, index: Tensor, src: Tensor, options?: IndexAddOptions): Tensor;
    /**
     * A copy of `x` with the entries along `axis` that the vector `index` names replaced by those of `src`; of equal indices the last counts.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError, DTypeError
     */
    indexCopy(axis: number, index: Tensor, src: Tensor): Tensor;
    /**
     * A copy of `x` with the entries along `axis` that the vector `index` names filled with `value`.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError, DTypeError
     */
    indexFill(axis: number, index: Tensor, value: number): Tensor;
    /**
     * `value`, a number or a scalar tensor, where the mask holds, else `x`, in the dtype of `x`; the mask broadcasts.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError unless the mask is bool; ShapeError; ArgumentError for a value of more than one element.
     */
    maskedFill(mask: Tensor, value: TensorLike): Tensor;
    /**
     * The elements of `source`, in row-major order, one after the other where the mask holds, else `x`; the mask broadcasts to `x`. A source
     * with too few elements rejects the read of the result with IndexError.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError unless the mask is bool and the dtypes are equal; ShapeError.
     */
    maskedScatter(mask: Tensor, source: Tensor): Tensor;
    /**
     * A promise of the elements at which the mask holds, in a vector: its length only the mask's values say. The mask broadcasts against
     * `x`. Gradients flow to `x`. Not within compiled functions: there, {@link where} and {@link maskedFill} keep the shape.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError unless the mask is bool; ShapeError.
     */
    maskedSelect(mask: Tensor): Promise<Tensor>;
    /**
     * The first `size` elements at which the mask holds, in a vector, and `fillValue` where there are fewer: {@link maskedSelect} of a size
     * that is known, also within compiled functions. Gradients flow to `x`.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError unless the mask is bool; ShapeError; ArgumentError.
     */
    maskedSelectStatic(mask: Tensor, size: number, options?: MaskedSelectStaticOptions): Tensor;
    /**
     * `a + weight (b - a)`, broadcast; where the weight is at least 0.5 computed as `b - (1 - weight)(b - a)`, so that it is `b` at 1.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    lerp(b: Tensor, weight: TensorLike): Tensor;
    /**
     * `x + value * a * b`, broadcast.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError
     */
    addcmul(a: Tensor, b: Tensor, options?: AddcOptions): Tensor;
    /**
     * `x + value * a / b`, broadcast.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError
     */
    addcdiv(a: Tensor, b: Tensor, options?: AddcOptions): Tensor;
    /**
     * `log(exp(a) + exp(b))`, without overflow; broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    logaddexp(b: Tensor): Tensor;
    /**
     * `x * log(y)`, and 0 where x is 0, unless y is NaN; broadcast.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError
     */
    xlogy(y: TensorLike): Tensor;
    /**
     * NaN and infinities replaced by numbers; their gradient is 0. Integers stay as they are.
     */
    nanToNum(options?: NanToNumOptions): Tensor;
    /**
     * Whether `|a - b| <= atol + rtol |b|`, element by element, broadcast; infinities are close to themselves only.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    isclose(b: Tensor, options?: CloseOptions): Tensor;
    /**
     * A promise of whether all elements are close, as {@link isclose} has it.
     *
     * @throws ShapeError
     */
    allclose(b: Tensor, options?: CloseOptions): Promise<boolean>;
    /**
     * A promise of whether the shapes and all elements are equal; NaN equals nothing.
     */
    equal(b: Tensor): Promise<boolean>;
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
     * A promise of the places `[found, rank]` at which elements are not 0, in row-major order; int64. Not within compiled functions: there,
     * {@link nonzeroStatic} has a size.
     *
     * ```ts
     * const rows = (await x.nonzero()).unbind(1); // an index tensor for each axis
     * ```
     *
     * Here `x` is this tensor.
     */
    nonzero(): Promise<Tensor>;
    /**
     * A promise of the places `[found, rank]` at which elements are not 0, in row-major order; int64. Not within compiled functions: there,
     * {@link nonzeroStatic} has a size.
     *
     * ```ts
     * const rows = (await x.nonzero()).unbind(1); // an index tensor for each axis
     * ```
     *
     * Here `x` is this tensor.
     */
    argwhere(): Promise<Tensor>;
    /**
     * The first `size` places `[size, rank]` at which elements are not 0, and `fillValue` where there are fewer; int64.
     *
     * @throws ArgumentError
     */
    nonzeroStatic(size: number, options?: NonzeroStaticOptions): Tensor;
    /**
     * The p-norm over the axes, of all elements where none are given: `sum(|x|^p)^(1/p)`. `p` is 2 by default; 0 counts the elements
     * that are not 0, Infinity gives the largest `|x|`, -Infinity the smallest. The gradient where the norm is 0 is 0. Of a matrix and
     * p = 2 it is the Frobenius norm.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError for integers; ShapeError where there is nothing to choose from; ArgumentError
     */
    norm(p?: number, axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * The p-norm over the axes, of all elements where none are given: `sum(|x|^p)^(1/p)`. `p` is 2 by default; 0 counts the elements
     * that are not 0, Infinity gives the largest `|x|`, -Infinity the smallest. The gradient where the norm is 0 is 0. Of a matrix and
     * p = 2 it is the Frobenius norm.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError for integers; ShapeError where there is nothing to choose from; ArgumentError
     */
    vectorNorm(p?: number, axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Vectors divided by their norm: `x / max(norm(x), eps)`.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError, ArgumentError
     */
    normalize(options?: NormalizeOptions): Tensor;
    /**
     * Surrounded on all sides; negative counts cut off.
     *
     * ```ts
     * x.pad([[0, 0], [2, 1]]);                        // [before, after] of each dimension, first to last
     * x.pad([2, 1]);                                  // PyTorch's order: before and after the last dimension,
     * x.pad([2, 1, 4, 3], { mode: 'reflect' });       // then the one before it: left, right, top, bottom
     * ```
     *
     * Here `x` is this tensor.
     *
     * @param padding pairs, one for each dimension; or a flat list of numbers in PyTorch's order, which begins with the last dimension
     * and may end early.
     * @param options mode and value; a number is the value.
     * @throws ArgumentError; ShapeError where more is cut off than there is, or a mode needs more entries than there are: `reflect`
     * one more than the padding, `circular` as many, `replicate` one.
     */
    pad(padding: readonly (readonly [number, number])[] | readonly number[], options?: number | PadOptions): Tensor;
    /**
     * A copy of `x` whose entry `index` along `axis` is `src`, which broadcasts to it.
     *
     * Here `x` is this tensor.
     *
     * @throws IndexError; ShapeError; ArgumentError
     */
    selectScatter(src: TensorLike, axis: number, index: number): Tensor;
    /**
     * A copy of `x` whose entries `begin`, `begin + step`, ... before `end` along `axis` are `src`, which broadcasts to them.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError; ArgumentError
     */
    sliceScatter(src: TensorLike, axis?: number, begin?: number | null, end?: number | null, step?: number): Tensor;
    /**
     * A copy of `x` in which the places that `indices` name, one tensor for each of the first axes and null for a whole axis, are `values`.
     *
     * Here `x` is this tensor.
     *
     * @throws IndexError, when the result is read; ShapeError; ArgumentError
     */
    indexPut(indices: readonly (Tensor | null)[], values: TensorLike, options?: WithAtOptions): Tensor;
    /**
     * `min(max(x, low), high)`, by default -1 and 1; unlike {@link clamp} without a gradient at the bounds themselves.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError
     */
    hardtanh(low?: number, high?: number): Tensor;
    /**
     * `min(max(x, 0), 6)`.
     *
     * Here `x` is this tensor.
     */
    relu6(): Tensor;
    /**
     * `min(max(x + 3, 0), 6) / 6`.
     *
     * Here `x` is this tensor.
     */
    hardsigmoid(): Tensor;
    /**
     * `x * hardsigmoid(x)`. (Howard et al. 2019)
     *
     * Here `x` is this tensor.
     */
    hardswish(): Tensor;
    /**
     * `scale * x` where `x > 0`, else `scale * alpha * (exp(x) - 1)`, with the constants of self-normalizing networks.
     *
     * Here `x` is this tensor.
     */
    selu(): Tensor;
    /**
     * `x` where `x > 0`, else `alpha * (exp(x / alpha) - 1)`; alpha is 1 by default.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError for alpha 0.
     */
    celu(alpha?: number): Tensor;
    /**
     * `log(sigmoid(x))`, without its loss of precision.
     *
     * Here `x` is this tensor.
     */
    logSigmoid(): Tensor;
    /**
     * `x * tanh(log(1 + exp(x)))`. (Misra 2019)
     *
     * Here `x` is this tensor.
     */
    mish(): Tensor;
    /**
     * `x` moved by `lambda` (default 0.5) towards 0, and 0 where it would pass it.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError for a negative lambda.
     */
    softshrink(lambda?: number): Tensor;
    /**
     * `x`, and 0 from `-lambda` to `lambda` (default 0.5).
     *
     * Here `x` is this tensor.
     */
    hardshrink(lambda?: number): Tensor;
    /**
     * `x - tanh(x)`.
     *
     * Here `x` is this tensor.
     */
    tanhshrink(): Tensor;
    /**
     * `x` where it is above `bound`, else `value`.
     *
     * Here `x` is this tensor.
     */
    threshold(bound: number, value: number): Tensor;
    /**
     * `x` where `x > 0`, else `weight * x`: a leaky ReLU whose slope is learned, one for all (`[1]`), or one for each channel of
     * `[batch, channels, ...]`. (He et al. 2015)
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError
     */
    prelu(weight: Tensor): Tensor;
    /**
     * A leaky ReLU whose slopes are random while training, evenly from `lower` to `upper`.
     *
     * @throws ArgumentError
     */
    rrelu(options?: RreluOptions): Tensor;
    /**
     * The first half along `axis` times the sigmoid of the second. (Dauphin et al. 2017)
     *
     * @throws ShapeError for an odd extent.
     */
    glu(axis?: number): Tensor;
    /**
     * `exp(-x) / sum(exp(-x))` along `axis` (default -1).
     *
     * Here `x` is this tensor.
     */
    softmin(axis?: number): Tensor;
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
     * `a / b`, broadcast; integers are divided as float32, unless the quotient is rounded.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError, ArgumentError; of rounded quotients also DTypeError (bool), and ArgumentError for an integer divided by 0 when
     * the result is read.
     */
    div(b: TensorLike, options?: DivOptions): Tensor;
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
     * `out[i][j] = a[i] b[j]` of two vectors.
     *
     * Here `a` is this tensor.
     *
     * @throws ArgumentError
     */
    outer(b: Tensor): Tensor;
    /**
     * `sum(a[i] b[i])` of two vectors.
     *
     * Here `a` is this tensor.
     *
     * @throws ArgumentError; ShapeError when the lengths differ.
     */
    dot(b: Tensor): Tensor;
    /**
     * Sums of products over the last axes of both, `[..., k] x [..., k]`; of a scalar, the product.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    inner(b: Tensor): Tensor;
    /**
     * Sums of products over axes of both: over the last `axes` of `a` and the first of `b`, or over the axes listed for each. What is left
     * are the other axes of `a`, then those of `b`.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError where sizes differ; ArgumentError
     */
    tensordot(b: Tensor, axes?: number | readonly [readonly number[], readonly number[]]): Tensor;
    /**
     * The Kronecker product: each element of `a` times all of `b`, `[m, n] x [p, q] -> [m p, n q]`; of any number of dimensions, where
     * missing ones in front have size 1.
     *
     * Here `a` is this tensor.
     *
     * @throws ArgumentError where it would take more than eight dimensions
     */
    kron(b: Tensor): Tensor;
    /**
     * Vector products of the vectors along `axis` (default the last), of which there are three components; the rest broadcasts.
     *
     * @throws ShapeError
     */
    cross(b: Tensor, axis?: number): Tensor;
    /**
     * The value below which a part `q`, from 0 to 1, of the elements along `axis` lies, or of all elements. Several parts, in an array or a
     * vector, give a first dimension of as many results. NaN if there is one.
     *
     * @throws ArgumentError; DTypeError for integers; ShapeError when there is nothing to choose from.
     */
    quantile(
      q: number | readonly number[] | Tensor,
      axis?: number | null,
      keepDims?: boolean,
      options?: QuantileOptions,
    ): Tensor;
    /**
     * {@link quantile} of the elements that are not NaN; NaN where there are none.
     *
     * @throws as quantile.
     */
    nanquantile(
      q: number | readonly number[] | Tensor,
      axis?: number | null,
      keepDims?: boolean,
      options?: QuantileOptions,
    ): Tensor;
    /**
     * Sets elements to 0 with the given probability and divides the others by `1 - probability`, so that the mean stays. Does
     * nothing unless `training`. (Srivastava et al. 2014)
     *
     * @throws ArgumentError for a probability outside [0, 1].
     */
    dropout(probability?: number, options?: { training?: boolean; generator?: Generator }): Tensor;
    /**
     * `count` places (int64) drawn from each row of `[classes]` or `[rows, classes]`, as likely as the weights there say, which need not add
     * up to 1. Without replacement each place is drawn at most once, one after the other. The same seed draws the same places.
     *
     * Here `weights` is this tensor.
     *
     * @throws ArgumentError where there are fewer classes than `count`; DTypeError for integers; ShapeError. Weights that are negative,
     * infinite or NaN, and rows with too few that are not 0, reject the read of the result with ArgumentError.
     */
    multinomial(count: number, options?: MultinomialOptions): Tensor;
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
     * Whether all elements are not 0, bool; true of nothing.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    all(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Whether any element is not 0, bool; false of nothing.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    any(axes?: Axes, keepDims?: boolean): Tensor;
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
     * The whole tensor repeated `repeats[i]` times along axis i; more repeats than axes add axes in front. A copy. (NumPy's `tile` with
     * as many repeats; {@link repeatInterleave} repeats each element.)
     *
     * @throws ArgumentError for fewer repeats than axes.
     */
    repeat(repeats: readonly number[]): Tensor;
    /**
     * As {@link repeat}, where counts that are missing in front are 1.
     *
     * @throws ArgumentError
     */
    tile(repeats: readonly number[]): Tensor;
    /**
     * Each entry along `axis` `repeats` times in a row; of the flattened tensor where no axis is given. A copy.
     *
     * @throws ArgumentError
     */
    repeatInterleave(repeats: number, axis?: number | null): Tensor;
    /**
     * A promise of each entry along `axis` as many times in a row as `repeats`, a vector of an integer dtype, says for it; of the flattened
     * tensor where no axis is given. Gradients flow to `x`. Not within compiled functions: there, {@link repeatInterleaveStatic} has a size.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError; ShapeError unless there is a count for each entry; ArgumentError for negative counts.
     */
    repeatInterleaveAsync(repeats: Tensor, axis?: number | null): Promise<Tensor>;
    /**
     * {@link repeatInterleaveAsync} of `outputSize` entries in all, which must be the sum of the repeats: then the result is no promise. Too
     * many reject the read of the result with IndexError, of too few the rest is left out.
     *
     * @throws DTypeError; ShapeError unless there is a count for each entry; ArgumentError
     */
    repeatInterleaveStatic(repeats: Tensor, outputSize: number, axis?: number | null): Tensor;
    /**
     * Entries moved on by `shifts` along the axes, those beyond the end to the beginning; without axes, in the flattened tensor.
     *
     * @throws ArgumentError unless there is a shift for each axis.
     */
    roll(shifts: number | readonly number[], axes?: number | readonly number[] | null): Tensor;
    /**
     * Turned `k` times by 90 degrees from the first axis towards the second.
     *
     * @throws ArgumentError
     */
    rot90(k?: number, axes?: readonly [number, number]): Tensor;
    /**
     * All choices of `r` elements of a vector, each in the order of the vector: `[choices, r]`; with replacement an element may be chosen
     * again.
     *
     * @throws ArgumentError
     */
    combinations(r?: number, withReplacement?: boolean): Tensor;
    /**
     * The largest whole number that is at most x; integers stay as they are. The gradient is 0.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError (bool)
     */
    floor(): Tensor;
    /**
     * The least whole number that is at least x; integers stay as they are. The gradient is 0.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError (bool)
     */
    ceil(): Tensor;
    /**
     * The nearest whole number, and of two equally near ones the even one: 2.5 becomes 2. With `decimals` the nearest multiple of
     * `10^-decimals`, computed as `round(x * 10^decimals) / 10^decimals`. The gradient is 0.
     *
     * Here `x` is this tensor.
     *
     * @param decimals digits after the point, or before it where negative. Default 0.
     * @throws DTypeError for bool, and for integers with decimals; ArgumentError for decimals that are no integer.
     */
    round(decimals?: number): Tensor;
    /**
     * x without the digits after the point; integers stay as they are. The gradient is 0.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError (bool)
     */
    trunc(): Tensor;
    /**
     * What {@link trunc} leaves out, `x - trunc(x)`, with the sign of x.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError (bool)
     */
    frac(): Tensor;
    /**
     * `a / b` rounded down, broadcast; of integers an integer. The gradient is 0.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError, DTypeError (bool); ArgumentError for an integer divided by 0, when the result is read.
     */
    floorDivide(b: TensorLike): Tensor;
    /**
     * What {@link floorDivide} leaves, `a - b * floor(a / b)`, broadcast: it has the sign of `b`, as in Python.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError, DTypeError (bool); ArgumentError for an integer divided by 0, when the result is read.
     */
    remainder(b: TensorLike): Tensor;
    /**
     * `a - b * trunc(a / b)`, broadcast: it has the sign of `a`, as `%` of JavaScript.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError, DTypeError (bool); ArgumentError for an integer divided by 0, when the result is read.
     */
    fmod(b: TensorLike): Tensor;
    /**
     * 1 with the probability that each element says, else 0; of its shape and dtype. The result has no gradient.
     */
    bernoulliLike(options?: { generator?: Generator }): Tensor;
    /**
     * A draw from the distribution that `logits` describe along an axis, as a vector that can be differentiated:
     * `softmax((logits + gumbel) / tau)`. (Jang et al. 2017; Maddison et al. 2017)
     *
     * Here `logits` is this tensor.
     *
     * @throws ArgumentError
     */
    gumbelSoftmax(options?: GumbelSoftmaxOptions): Tensor;
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
     * Products of the elements up to and with each one along `axis`, in the shape of `x`. Float32 is multiplied in float64. Gradients are
     * right at zeros too.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError for an axis that is not there; DTypeError for the dtype bool.
     */
    cumprod(axis: number, options?: CumsumOptions): Tensor;
    /**
     * `[values, indices]`: the largest of the elements up to and with each one along `axis`, and where it is (int64), the last of equal
     * ones. NaN is the largest of all that follows it. Gradients flow to the elements at the indices.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    cummax(axis: number): [values: Tensor, indices: Tensor];
    /**
     * `[values, indices]`: as {@link cummax}, the smallest. NaN is the smallest of all that follows it.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    cummin(axis: number): [values: Tensor, indices: Tensor];
    /**
     * `log(sum(exp(x)))` of the elements up to and with each one along `axis`, without overflow. Integers become float32.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    logcumsumexp(axis: number): Tensor;
    /**
     * Which elements of `x` are among `elements`, a tensor or a number; bool, in the shape of `x`. NaN is among none.
     *
     * Here `x` is this tensor.
     */
    isin(elements: TensorLike, options?: IsinOptions): Tensor;
    /**
     * A promise of the different values of `x` in ascending order, with their counts; each NaN is different from all others. With an axis, of
     * the different entries along it, in the order of their first elements that differ. Without gradients.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    unique(options?: UniqueOptions): Promise<Unique>;
    /**
     * As {@link unique}, of a size that is known, also within compiled functions: the first `size` values, and behind them `fillValue`, which
     * occurs 0 times. Without gradients.
     *
     * @throws ArgumentError
     */
    uniqueStatic(size: number, options?: UniqueStaticOptions): Unique;
    /**
     * A promise of the values of `x` without those that repeat the one before, with the lengths of these runs; with an axis, of the entries
     * along it. Without gradients.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    uniqueConsecutive(options?: UniqueOptions): Promise<Unique>;
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
    /**
     * `[values, indices]`: the elements along `axis` in ascending order, and where each one was (int64). Equal elements keep their order,
     * also in descending order, and NaN is larger than every number. Gradients flow back by the indices.
     *
     * @throws ArgumentError for an axis that is not there.
     */
    sort(axis?: number, options?: SortOptions): [values: Tensor, indices: Tensor];
    /**
     * The indices alone of {@link sort}: `x.takeAlongDim(x.argsort(axis), axis)` is sorted.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError
     */
    argsort(axis?: number, options?: SortOptions): Tensor;
    /**
     * The values alone of {@link sort} along the first axis, in ascending order.
     */
    msort(): Tensor;
    /**
     * `[values, indices]`: the `k` largest elements along `axis`, and where they are (int64), without sorting the rest. Of equal elements the
     * first are taken; NaN is larger than every number. Gradients flow back by the indices.
     *
     * @throws ArgumentError where there are fewer than k.
     */
    topk(k: number, axis?: number, options?: TopkOptions): [values: Tensor, indices: Tensor];
    /**
     * `[values, indices]`: the `k`-th smallest element along `axis`, counted from 1, and where it is (int64): of equal elements, the one that
     * {@link sort} puts there.
     *
     * @throws ArgumentError for a k outside the axis; ShapeError when there is nothing to choose from.
     */
    kthvalue(k: number, axis?: number, keepDims?: boolean): [values: Tensor, indices: Tensor];
    /**
     * The element in the middle along `axis`, or of all elements: of an even number the lower one of two, as in PyTorch; {@link quantile} of
     * 0.5 is the mean of both. NaN if there is one.
     *
     * @throws ArgumentError; ShapeError when there is nothing to choose from.
     */
    median(axis?: number | null, keepDims?: boolean): Tensor;
    /**
     * {@link median} of the elements that are not NaN; NaN where there are none.
     *
     * @throws ArgumentError, ShapeError
     */
    nanmedian(axis?: number | null, keepDims?: boolean): Tensor;
    /**
     * `[values, indices]`: {@link median} along one axis, and where it is (int64).
     *
     * @throws ArgumentError, ShapeError
     */
    medianWithIndices(axis?: number, keepDims?: boolean): [values: Tensor, indices: Tensor];
    /**
     * `[values, indices]`: {@link nanmedian} along one axis, and where it is (int64).
     *
     * @throws ArgumentError, ShapeError
     */
    nanmedianWithIndices(axis?: number, keepDims?: boolean): [values: Tensor, indices: Tensor];
    /**
     * `[values, indices]`: the most frequent element along `axis`, of several the smallest, and the last place where it is (int64).
     *
     * @throws ArgumentError; ShapeError when there is nothing to choose from.
     */
    mode(axis?: number, keepDims?: boolean): [values: Tensor, indices: Tensor];
    /**
     * `[values, indices]`: the largest element along `axis`, and where the first one is (int64); NaN is larger than every number. What
     * PyTorch's `max` along an axis gives. The gradient flows to that one element, whereas {@link max} shares it among equal ones.
     *
     * @throws ArgumentError; ShapeError when there is nothing to choose from.
     */
    maxWithIndices(axis: number, keepDims?: boolean): [values: Tensor, indices: Tensor];
    /**
     * `[values, indices]`: as {@link maxWithIndices}, the smallest element; NaN is smaller than every number here.
     *
     * @throws ArgumentError; ShapeError when there is nothing to choose from.
     */
    minWithIndices(axis: number, keepDims?: boolean): [values: Tensor, indices: Tensor];
    /**
     * Where each value belongs in a sorted sequence: how many of its elements are less, or not larger with `right`. The sequence is a vector,
     * or has a row for each row of the values, as `[..., n]` and `[..., k]`. NaN belongs behind all. The result has the shape of the values.
     *
     * Here `sequence` is this tensor.
     *
     * @throws ShapeError; ArgumentError where `side` contradicts `right`.
     */
    searchsorted(values: TensorLike, options?: SearchsortedOptions): Tensor;
    /**
     * {@link searchsorted} of `x` in a vector of boundaries.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError
     */
    bucketize(boundaries: Tensor, options?: BucketizeOptions): Tensor;
    /**
     * `2 ^ x`, exact for whole x.
     *
     * Here `x` is this tensor.
     */
    exp2(): Tensor;
    /**
     * `exp(x) - 1`, exact near 0.
     *
     * Here `x` is this tensor.
     */
    expm1(): Tensor;
    /**
     * `log(1 + x)`, exact near 0.
     *
     * Here `x` is this tensor.
     */
    log1p(): Tensor;
    /**
     * Logarithm to base 2, exact for powers of 2.
     */
    log2(): Tensor;
    /**
     * Logarithm to base 10.
     */
    log10(): Tensor;
    /**
     * `1 - erf(x)`, exact where `erf(x)` is near 1.
     *
     * Here `x` is this tensor.
     */
    erfc(): Tensor;
    /**
     * The inverse of the error function; infinite at -1 and 1, NaN outside.
     */
    erfinv(): Tensor;
    /**
     * `log(|gamma(x)|)`.
     *
     * Here `x` is this tensor.
     */
    lgamma(): Tensor;
    /**
     * The derivative of {@link lgamma}.
     */
    digamma(): Tensor;
    /**
     * The derivative of order `n` of {@link digamma}, n from 0 to 32.
     *
     * @throws ArgumentError for other n.
     */
    polygamma(n: number): Tensor;
    /**
     * `sqrt(a^2 + b^2)` without overflow on the way, broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    hypot(b: TensorLike): Tensor;
    /**
     * The magnitude of `a` with the sign of `b`, also of -0, broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    copysign(b: TensorLike): Tensor;
    /**
     * `1 / x`.
     *
     * Here `x` is this tensor.
     */
    reciprocal(): Tensor;
    /**
     * `x * 2^exponent`, broadcast.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError
     */
    ldexp(exponent: Tensor): Tensor;
    /**
     * `a ^ b` in float64, broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    floatPower(b: TensorLike): Tensor;
    /**
     * `log(x / (1 - x))`, the inverse of the sigmoid; infinite at 0 and 1, NaN outside.
     *
     * Here `x` is this tensor.
     *
     * @param eps where given, x is first cut off at `eps` and `1 - eps`.
     */
    logit(eps?: number | null): Tensor;
    /**
     * `log2(2^a + 2^b)`, without overflow; broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    logaddexp2(b: Tensor): Tensor;
    /**
     * `x * log1p(y)`, and 0 where x is 0, unless y is NaN; broadcast.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError
     */
    xlog1py(y: Tensor): Tensor;
    /**
     * The larger of `a` and `b`, and the other where one is NaN; of equal ones `a` has the gradient. Broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    fmax(b: Tensor): Tensor;
    /**
     * The smaller of `a` and `b`, and the other where one is NaN; of equal ones `a` has the gradient. Broadcast.
     *
     * Here `a` is this tensor.
     *
     * @throws ShapeError
     */
    fmin(b: Tensor): Tensor;
    /**
     * 0 where `x < 0`, 1 where `x > 0`, and `values` where x is 0; broadcast. NaN gives 0.
     *
     * Here `x` is this tensor.
     *
     * @throws ShapeError
     */
    heaviside(values: TensorLike): Tensor;
    /**
     * How many elements are not 0 over the axes; int64.
     *
     * @throws ArgumentError
     */
    countNonzero(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * {@link variance} and {@link mean} over the axes.
     *
     * @throws ArgumentError
     */
    varMean(axes?: Axes, keepDims?: boolean, options?: SpreadOptions): [Tensor, Tensor];
    /**
     * {@link std} and {@link mean} over the axes.
     *
     * @throws ArgumentError
     */
    stdMean(axes?: Axes, keepDims?: boolean, options?: SpreadOptions): [Tensor, Tensor];
    /**
     * Sum of what is not NaN over the axes.
     *
     * @throws ArgumentError
     */
    nansum(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Mean of what is not NaN over the axes; NaN where there is nothing else.
     *
     * @throws DTypeError for integers; ArgumentError
     */
    nanmean(axes?: Axes, keepDims?: boolean): Tensor;
    /**
     * Differences of neighbours along an axis, `x[i + 1] - x[i]`; of bool, whether they differ.
     *
     * Here `x` is this tensor.
     *
     * @throws ArgumentError, ShapeError
     */
    diff(options?: DiffOptions): Tensor;
    /**
     * Covariances of variables, the rows of `[variables, observations]`: `[variables, variables]`; of one variable its variance.
     *
     * @throws ShapeError
     */
    cov(options?: CovOptions): Tensor;
    /**
     * Correlations of variables, the rows of `[variables, observations]`, from -1 to 1.
     *
     * @throws ShapeError
     */
    corrcoef(): Tensor;
    /**
     * How many elements lie in each interval, in the dtype of `x`; others are left out.
     *
     * Here `x` is this tensor.
     *
     * @throws DTypeError; ArgumentError
     */
    histc(options?: HistcOptions): Tensor;
    /**
     * How often each of the numbers 0 to `length - 1` occurs among the elements, a vector of an integer dtype; int64, or with weights
     * their sums. A number outside rejects the read of the result with IndexError.
     *
     * @throws DTypeError, ShapeError, ArgumentError
     */
    bincountStatic(length: number, options?: BincountOptions): Tensor;
    /**
     * As {@link bincountStatic}, up to the largest number among the elements, or to `minLength`: a promise, since the length depends on
     * the values.
     *
     * @throws DTypeError, ShapeError, ArgumentError
     */
    bincount(options?: BincountOptions & { minLength?: number }): Promise<Tensor>;
    /**
     * Tangent of radians.
     */
    tan(): Tensor;
    /**
     * The angle from `-pi / 2` to `pi / 2` that has the sine x; NaN outside [-1, 1].
     *
     * Here `x` is this tensor.
     */
    asin(): Tensor;
    /**
     * The angle from 0 to pi that has the cosine x; NaN outside [-1, 1].
     *
     * Here `x` is this tensor.
     */
    acos(): Tensor;
    /**
     * The angle from `-pi / 2` to `pi / 2` that has the tangent x.
     *
     * Here `x` is this tensor.
     */
    atan(): Tensor;
    /**
     * The angle from -pi to pi of the point (x, y), broadcast; signs of zeros count.
     *
     * Here `y` is this tensor.
     *
     * @throws ShapeError
     */
    atan2(x: TensorLike): Tensor;
    /**
     * Hyperbolic sine, `(exp(x) - exp(-x)) / 2`.
     *
     * Here `x` is this tensor.
     */
    sinh(): Tensor;
    /**
     * Hyperbolic cosine, `(exp(x) + exp(-x)) / 2`.
     *
     * Here `x` is this tensor.
     */
    cosh(): Tensor;
    /**
     * Inverse of {@link sinh}, `log(x + sqrt(x^2 + 1))`.
     *
     * Here `x` is this tensor.
     */
    asinh(): Tensor;
    /**
     * Inverse of {@link cosh}, `log(x + sqrt(x^2 - 1))`; NaN below 1.
     *
     * Here `x` is this tensor.
     */
    acosh(): Tensor;
    /**
     * Inverse of the hyperbolic tangent, `log((1 + x) / (1 - x)) / 2`; NaN outside [-1, 1].
     *
     * Here `x` is this tensor.
     */
    atanh(): Tensor;
    /**
     * Degrees as radians, `x * pi / 180`.
     *
     * Here `x` is this tensor.
     */
    deg2rad(): Tensor;
    /**
     * Radians as degrees, `x * 180 / pi`.
     *
     * Here `x` is this tensor.
     */
    rad2deg(): Tensor;
    /**
     * `sin(pi x) / (pi x)`, and 1 at 0.
     *
     * Here `x` is this tensor.
     */
    sinc(): Tensor;
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
  select,
  narrow,
  unbind,
  chunk,
  tensorSplit,
  swapaxes,
  moveaxis,
  unflatten,
  expandAs,
  broadcastTo,
  atleast1d,
  atleast2d,
  atleast3d,
  at,
  atAsync,
  withAt,
  bitwiseAnd,
  bitwiseOr,
  bitwiseXor,
  bitwiseNot,
  bitwiseLeftShift,
  bitwiseRightShift,
  gcd,
  lcm,
  isnan,
  isinf,
  isfinite,
  isposinf,
  isneginf,
  signbit,
  tril,
  triu,
  diagonal,
  trace,
  diagEmbed,
  diag,
  indexSelect,
  gather,
  scatterAdd,
  oneHot,
  scatter,
  scatterReduce,
  take,
  takeAlongDim,
  indexAdd,
  indexCopy,
  indexFill,
  maskedFill,
  maskedScatter,
  maskedSelect,
  maskedSelectStatic,
  lerp,
  addcmul,
  addcdiv,
  logaddexp,
  xlogy,
  nanToNum,
  isclose,
  allclose,
  equal,
  matmul,
  nonzero,
  argwhere: nonzero,
  nonzeroStatic,
  norm,
  vectorNorm: norm,
  normalize,
  pad,
  selectScatter,
  sliceScatter,
  indexPut,
  hardtanh,
  relu6,
  hardsigmoid,
  hardswish,
  selu,
  celu,
  logSigmoid,
  mish,
  softshrink,
  hardshrink,
  tanhshrink,
  threshold,
  prelu,
  rrelu,
  glu,
  softmin,
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
  outer,
  dot,
  inner,
  tensordot,
  kron,
  cross,
  quantile,
  nanquantile,
  dropout,
  multinomial,
  sum,
  mean,
  max,
  min,
  prod,
  all,
  any,
  argmax,
  argmin,
  variance,
  std,
  repeat,
  tile,
  repeatInterleave,
  repeatInterleaveAsync,
  repeatInterleaveStatic,
  roll,
  rot90,
  combinations,
  floor,
  ceil,
  round,
  trunc,
  frac,
  floorDivide,
  remainder,
  fmod,
  bernoulliLike,
  gumbelSoftmax,
  cumsum,
  cumprod,
  cummax,
  cummin,
  logcumsumexp,
  isin,
  unique,
  uniqueStatic,
  uniqueConsecutive,
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
  assign,
  softmax,
  logSoftmax,
  logSumExp,
  sort,
  argsort,
  msort,
  topk,
  kthvalue,
  median,
  nanmedian,
  medianWithIndices,
  nanmedianWithIndices,
  mode,
  maxWithIndices,
  minWithIndices,
  searchsorted,
  bucketize,
  exp2,
  expm1,
  log1p,
  log2,
  log10,
  erfc,
  erfinv,
  lgamma,
  digamma,
  polygamma,
  hypot,
  copysign,
  reciprocal,
  ldexp,
  floatPower,
  logit,
  logaddexp2,
  xlog1py,
  fmax,
  fmin,
  heaviside,
  countNonzero,
  varMean,
  stdMean,
  nansum,
  nanmean,
  diff,
  cov,
  corrcoef,
  histc,
  bincountStatic,
  bincount,
  tan,
  asin,
  acos,
  atan,
  atan2,
  sinh,
  cosh,
  asinh,
  acosh,
  atanh,
  deg2rad,
  rad2deg,
  sinc,
});
