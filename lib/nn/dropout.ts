// Dropout: zeros a random part of its input while training.
import { ArgumentError } from '../errors';
import { dropout } from '../ops/random';
import type { Tensor } from '../tensor';
import { Module } from './module';

/**
 * In training mode each element is zero with probability `p` and `x / (1 - p)` otherwise; in inference mode the input
 * passes unchanged. (Srivastava et al. 2014)
 *
 * @throws ArgumentError when `p` is not in [0, 1].
 */
export class Dropout extends Module {
  /** Probability of a zero. */
  readonly p: number;

  constructor(p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`[Dropout] expected 0 <= p <= 1, received ${String(p)}`);
    this.p = p;
  }

  forward(x: Tensor): Tensor {
    return dropout(x, this.p, { training: this.training });
  }

  protected override describe(): string {
    return `p=${this.p}`;
  }
}
