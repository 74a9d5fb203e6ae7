// Layers that change the form of a tensor and learn nothing.
import type { Tensor } from '../tensor';
import { Module } from './module';

/** Returns its input: a placeholder. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Joins the axes `startDim..endDim` into one: `[batch, 28, 28]` becomes `[batch, 784]`. */
export class Flatten extends Module {
  /** First axis that is joined. */
  readonly startDim: number;
  /** Last axis that is joined; negative numbers count from the end. */
  readonly endDim: number;
  constructor(startDim = 1, endDim = -1) {
    super();
    this.startDim = startDim;
    this.endDim = endDim;
  }
  forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim);
  }
}

/** Parts one axis into several: of `[batch, 784]`, `Unflatten(1, [28, 28])` makes `[batch, 28, 28]`. One size may be -1. */
export class Unflatten extends Module {
  /** The axis that is parted; negative numbers count from the end. */
  readonly axis: number;
  /** The sizes of the parts. */
  readonly shape: readonly number[];
  constructor(axis: number, shape: readonly number[]) {
    super();
    this.axis = axis;
    this.shape = shape;
  }
  forward(x: Tensor): Tensor {
    return x.unflatten(this.axis, this.shape);
  }
}
