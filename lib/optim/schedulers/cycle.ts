// Schedules that go up and down between two rates, and the momentum against them.
import { ArgumentError, describe } from '../../errors';
import { checkOptions } from '../../options';
import type { BaseOptions, Group, Optimizer } from '../optimizer';
import { cosineBetween } from './cosine';
import { LRScheduler, ofGroup, perGroup, requireCount, requireNumber } from './scheduler';

/** Throws an ArgumentError where a group has neither `momentum` nor `betas`. */
function requireMomentum(caller: string, optimizer: Optimizer): void {
  for (const group of optimizer.paramGroups) {
    if ('momentum' in group || 'betas' in group) continue;
    throw new ArgumentError(`[${caller}] ${optimizer.kind} has no momentum to change: set cycleMomentum to false`);
  }
}

/** Sets `momentum`, or the first of `betas`. */
function setMomentum(group: Group<BaseOptions> & { momentum?: number; betas?: [number, number] }, value: number): void {
  if (group.betas === undefined) group.momentum = value;
  else group.betas = [value, group.betas[1]];
}

function requireRates(caller: string, name: string, rates: readonly number[]): void {
  for (const rate of rates) requireNumber(caller, name, rate, 0);
}

/** Options of {@link OneCycleLR}. Rates and momenta may be lists with one value for each group. */
export interface OneCycleLROptions {
  /** The highest rate. */
  maxLr: number | readonly number[];
  /** Steps of the whole cycle. Default: `epochs * stepsPerEpoch`. */
  totalSteps?: number;
  /** Epochs of the whole cycle, where `totalSteps` is not given. */
  epochs?: number;
  /** Batches of an epoch, where `totalSteps` is not given. */
  stepsPerEpoch?: number;
  /** Share of the steps in which the rate rises. Default 0.3. */
  pctStart?: number;
  /** Along half a cosine, or evenly. Default cos. */
  annealStrategy?: 'cos' | 'linear';
  /** Whether the momentum (`momentum`, or the first of `betas`) falls while the rate rises, and back. Default true. */
  cycleMomentum?: boolean;
  /** The least momentum. Default 0.85. */
  baseMomentum?: number | readonly number[];
  /** The largest momentum. Default 0.95. */
  maxMomentum?: number | readonly number[];
  /** The first rate is `maxLr / divFactor`. Default 25. */
  divFactor?: number;
  /** The last rate is the first one divided by `finalDivFactor`. Default 1e4. */
  finalDivFactor?: number;
  /** Whether the rate comes back to the first one evenly, before it falls to the last one. Default false. */
  threePhase?: boolean;
}

type Phase = readonly [end: number, rates: readonly [from: number, to: number], momenta: readonly [number, number]];

/**
 * One rise to `maxLr` and one fall to far below the first rate (Smith and Topin 2018), with a step after each **batch**. The rates that
 * groups began with are not used. Compiled steps of {@link SGD}, {@link Adam} and {@link AdamW} look the momentum up as they do the rate;
 * those of other optimizers are traced anew for each, which `cycleMomentum: false` avoids.
 *
 * @throws ArgumentError for options out of range, and for steps beyond the cycle.
 */
export class OneCycleLR extends LRScheduler {
  readonly #total: number;
  readonly #phases: readonly (readonly Phase[])[];
  readonly #between: (from: number, to: number, share: number) => number;
  readonly #cyclesMomentum: boolean;

  constructor(optimizer: Optimizer, options: OneCycleLROptions) {
    checkOptions('OneCycleLR', options ?? null, [
      'maxLr',
      'totalSteps',
      'epochs',
      'stepsPerEpoch',
      'pctStart',
      'annealStrategy',
      'cycleMomentum',
      'baseMomentum',
      'maxMomentum',
      'divFactor',
      'finalDivFactor',
      'threePhase',
    ]);
    const { maxLr, pctStart = 0.3, annealStrategy = 'cos', cycleMomentum = true, threePhase = false } = options;
    const { baseMomentum = 0.85, maxMomentum = 0.95, divFactor = 25, finalDivFactor = 1e4 } = options;
    const total = totalOf(options);
    requireNumber('OneCycleLR', 'pctStart', pctStart, 0);
    if (pctStart > 1) throw new ArgumentError(`[OneCycleLR] expected a share for pctStart, received ${pctStart}`);
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new ArgumentError(
        `[OneCycleLR] expected cos or linear for annealStrategy, received ${describe(annealStrategy)}`,
      );
    }
    for (const [name, value] of Object.entries({ divFactor, finalDivFactor })) {
      requireNumber('OneCycleLR', name, value, Number.MIN_VALUE);
    }
    super(optimizer, 'OneCycleLR');
    const groups = optimizer.paramGroups.length;
    const rates = perGroup('OneCycleLR', 'maxLr', maxLr, groups);
    const lows = perGroup('OneCycleLR', 'baseMomentum', baseMomentum, groups);
    const highs = perGroup('OneCycleLR', 'maxMomentum', maxMomentum, groups);
    requireRates('OneCycleLR', 'maxLr', rates);
    requireRates('OneCycleLR', 'baseMomentum', lows);
    requireRates('OneCycleLR', 'maxMomentum', highs);
    if (cycleMomentum) requireMomentum('OneCycleLR', optimizer);
    this.#total = total;
    this.#cyclesMomentum = cycleMomentum;
    this.#between = annealStrategy === 'cos' ? cosineBetween : (from, to, share) => from + (to - from) * share;
    this.#phases = rates.map((max, i) => {
      const first = max / divFactor;
      const last = first / finalDivFactor;
      const [low, high] = [lows[i] as number, highs[i] as number];
      const top = pctStart * total;
      return threePhase
        ? [
            [top - 1, [first, max], [high, low]],
            [2 * top - 2, [max, first], [low, high]],
            [total - 1, [first, last], [high, high]],
          ]
        : [
            [top - 1, [first, max], [high, low]],
            [total - 1, [max, last], [low, high]],
          ];
    });
    this.begin();
  }

  rateAt(count: number, _initial = 0, group = 0): number {
    return this.#at(count, group, 1);
  }

  protected override adjust(group: Group<BaseOptions>, number: number, count: number): void {
    if (this.#cyclesMomentum) setMomentum(group, this.#at(count, number, 2));
  }

  #at(count: number, group: number, what: 1 | 2): number {
    if (count > this.#total) {
      throw new ArgumentError(`[OneCycleLR] the cycle has ${this.#total} steps and is over: this is step ${count}`);
    }
    const phases = ofGroup(this.#phases, group);
    const i = phases.findIndex(([end], at) => count <= end || at === phases.length - 1);
    const phase = phases[i] as Phase;
    const begin = i === 0 ? 0 : (phases[i - 1] as Phase)[0];
    const [from, to] = phase[what];
    return this.#between(from, to, (count - begin) / (phase[0] - begin));
  }
}

function totalOf({ totalSteps, epochs, stepsPerEpoch }: OneCycleLROptions): number {
  if (totalSteps !== undefined) {
    requireCount('OneCycleLR', 'totalSteps', totalSteps);
    return totalSteps;
  }
  if (epochs === undefined || stepsPerEpoch === undefined) {
    throw new ArgumentError('[OneCycleLR] expected totalSteps, or epochs and stepsPerEpoch');
  }
  requireCount('OneCycleLR', 'epochs', epochs);
  requireCount('OneCycleLR', 'stepsPerEpoch', stepsPerEpoch);
  return epochs * stepsPerEpoch;
}

/** Options of {@link CyclicLR}. Rates and momenta may be lists with one value for each group. */
export interface CyclicLROptions {
  /** The least rate. */
  baseLr: number | readonly number[];
  /** The highest rate. */
  maxLr: number | readonly number[];
  /** Steps of a rise. Default 2000. */
  stepSizeUp?: number;
  /** Steps of a fall. Default: `stepSizeUp`. */
  stepSizeDown?: number;
  /**
   * How the height of a triangle changes: not at all, to half with each cycle, or by `gamma` with each step. Default triangular.
   */
  mode?: 'triangular' | 'triangular2' | 'expRange';
  /** Factor of `expRange`. Default 1. */
  gamma?: number;
  /** Height by the number of the cycle, from 1, instead of `mode`. */
  scale?: (cycle: number) => number;
  /** Whether the momentum (`momentum`, or the first of `betas`) falls while the rate rises, and back. Default true. */
  cycleMomentum?: boolean;
  /** The least momentum. Default 0.8. */
  baseMomentum?: number | readonly number[];
  /** The largest momentum. Default 0.9. */
  maxMomentum?: number | readonly number[];
}

/**
 * Triangles between two rates (Smith 2017), with a step after each **batch**. The rates that groups began with are not used; what
 * {@link OneCycleLR} says of compiled steps and momentum holds here as well.
 *
 * @throws ArgumentError for options out of range.
 */
export class CyclicLR extends LRScheduler {
  readonly #rates: readonly [base: readonly number[], max: readonly number[]];
  readonly #momenta: readonly [base: readonly number[], max: readonly number[]] | undefined;
  readonly #up: number;
  readonly #down: number;
  readonly #scale: (cycle: number, count: number) => number;

  constructor(optimizer: Optimizer, options: CyclicLROptions) {
    checkOptions('CyclicLR', options ?? null, [
      'baseLr',
      'maxLr',
      'stepSizeUp',
      'stepSizeDown',
      'mode',
      'gamma',
      'scale',
      'cycleMomentum',
      'baseMomentum',
      'maxMomentum',
    ]);
    const { stepSizeUp = 2000, mode = 'triangular', gamma = 1, scale, cycleMomentum = true } = options;
    const { stepSizeDown = stepSizeUp, baseMomentum = 0.8, maxMomentum = 0.9 } = options;
    requireCount('CyclicLR', 'stepSizeUp', stepSizeUp);
    requireCount('CyclicLR', 'stepSizeDown', stepSizeDown);
    requireNumber('CyclicLR', 'gamma', gamma, 0);
    if (scale !== undefined && typeof scale !== 'function') {
      throw new ArgumentError(`[CyclicLR] expected a function for scale, received ${describe(scale)}`);
    }
    const scales: Record<string, (cycle: number, count: number) => number> = {
      triangular: () => 1,
      triangular2: (cycle) => 0.5 ** (cycle - 1),
      expRange: (_cycle, count) => gamma ** count,
    };
    const height = scale ?? scales[mode];
    if (height === undefined) {
      throw new ArgumentError(
        `[CyclicLR] expected ${Object.keys(scales).join(', ')} for mode, received ${describe(mode)}`,
      );
    }
    super(optimizer, 'CyclicLR');
    const groups = optimizer.paramGroups.length;
    const lists = (name: 'baseLr' | 'maxLr' | 'baseMomentum' | 'maxMomentum', value: number | readonly number[]) => {
      const list = perGroup('CyclicLR', name, value, groups);
      requireRates('CyclicLR', name, list);
      return list;
    };
    this.#rates = [lists('baseLr', options.baseLr), lists('maxLr', options.maxLr)];
    if (cycleMomentum) {
      requireMomentum('CyclicLR', optimizer);
      this.#momenta = [lists('baseMomentum', baseMomentum), lists('maxMomentum', maxMomentum)];
    }
    this.#up = stepSizeUp;
    this.#down = stepSizeDown;
    this.#scale = height;
    this.begin();
  }

  rateAt(count: number, _initial = 0, group = 0): number {
    const [base, max] = this.#rates.map((list) => ofGroup(list, group)) as [number, number];
    return base + (max - base) * this.#height(count);
  }

  protected override adjust(group: Group<BaseOptions>, number: number, count: number): void {
    if (this.#momenta === undefined) return;
    const [base, max] = this.#momenta.map((list) => ofGroup(list, number)) as [number, number];
    setMomentum(group, max - (max - base) * this.#height(count));
  }

  // Where between the two rates: 0 at the least one, 1 at the highest of the first cycle.
  #height(count: number): number {
    const total = this.#up + this.#down;
    const cycle = Math.floor(1 + count / total);
    const place = count - (cycle - 1) * total;
    const share = place <= this.#up ? place / this.#up : (total - place) / this.#down;
    return share * this.#scale(cycle, count);
  }
}
