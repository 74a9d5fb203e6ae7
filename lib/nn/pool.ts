// Pooling as modules, in one to three dimensions.
import { ArgumentError } from '../errors';
import {
  type AdaptiveSize,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
} from '../ops/adaptive-pool';
import {
  type AvgPoolOptions,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  maxPool3d,
} from '../ops/pool';
import {
  type LpPoolOptions,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  type MaxUnpoolOptions,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
} from '../ops/pool-compositions';
import type { PerDimension } from '../ops/window';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { Module } from './module';

const text = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map((one) => one ?? 'null').join(', ')}]` : `${value}`;

// Options that are not at their defaults, for people.
function inWords(size: unknown, options: object): string {
  const given = Object.entries(options).filter(([, value]) => value != null && value !== false);
  return [text(size), ...given.map(([name, value]) => `${name}=${text(value)}`)].join(', ');
}

abstract class Pool<Options extends object> extends Module {
  /** Size of the windows: a number for all dimensions, or one for each. */
  readonly kernelSize: PerDimension;
  /** What else was asked for. */
  readonly options: Options;

  constructor(owner: string, kernelSize: PerDimension, options: Options, names: readonly string[]) {
    super();
    checkOptions(owner, options, names);
    if (kernelSize === undefined) throw new ArgumentError(`[${owner}] expected the size of the windows`);
    this.kernelSize = kernelSize;
    this.options = { ...options };
  }

  protected override describe(): string {
    return inWords(this.kernelSize, this.options);
  }
}

const MAX = ['stride', 'padding', 'dilation', 'ceilMode'];
const AVG = ['stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride'];

/** The largest element of each window of `[batch, channels, length]`; see `maxPool1d`. @throws ArgumentError */
export class MaxPool1d extends Pool<MaxPoolOptions> {
  constructor(kernelSize: PerDimension, options: MaxPoolOptions = {}) {
    super('MaxPool1d', kernelSize, options, MAX);
  }

  forward(x: Tensor): Tensor {
    return maxPool1d(x, this.kernelSize, this.options);
  }

  /** The maxima and their places, for `MaxUnpool1d`. */
  withIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return maxPool1d(x, this.kernelSize, { ...this.options, returnIndices: true });
  }
}

/** The mean of each window of `[batch, channels, length]`; see `avgPool1d`. @throws ArgumentError */
export class AvgPool1d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: PerDimension, options: AvgPoolOptions = {}) {
    super('AvgPool1d', kernelSize, options, AVG);
  }

  forward(x: Tensor): Tensor {
    return avgPool1d(x, this.kernelSize, this.options);
  }
}

/** Zeros with the elements of `x` at the places that `indices` name; see `maxUnpool1d`. @throws ArgumentError */
export class MaxUnpool1d extends Pool<Omit<MaxUnpoolOptions, 'outputSize'>> {
  constructor(kernelSize: PerDimension, options: Omit<MaxUnpoolOptions, 'outputSize'> = {}) {
    super('MaxUnpool1d', kernelSize, options, ['stride', 'padding']);
  }

  forward(x: Tensor, indices: Tensor, outputSize?: readonly number[] | null): Tensor {
    return maxUnpool1d(x, indices, this.kernelSize, { ...this.options, outputSize });
  }
}

/** `sum(x^p)^(1/p)` of each window of `[batch, channels, length]`; see `lpPool1d`. @throws ArgumentError */
export class LPPool1d extends Pool<LpPoolOptions> {
  /** Which norm. */
  readonly p: number;

  constructor(p: number, kernelSize: PerDimension, options: LpPoolOptions = {}) {
    super('LPPool1d', kernelSize, options, ['stride', 'ceilMode']);
    this.p = p;
  }

  forward(x: Tensor): Tensor {
    return lpPool1d(x, this.p, this.kernelSize, this.options);
  }

  protected override describe(): string {
    return `${this.p}, ${super.describe()}`;
  }
}

/** The largest element of each window of `[batch, channels, height, width]`; see `maxPool2d`. @throws ArgumentError */
export class MaxPool2d extends Pool<MaxPoolOptions> {
  constructor(kernelSize: PerDimension, options: MaxPoolOptions = {}) {
    super('MaxPool2d', kernelSize, options, MAX);
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options);
  }

  /** The maxima and their places, for `MaxUnpool2d`. */
  withIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return maxPool2d(x, this.kernelSize, { ...this.options, returnIndices: true });
  }
}

/** The mean of each window of `[batch, channels, height, width]`; see `avgPool2d`. @throws ArgumentError */
export class AvgPool2d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: PerDimension, options: AvgPoolOptions = {}) {
    super('AvgPool2d', kernelSize, options, AVG);
  }

  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options);
  }
}

/** Zeros with the elements of `x` at the places that `indices` name; see `maxUnpool2d`. @throws ArgumentError */
export class MaxUnpool2d extends Pool<Omit<MaxUnpoolOptions, 'outputSize'>> {
  constructor(kernelSize: PerDimension, options: Omit<MaxUnpoolOptions, 'outputSize'> = {}) {
    super('MaxUnpool2d', kernelSize, options, ['stride', 'padding']);
  }

  forward(x: Tensor, indices: Tensor, outputSize?: readonly number[] | null): Tensor {
    return maxUnpool2d(x, indices, this.kernelSize, { ...this.options, outputSize });
  }
}

/** `sum(x^p)^(1/p)` of each window of `[batch, channels, height, width]`; see `lpPool2d`. @throws ArgumentError */
export class LPPool2d extends Pool<LpPoolOptions> {
  /** Which norm. */
  readonly p: number;

  constructor(p: number, kernelSize: PerDimension, options: LpPoolOptions = {}) {
    super('LPPool2d', kernelSize, options, ['stride', 'ceilMode']);
    this.p = p;
  }

  forward(x: Tensor): Tensor {
    return lpPool2d(x, this.p, this.kernelSize, this.options);
  }

  protected override describe(): string {
    return `${this.p}, ${super.describe()}`;
  }
}

/** The largest element of each window of `[batch, channels, depth, height, width]`; see `maxPool3d`. @throws ArgumentError */
export class MaxPool3d extends Pool<MaxPoolOptions> {
  constructor(kernelSize: PerDimension, options: MaxPoolOptions = {}) {
    super('MaxPool3d', kernelSize, options, MAX);
  }

  forward(x: Tensor): Tensor {
    return maxPool3d(x, this.kernelSize, this.options);
  }

  /** The maxima and their places, for `MaxUnpool3d`. */
  withIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return maxPool3d(x, this.kernelSize, { ...this.options, returnIndices: true });
  }
}

/** The mean of each window of `[batch, channels, depth, height, width]`; see `avgPool3d`. @throws ArgumentError */
export class AvgPool3d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: PerDimension, options: AvgPoolOptions = {}) {
    super('AvgPool3d', kernelSize, options, AVG);
  }

  forward(x: Tensor): Tensor {
    return avgPool3d(x, this.kernelSize, this.options);
  }
}

/** Zeros with the elements of `x` at the places that `indices` name; see `maxUnpool3d`. @throws ArgumentError */
export class MaxUnpool3d extends Pool<Omit<MaxUnpoolOptions, 'outputSize'>> {
  constructor(kernelSize: PerDimension, options: Omit<MaxUnpoolOptions, 'outputSize'> = {}) {
    super('MaxUnpool3d', kernelSize, options, ['stride', 'padding']);
  }

  forward(x: Tensor, indices: Tensor, outputSize?: readonly number[] | null): Tensor {
    return maxUnpool3d(x, indices, this.kernelSize, { ...this.options, outputSize });
  }
}

/** `sum(x^p)^(1/p)` of each window of `[batch, channels, depth, height, width]`; see `lpPool3d`. @throws ArgumentError */
export class LPPool3d extends Pool<LpPoolOptions> {
  /** Which norm. */
  readonly p: number;

  constructor(p: number, kernelSize: PerDimension, options: LpPoolOptions = {}) {
    super('LPPool3d', kernelSize, options, ['stride', 'ceilMode']);
    this.p = p;
  }

  forward(x: Tensor): Tensor {
    return lpPool3d(x, this.p, this.kernelSize, this.options);
  }

  protected override describe(): string {
    return `${this.p}, ${super.describe()}`;
  }
}

abstract class AdaptivePool extends Module {
  /** Sizes of the result: a number for all dimensions, or one for each, where null keeps the input's. */
  readonly outputSize: AdaptiveSize;

  constructor(outputSize: AdaptiveSize) {
    super();
    if (outputSize === undefined) throw new ArgumentError(`[${new.target.name}] expected the size of the result`);
    this.outputSize = outputSize;
  }

  protected override describe(): string {
    return text(this.outputSize);
  }
}

/** Means of windows that cover `[batch, channels, length]` evenly; see `adaptiveAvgPool1d`. */
export class AdaptiveAvgPool1d extends AdaptivePool {
  forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize);
  }
}

/** Largest elements of windows that cover `[batch, channels, length]` evenly; see `adaptiveMaxPool1d`. */
export class AdaptiveMaxPool1d extends AdaptivePool {
  forward(x: Tensor): Tensor {
    return adaptiveMaxPool1d(x, this.outputSize);
  }

  /** The maxima and their places in the planes. */
  withIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return adaptiveMaxPool1d(x, this.outputSize, { returnIndices: true });
  }
}

/** Means of windows that cover `[batch, channels, height, width]` evenly; see `adaptiveAvgPool2d`. */
export class AdaptiveAvgPool2d extends AdaptivePool {
  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}

/** Largest elements of windows that cover `[batch, channels, height, width]` evenly; see `adaptiveMaxPool2d`. */
export class AdaptiveMaxPool2d extends AdaptivePool {
  forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.outputSize);
  }

  /** The maxima and their places in the planes. */
  withIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return adaptiveMaxPool2d(x, this.outputSize, { returnIndices: true });
  }
}

/** Means of windows that cover `[batch, channels, depth, height, width]` evenly; see `adaptiveAvgPool3d`. */
export class AdaptiveAvgPool3d extends AdaptivePool {
  forward(x: Tensor): Tensor {
    return adaptiveAvgPool3d(x, this.outputSize);
  }
}

/** Largest elements of windows that cover `[batch, channels, depth, height, width]` evenly; see `adaptiveMaxPool3d`. */
export class AdaptiveMaxPool3d extends AdaptivePool {
  forward(x: Tensor): Tensor {
    return adaptiveMaxPool3d(x, this.outputSize);
  }

  /** The maxima and their places in the planes. */
  withIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return adaptiveMaxPool3d(x, this.outputSize, { returnIndices: true });
  }
}
