// Initialisers: each fills a tensor (a parameter, say) in place and returns it.
import { noGrad } from '../context';
import { ArgumentError } from '../errors';
import { full } from '../ops/create';
import { type Generator, normal as sampleNormal, uniform as sampleUniform } from '../ops/random';
import { truncatedNormal } from '../ops/sampling';
import { stack } from '../ops/shape';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';

/** What the gain depends on: the function that follows the layer. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu';

/** Source of the random numbers; default: the one that `manualSeed` seeds. */
export interface RandomOptions {
  /** Default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** Options of the Kaiming initialisers. */
export interface KaimingOptions extends RandomOptions {
  /** Negative slope of the leaky ReLU that follows. Default 0. */
  a?: number;
  /** `fanIn` keeps the variance going forward, `fanOut` that of gradients going back. Default fanIn. */
  mode?: 'fanIn' | 'fanOut';
  /** Default leakyRelu. */
  nonlinearity?: Nonlinearity;
}

/** Options of the Xavier initialisers. */
export interface XavierOptions extends RandomOptions {
  /** Factor of the standard deviation. Default 1. */
  gain?: number;
}

/** Fills with samples of the uniform distribution in [low, high), by default [0, 1). */
export function uniform(tensor: Tensor, options: { low?: number; high?: number } & RandomOptions = {}): Tensor {
  checkOptions('uniform', options, ['low', 'high', 'generator']);
  const { low = 0, high = 1, generator } = options;
  return fill(tensor, () => sampleUniform(tensor.shape, { low, high, dtype: tensor.dtype, generator }));
}

/** Fills with samples of the normal distribution, by default of mean 0 and standard deviation 1. */
export function normal(tensor: Tensor, options: { mean?: number; std?: number } & RandomOptions = {}): Tensor {
  checkOptions('normal', options, ['mean', 'std', 'generator']);
  const { mean = 0, std = 1, generator } = options;
  return fill(tensor, () => sampleNormal(tensor.shape, { mean, std, dtype: tensor.dtype, generator }));
}

/**
 * Fills with samples of the normal distribution, by default of mean 0 and standard deviation 1, that lie from `a` to `b`, by default
 * -2 and 2: the bounds are values, not numbers of standard deviations.
 *
 * @throws ArgumentError unless the interval holds some of the distribution.
 */
export function truncNormal(
  tensor: Tensor,
  options: { mean?: number; std?: number; a?: number; b?: number } & RandomOptions = {},
): Tensor {
  checkOptions('truncNormal', options, ['mean', 'std', 'a', 'b', 'generator']);
  return fill(tensor, () => truncatedNormal(tensor.shape, { ...options, dtype: tensor.dtype }));
}

/** Fills with one value. */
export function constant(tensor: Tensor, value: number): Tensor {
  return fill(tensor, () => full(tensor.shape, value, { dtype: tensor.dtype }));
}

/** Fills with zeros. */
export function zeros(tensor: Tensor): Tensor {
  return constant(tensor, 0);
}

/** Fills with ones. */
export function ones(tensor: Tensor): Tensor {
  return constant(tensor, 1);
}

/** Uniform in (-b, b), `b = gain * sqrt(3 / fan)`. (He et al. 2015) */
export function kaimingUniform(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd('kaimingUniform', tensor, options);
  return uniform(tensor, { low: -bound, high: bound, generator: options.generator });
}

/** Normal with standard deviation `gain / sqrt(fan)`. (He et al. 2015) */
export function kaimingNormal(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  return normal(tensor, { std: kaimingStd('kaimingNormal', tensor, options), generator: options.generator });
}

/** Uniform in (-b, b), `b = gain * sqrt(6 / (fanIn + fanOut))`. (Glorot & Bengio 2010) */
export function xavierUniform(tensor: Tensor, options: XavierOptions = {}): Tensor {
  const bound = Math.sqrt(3) * xavierStd('xavierUniform', tensor, options);
  return uniform(tensor, { low: -bound, high: bound, generator: options.generator });
}

/** Normal with standard deviation `gain * sqrt(2 / (fanIn + fanOut))`. (Glorot & Bengio 2010) */
export function xavierNormal(tensor: Tensor, options: XavierOptions = {}): Tensor {
  return normal(tensor, { std: xavierStd('xavierNormal', tensor, options), generator: options.generator });
}

/**
 * Fills with a matrix whose rows, or columns where there are more rows, are orthogonal and of length `gain` (default 1); further axes
 * count as columns. (Saxe et al. 2013)
 *
 * @throws ArgumentError for fewer than two axes.
 */
export function orthogonal(tensor: Tensor, options: XavierOptions = {}): Tensor {
  checkOptions('orthogonal', options, ['gain', 'generator']);
  const { gain = 1, generator } = options;
  const [rows, ...rest] = tensor.shape;
  if (rows === undefined || rest.length === 0) {
    throw new ArgumentError(`[orthogonal] expected at least two axes, received [${tensor.shape.join(', ')}]`);
  }
  const columns = rest.reduce((product, extent) => product * extent, 1);
  return fill(tensor, () => {
    const wide = sampleNormal([Math.min(rows, columns), Math.max(rows, columns)], { dtype: 'float64', generator });
    const basis = orthonormalRows(wide);
    return (rows > columns ? basis.transpose() : basis).mul(gain).reshape(tensor.shape);
  });
}

// By Gram and Schmidt, twice over, which leaves no more than rounding. Rows of a random matrix that are taken in turn are as good as
// those of its QR decomposition with a positive diagonal.
function orthonormalRows(rows: Tensor): Tensor {
  const found: Tensor[] = [];
  for (const row of rows.unbind()) {
    let rest = row;
    for (let pass = 0; pass < 2 && found.length > 0; pass++) {
      const basis = stack(found);
      rest = rest.sub(basis.matmul(rest).matmul(basis));
    }
    found.push(rest.div(rest.norm()));
  }
  return stack(found);
}

/** The factor that keeps the variance through a nonlinearity; `parameter` is the negative slope of a leaky ReLU. */
export function calculateGain(nonlinearity: Nonlinearity, parameter = 0.01): number {
  switch (nonlinearity) {
    case 'linear':
    case 'sigmoid':
      return 1;
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.SQRT2;
    case 'leakyRelu':
      return Math.sqrt(2 / (1 + parameter * parameter));
    case 'selu':
      return 3 / 4;
    default:
      throw new ArgumentError(`[calculateGain] unknown nonlinearity '${String(nonlinearity)}'`);
  }
}

/**
 * Inputs and outputs of one unit of a weight `[out, in, ...kernel]`: `in` and `out` times the elements of the kernel.
 *
 * @throws ArgumentError for fewer than two axes.
 */
export function calculateFans(tensor: Tensor): { fanIn: number; fanOut: number } {
  const [out, into, ...kernel] = tensor.shape;
  if (out === undefined || into === undefined) {
    throw new ArgumentError(`[calculateFans] a weight has at least two axes, received [${tensor.shape.join(', ')}]`);
  }
  const field = kernel.reduce((product, extent) => product * extent, 1);
  return { fanIn: into * field, fanOut: out * field };
}

function kaimingStd(owner: string, tensor: Tensor, options: KaimingOptions): number {
  checkOptions(owner, options, ['a', 'mode', 'nonlinearity', 'generator']);
  const { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' } = options;
  if (mode !== 'fanIn' && mode !== 'fanOut') {
    throw new ArgumentError(`[${owner}] expected fanIn or fanOut for mode, received ${String(mode)}`);
  }
  return calculateGain(nonlinearity, a) / Math.sqrt(calculateFans(tensor)[mode]);
}

function xavierStd(owner: string, tensor: Tensor, options: XavierOptions): number {
  checkOptions(owner, options, ['gain', 'generator']);
  const { gain = 1 } = options;
  const { fanIn, fanOut } = calculateFans(tensor);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

function fill(tensor: Tensor, values: () => Tensor): Tensor {
  return noGrad(() => tensor.assign(values().to(tensor.device)));
}
