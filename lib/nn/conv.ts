// Convolution layers over one to three spatial dimensions.
import { ArgumentError } from '../errors';
import { choiceFor, integerFor, sizeOf } from '../ops/check';
import {
  type ConvPadding,
  type ConvPaddingMode,
  conv1d,
  conv2d,
  conv3d,
  paddingPairs,
  perDimension,
} from '../ops/conv';
import { type Generator, uniform } from '../ops/random';
import { checkOptions } from '../options';
import type { DType, Tensor } from '../tensor';
import { Module } from './module';
import { Parameter } from './parameter';

/** Options that all convolution layers have. */
export interface ConvLayerOptions {
  /** Distance between neighbouring windows: a number, or one for each dimension. Default 1. */
  stride?: number | readonly number[];
  /** Distance between the elements of a window: a number, or one for each dimension. Default 1. */
  dilation?: number | readonly number[];
  /** Into how many groups the channels are divided, each of which is convolved by itself. Default 1. */
  groups?: number;
  /** Whether a bias is added. Default true. */
  bias?: boolean;
  /** Default float32. */
  dtype?: DType;
  /** Source of the initial values; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** Options of {@link Conv1d}, {@link Conv2d} and {@link Conv3d}. */
export interface ConvModuleOptions extends ConvLayerOptions {
  /** A number, a number or a pair for each dimension, `valid` or `same`. Default 0. */
  padding?: ConvPadding;
  /** What the padding consists of. Default zeros. */
  paddingMode?: ConvPaddingMode;
}

const COMMON = ['stride', 'padding', 'dilation', 'groups', 'bias', 'dtype', 'generator'];
const show = (list: readonly unknown[]): string => `[${list.join(', ')}]`;

/** What convolution layers share: sizes, options, weight and bias. */
export abstract class ConvLayer extends Module {
  /** Channels of the input. */
  readonly inChannels: number;
  /** Channels of the output. */
  readonly outChannels: number;
  /** Sizes of a window. */
  readonly kernelSize: readonly number[];
  /** Distances between neighbouring windows. */
  readonly stride: readonly number[];
  /** Distances between the elements of a window. */
  readonly dilation: readonly number[];
  /** Into how many groups the channels are divided. */
  readonly groups: number;
  /** The kernels of all outputs; of a transposed convolution, of all inputs. */
  weight: Parameter;
  /** `[outChannels]`, or null without one. */
  bias: Parameter | null;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvLayerOptions,
    dimensions: number,
    isTransposed: boolean,
  ) {
    super();
    const owner = new.target.name;
    const { groups = 1, bias = true, dtype, generator } = options;
    this.inChannels = integerFor(owner, 'inChannels', inChannels, 1);
    this.outChannels = integerFor(owner, 'outChannels', outChannels, 1);
    this.kernelSize = perDimension(owner, 'kernelSize', kernelSize, dimensions, 1);
    this.stride = perDimension(owner, 'stride', options.stride ?? 1, dimensions, 1);
    this.dilation = perDimension(owner, 'dilation', options.dilation ?? 1, dimensions, 1);
    this.groups = integerFor(owner, 'groups', groups, 1);
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ArgumentError(`[${owner}] ${groups} groups do not divide ${inChannels} and ${outChannels} channels`);
    }
    const [rows, columns] = isTransposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    const high = 1 / Math.sqrt(columns * sizeOf(this.kernelSize));
    const start = (shape: number[]): Parameter => new Parameter(uniform(shape, { low: -high, high, dtype, generator }));
    this.weight = start([rows, columns, ...this.kernelSize]);
    this.bias = bias ? start([outChannels]) : null;
  }

  /** The options that differ from their defaults, as {@link describe} shows them. */
  protected abstract describePadding(): string[];

  protected override describe(): string {
    const isOne = (list: readonly number[]) => list.every((value) => value === 1);
    return [
      `${this.inChannels}, ${this.outChannels}, kernelSize=${show(this.kernelSize)}, stride=${show(this.stride)}`,
      ...this.describePadding(),
      ...(isOne(this.dilation) ? [] : [`dilation=${show(this.dilation)}`]),
      ...(this.groups === 1 ? [] : [`groups=${this.groups}`]),
      ...(this.bias === null ? ['bias=false'] : []),
    ].join(', ');
  }
}

abstract class Conv extends ConvLayer {
  /** As it was given. */
  readonly padding: ConvPadding;
  /** What the padding consists of. */
  readonly paddingMode: ConvPaddingMode;
  readonly #convolve: typeof conv1d;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvModuleOptions,
    dimensions: number,
    convolve: typeof conv1d,
  ) {
    checkOptions(new.target.name, options, [...COMMON, 'paddingMode']);
    super(inChannels, outChannels, kernelSize, options, dimensions, false);
    const { padding = 0, paddingMode = 'zeros' } = options;
    paddingPairs(new.target.name, padding, this.kernelSize, this.stride, this.dilation); // checks it
    this.#convolve = convolve;
    this.padding = padding;
    this.paddingMode = choiceFor(new.target.name, 'paddingMode', paddingMode, [
      'zeros',
      'reflect',
      'replicate',
      'circular',
    ]);
  }

  forward(x: Tensor): Tensor {
    const { bias, stride, padding, dilation, groups, paddingMode } = this;
    return this.#convolve(x, this.weight, { bias, stride, padding, dilation, groups, paddingMode });
  }

  protected override describePadding(): string[] {
    const { padding } = this;
    const text = Array.isArray(padding)
      ? show(padding.map((sides) => (Array.isArray(sides) ? show(sides) : sides)))
      : String(padding);
    return [
      ...(padding === 0 ? [] : [`padding=${text}`]),
      ...(this.paddingMode === 'zeros' ? [] : [`paddingMode=${this.paddingMode}`]),
    ];
  }
}

/**
 * Convolution of sequences, {@link conv1d}: x `[N, inChannels, L]` or `[inChannels, L]`, `weight` `[outChannels, inChannels / groups,
 * k]` and `bias` `[outChannels]` (null without one).
 *
 * Both start uniform in (-1/sqrt(f), 1/sqrt(f)) with f the products that an output sums up, PyTorch's default.
 *
 * @throws ArgumentError when a size or an option is not what it may be.
 */
export class Conv1d extends Conv {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvModuleOptions = {},
  ) {
    super(inChannels, outChannels, kernelSize, options, 1, conv1d);
  }
}

/**
 * Convolution of images, {@link conv2d}: x `[N, inChannels, H, W]` or `[inChannels, H, W]`, `weight` `[outChannels, inChannels / groups,
 * kH, kW]`. Otherwise as {@link Conv1d}.
 *
 * @throws ArgumentError when a size or an option is not what it may be.
 */
export class Conv2d extends Conv {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvModuleOptions = {},
  ) {
    super(inChannels, outChannels, kernelSize, options, 2, conv2d);
  }
}

/**
 * Convolution of volumes, {@link conv3d}: x `[N, inChannels, D, H, W]` or `[inChannels, D, H, W]`, `weight` `[outChannels, inChannels /
 * groups, kD, kH, kW]`. Otherwise as {@link Conv1d}.
 *
 * @throws ArgumentError when a size or an option is not what it may be.
 */
export class Conv3d extends Conv {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvModuleOptions = {},
  ) {
    super(inChannels, outChannels, kernelSize, options, 3, conv3d);
  }
}
