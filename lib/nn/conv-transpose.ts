// Transposed convolution layers over one to three spatial dimensions.
import { ArgumentError, ShapeError } from '../errors';
import { convTranspose1d, convTranspose2d, convTranspose3d, perDimension } from '../ops/conv';
import { checkOptions } from '../options';
import { formatShape, type Tensor } from '../tensor';
import { ConvLayer, type ConvLayerOptions } from './conv';

/** Options of {@link ConvTranspose1d}, {@link ConvTranspose2d} and {@link ConvTranspose3d}. */
export interface ConvTransposeModuleOptions extends ConvLayerOptions {
  /** Padding of the convolution that this transposes, by which the output is smaller on both sides. Default 0. */
  padding?: number | readonly number[];
  /** By how much the output is larger at the end of each dimension; less than its stride or its dilation. Default 0. */
  outputPadding?: number | readonly number[];
}

const NAMES = ['stride', 'padding', 'outputPadding', 'dilation', 'groups', 'bias', 'dtype', 'generator'];

abstract class ConvTranspose extends ConvLayer {
  /** Paddings of the convolution that this transposes. */
  readonly padding: readonly number[];
  /** By how much the output is larger at the end of each dimension. */
  readonly outputPadding: readonly number[];
  readonly #convolve: typeof convTranspose1d;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvTransposeModuleOptions,
    dimensions: number,
    convolve: typeof convTranspose1d,
  ) {
    checkOptions(new.target.name, options, NAMES);
    super(inChannels, outChannels, kernelSize, options, dimensions, true);
    this.#convolve = convolve;
    this.padding = perDimension(new.target.name, 'padding', options.padding ?? 0, dimensions, 0);
    this.outputPadding = perDimension(new.target.name, 'outputPadding', options.outputPadding ?? 0, dimensions, 0);
    const wide = this.outputPadding.findIndex((after, d) => {
      return after >= Math.max(this.stride[d] as number, this.dilation[d] as number);
    });
    if (wide >= 0) {
      throw new ArgumentError(
        `[${new.target.name}] an output padding of ${this.outputPadding[wide]} is not less than the stride ` +
          `${this.stride[wide]} or the dilation ${this.dilation[wide]}`,
      );
    }
  }

  /**
   * @param outputSize sizes of the output along the spatial dimensions, in place of an output padding: of a stride of 2, one of two sizes
   * is possible.
   * @throws ShapeError for a size that the input cannot give.
   */
  forward(x: Tensor, outputSize?: readonly number[]): Tensor {
    const { bias, stride, padding, dilation, groups } = this;
    const outputPadding = outputSize === undefined ? this.outputPadding : this.paddingFor(x, outputSize);
    return this.#convolve(x, this.weight, { bias, stride, padding, outputPadding, dilation, groups });
  }

  private paddingFor(x: Tensor, outputSize: readonly number[]): number[] {
    const dimensions = this.kernelSize.length;
    const sizes = perDimension(this.constructor.name, 'outputSize', outputSize, dimensions, 1);
    return sizes.map((size, d) => {
      const [step, around, reach, extent] = [this.stride, this.padding, this.dilation, this.kernelSize].map(
        (list) => list[d] as number,
      ) as [number, number, number, number];
      const inputs = x.shape[x.rank - dimensions + d] as number;
      const least = (inputs - 1) * step - 2 * around + reach * (extent - 1) + 1;
      if (size >= least && size < least + step) return size - least;
      throw new ShapeError(
        `[${this.constructor.name}] an input of ${formatShape(x.shape)} gives ${least} to ${least + step - 1} elements in spatial ` +
          `dimension ${d}, not ${size}`,
      );
    });
  }

  protected override describePadding(): string[] {
    const named = (name: string, list: readonly number[]) => {
      return list.every((value) => value === 0) ? [] : [`${name}=[${list.join(', ')}]`];
    };
    return [...named('padding', this.padding), ...named('outputPadding', this.outputPadding)];
  }
}

/**
 * Transposed convolution of sequences, {@link convTranspose1d}: x `[N, inChannels, L]` or `[inChannels, L]`, `weight` `[inChannels,
 * outChannels / groups, k]` and `bias` `[outChannels]` (null without one).
 *
 * Both start uniform in (-1/sqrt(f), 1/sqrt(f)) with f = outChannels / groups k, PyTorch's default.
 *
 * @throws ArgumentError when a size or an option is not what it may be.
 */
export class ConvTranspose1d extends ConvTranspose {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvTransposeModuleOptions = {},
  ) {
    super(inChannels, outChannels, kernelSize, options, 1, convTranspose1d);
  }
}

/**
 * Transposed convolution of images, {@link convTranspose2d}: x `[N, inChannels, H, W]` or `[inChannels, H, W]`, `weight` `[inChannels,
 * outChannels / groups, kH, kW]`. Otherwise as {@link ConvTranspose1d}.
 *
 * @throws ArgumentError when a size or an option is not what it may be.
 */
export class ConvTranspose2d extends ConvTranspose {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvTransposeModuleOptions = {},
  ) {
    super(inChannels, outChannels, kernelSize, options, 2, convTranspose2d);
  }
}

/**
 * Transposed convolution of volumes, {@link convTranspose3d}: x `[N, inChannels, D, H, W]` or `[inChannels, D, H, W]`, `weight`
 * `[inChannels, outChannels / groups, kD, kH, kW]`. Otherwise as {@link ConvTranspose1d}.
 *
 * @throws ArgumentError when a size or an option is not what it may be.
 */
export class ConvTranspose3d extends ConvTranspose {
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvTransposeModuleOptions = {},
  ) {
    super(inChannels, outChannels, kernelSize, options, 3, convTranspose3d);
  }
}
