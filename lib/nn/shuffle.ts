// PixelShuffle and its relatives as modules.
import { channelShuffle, pixelShuffle, pixelUnshuffle } from '../ops/shuffle';
import type { Tensor } from '../tensor';
import { Module } from './module';

abstract class Scaled extends Module {
  /** How many pixels stand side by side for one. */
  readonly factor: number;
  constructor(factor: number) {
    super();
    this.factor = factor;
  }
  protected override describe(): string {
    return `${this.factor}`;
  }
}

/** `[..., C r^2, H, W]` to `[..., C, H r, W r]`; see `pixelShuffle`. */
export class PixelShuffle extends Scaled {
  forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.factor);
  }
}

/** `[..., C, H r, W r]` to `[..., C r^2, H, W]`; see `pixelUnshuffle`. */
export class PixelUnshuffle extends Scaled {
  forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.factor);
  }
}

/** The channels of groups in turn; see `channelShuffle`. */
export class ChannelShuffle extends Module {
  /** Number of groups. */
  readonly groups: number;
  constructor(groups: number) {
    super();
    this.groups = groups;
  }
  forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }
  protected override describe(): string {
    return `${this.groups}`;
  }
}
