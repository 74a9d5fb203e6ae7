// Upsampling as a module.
import { type InterpolateMode, type InterpolateOptions, interpolate } from '../ops/interpolate';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** Options of {@link Upsample}: those of `interpolate`, but for `antialias`. */
export type UpsampleOptions = Omit<InterpolateOptions, 'antialias'>;

/** Images, signals or volumes in another size; see `interpolate`. @throws ArgumentError */
export class Upsample extends Module {
  /** Sizes, or factors, and how elements are made. */
  readonly options: UpsampleOptions;

  constructor(options: UpsampleOptions) {
    super();
    checkOptions('Upsample', options, ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor']);
    this.options = { ...options };
  }

  forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }

  protected override describe(): string {
    const given = Object.entries(this.options).filter(([, value]) => value != null);
    return given.map(([name, value]) => `${name}=${Array.isArray(value) ? `[${value.join(', ')}]` : value}`).join(', ');
  }
}

/** Each element repeated, in two dimensions: {@link Upsample} with the mode `nearest`. @throws ArgumentError */
export class UpsamplingNearest2d extends Upsample {
  constructor(options: Pick<InterpolateOptions, 'size' | 'scaleFactor'>) {
    checkOptions('UpsamplingNearest2d', options, ['size', 'scaleFactor']);
    super({ ...options, mode: 'nearest' });
  }
}

/** Bilinear in two dimensions, with aligned corners: {@link Upsample} with the mode `bilinear`. @throws ArgumentError */
export class UpsamplingBilinear2d extends Upsample {
  constructor(options: Pick<InterpolateOptions, 'size' | 'scaleFactor'>) {
    checkOptions('UpsamplingBilinear2d', options, ['size', 'scaleFactor']);
    super({ ...options, mode: 'bilinear' satisfies InterpolateMode, alignCorners: true });
  }
}
