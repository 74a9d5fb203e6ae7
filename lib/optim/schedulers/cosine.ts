// Schedules that follow a cosine.
import { checkOptions } from '../../options';
import type { Optimizer } from '../optimizer';
import { LRScheduler, requireCount, requireNumber } from './scheduler';

/** From `high` at 0 to `low` at 1, along half a cosine. */
export function cosineBetween(high: number, low: number, share: number): number {
  return low + ((high - low) * (1 + Math.cos(Math.PI * share))) / 2;
}

/** Options of {@link CosineAnnealingLR}. */
export interface CosineAnnealingLROptions {
  /** Steps until the least rate. */
  tMax: number;
  /** The least rate. Default 0. */
  etaMin?: number;
}

/**
 * Half a cosine from the first rate to `etaMin` in `tMax` steps, and back in as many (SGDR, Loshchilov and Hutter 2017, equation 5):
 * `etaMin + (initial - etaMin) (1 + cos(pi count / tMax)) / 2`.
 *
 * @throws ArgumentError for options out of range.
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly #tMax: number;
  readonly #etaMin: number;

  constructor(optimizer: Optimizer, options: CosineAnnealingLROptions) {
    checkOptions('CosineAnnealingLR', options ?? null, ['tMax', 'etaMin']);
    const { tMax, etaMin = 0 } = options;
    requireCount('CosineAnnealingLR', 'tMax', tMax);
    requireNumber('CosineAnnealingLR', 'etaMin', etaMin, 0);
    super(optimizer, 'CosineAnnealingLR');
    this.#tMax = tMax;
    this.#etaMin = etaMin;
    this.begin();
  }

  rateAt(count: number, initial: number): number {
    return cosineBetween(initial, this.#etaMin, count / this.#tMax);
  }
}

/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions {
  /** Steps until the first restart. */
  t0: number;
  /** How many times longer each period is than the one before. Default 1. */
  tMult?: number;
  /** The least rate. Default 0. */
  etaMin?: number;
}

/**
 * Half a cosine from the first rate to `etaMin`, again and again (SGDR, Loshchilov and Hutter 2017): the first period has `t0` steps,
 * and each `tMult` times those of the one before. `step(epoch + batch / batches)` goes in parts of a step.
 *
 * @throws ArgumentError for options out of range.
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  readonly #t0: number;
  readonly #tMult: number;
  readonly #etaMin: number;

  constructor(optimizer: Optimizer, options: CosineAnnealingWarmRestartsOptions) {
    checkOptions('CosineAnnealingWarmRestarts', options ?? null, ['t0', 'tMult', 'etaMin']);
    const { t0, tMult = 1, etaMin = 0 } = options;
    requireCount('CosineAnnealingWarmRestarts', 't0', t0);
    requireCount('CosineAnnealingWarmRestarts', 'tMult', tMult);
    requireNumber('CosineAnnealingWarmRestarts', 'etaMin', etaMin, 0);
    super(optimizer, 'CosineAnnealingWarmRestarts');
    this.#t0 = t0;
    this.#tMult = tMult;
    this.#etaMin = etaMin;
    this.begin();
  }

  rateAt(count: number, initial: number): number {
    let [period, place] = [this.#t0, this.#tMult === 1 ? count % this.#t0 : count];
    while (place >= period) {
      place -= period;
      period *= this.#tMult;
    }
    return cosineBetween(initial, this.#etaMin, place / period);
  }
}
