// Unfold and Fold as modules.
import { fold, type UnfoldOptions, unfold } from '../ops/unfold';
import type { PerDimension } from '../ops/window';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { Module } from './module';

const names = ['stride', 'padding', 'dilation'];

/** `[N, C, H, W]` to `[N, C kH kW, windows]`; see `unfold`. */
export class Unfold extends Module {
  /** Size of a window. */
  readonly kernelSize: PerDimension;
  readonly #options: UnfoldOptions;

  constructor(kernelSize: PerDimension, options: UnfoldOptions = {}) {
    super();
    checkOptions('Unfold', options, names);
    this.kernelSize = kernelSize;
    this.#options = { ...options };
  }

  /** @throws ShapeError where no window fits. */
  forward(x: Tensor): Tensor {
    return unfold(x, this.kernelSize, this.#options);
  }

  protected override describe(): string {
    return `${this.kernelSize}`;
  }
}

/** `[N, C kH kW, windows]` to `[N, C, H, W]`; see `fold`. */
export class Fold extends Module {
  /** Height and width of the images. */
  readonly outputSize: PerDimension;
  /** Size of a window. */
  readonly kernelSize: PerDimension;
  readonly #options: UnfoldOptions;

  constructor(outputSize: PerDimension, kernelSize: PerDimension, options: UnfoldOptions = {}) {
    super();
    checkOptions('Fold', options, names);
    this.outputSize = outputSize;
    this.kernelSize = kernelSize;
    this.#options = { ...options };
  }

  /** @throws ShapeError where the columns are not those of such windows. */
  forward(x: Tensor): Tensor {
    return fold(x, this.outputSize, this.kernelSize, this.#options);
  }

  protected override describe(): string {
    return `${this.outputSize}, ${this.kernelSize}`;
  }
}
