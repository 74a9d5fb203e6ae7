// Dropout: zeros a random part of its input, elements or channels, while training.
import { ShapeError } from '../errors';
import { alphaDropout, channelDropout, featureAlphaDropout } from '../ops/channel-dropout';
import { probabilityFor } from '../ops/check';
import { dropout } from '../ops/random';
import type { Tensor } from '../tensor';
import { Module } from './module';

abstract class Dropping extends Module {
  /** Probability of being dropped. */
  readonly p: number;

  constructor(p = 0.5) {
    super();
    this.p = probabilityFor(new.target.name, 'p', p);
  }

  protected override describe(): string {
    return `p=${this.p}`;
  }
}

/**
 * In training mode each element is zero with probability `p` and `x / (1 - p)` otherwise; in inference mode the input
 * passes unchanged. (Srivastava et al. 2014)
 *
 * @throws ArgumentError when `p` is not in [0, 1].
 */
export class Dropout extends Dropping {
  forward(x: Tensor): Tensor {
    return dropout(x, this.p, { training: this.training });
  }
}

abstract class ChannelDropout extends Dropping {
  /** How many dimensions a channel has. */
  protected abstract readonly dimensions: number;

  forward(x: Tensor): Tensor {
    const { rank } = x;
    const { dimensions } = this;
    if (rank === dimensions + 2) return channelDropout(x, this.p, { training: this.training });
    if (rank === dimensions + 1) return channelDropout(x.unsqueeze(0), this.p, { training: this.training }).squeeze(0);
    throw new ShapeError(
      `[${this.constructor.name}] expected ${dimensions + 2} dimensions, or ${dimensions + 1} for one sample, received ${rank}`,
    );
  }
}

/** In training mode, zeros whole channels of `[batch, channels, length]` with probability `p`. @throws ArgumentError */
export class Dropout1d extends ChannelDropout {
  protected readonly dimensions = 1;
}

/** In training mode, zeros whole channels of `[batch, channels, height, width]` with probability `p`. @throws ArgumentError */
export class Dropout2d extends ChannelDropout {
  protected readonly dimensions = 2;
}

/** In training mode, zeros whole channels of `[batch, channels, depth, height, width]` with probability `p`. @throws ArgumentError */
export class Dropout3d extends ChannelDropout {
  protected readonly dimensions = 3;
}

/** In training mode, dropout that keeps mean 0 and variance 1, for networks with SELU. @throws ArgumentError */
export class AlphaDropout extends Dropping {
  forward(x: Tensor): Tensor {
    return alphaDropout(x, this.p, { training: this.training });
  }
}

/** {@link AlphaDropout} of whole channels of `[batch, channels, ...]`. @throws ArgumentError */
export class FeatureAlphaDropout extends Dropping {
  forward(x: Tensor): Tensor {
    return featureAlphaDropout(x, this.p, { training: this.training });
  }
}
