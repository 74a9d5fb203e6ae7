// A schedule that waits for a figure to stop improving.
import { ArgumentError, describe } from '../../errors';
import { checkOptions } from '../../options';
import { type Optimizer, requireOptimizer } from '../optimizer';
import { ofGroup, perGroup, requireCount, requireNumber } from './scheduler';

/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether smaller or larger figures are better. Default min. */
  mode?: 'min' | 'max';
  /** Factor of a decrease, below 1. Default 0.1. */
  factor?: number;
  /** Steps without improvement that are waited for; the next one decreases the rate. Default 10. */
  patience?: number;
  /** Change that counts as an improvement. Default 1e-4. */
  threshold?: number;
  /** Whether the threshold is a share of the best figure or a difference. Default rel. */
  thresholdMode?: 'rel' | 'abs';
  /** Steps after a decrease in which nothing is counted. Default 0. */
  cooldown?: number;
  /** The least rate, or a list with one for each group. Default 0. */
  minLr?: number | readonly number[];
  /** A decrease by less is left out. Default 1e-8. */
  eps?: number;
}

/** What `ReduceLROnPlateau.stateDict()` returns; it can be written as JSON. */
export interface PlateauState {
  /** `ReduceLROnPlateau`. */
  kind: string;
  /** Best figure so far; null before the first. */
  best: number | null;
  /** Steps without improvement. */
  badSteps: number;
  /** Steps in which nothing is counted yet. */
  cooldown: number;
}

/**
 * Multiplies the rates by `factor` when a figure has not improved for more than `patience` steps.
 *
 * ```ts
 * const scheduler = new optim.ReduceLROnPlateau(optimizer, { patience: 3 });
 * // after each epoch
 * scheduler.step(validationLoss);
 * ```
 *
 * @throws ArgumentError for options out of range.
 */
export class ReduceLROnPlateau {
  /** The optimizer whose learning rates are set. */
  readonly optimizer: Optimizer;
  /** Name of the schedule, also in saved states. */
  readonly kind = 'ReduceLROnPlateau';
  readonly #options: Required<Omit<ReduceLROnPlateauOptions, 'minLr'>> & { minLr: readonly number[] };
  #best: number | null = null;
  #badSteps = 0;
  #cooldown = 0;

  constructor(optimizer: Optimizer, options: ReduceLROnPlateauOptions = {}) {
    checkOptions('ReduceLROnPlateau', options, [
      'mode',
      'factor',
      'patience',
      'threshold',
      'thresholdMode',
      'cooldown',
      'minLr',
      'eps',
    ]);
    const { mode = 'min', factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = 'rel' } = options;
    const { cooldown = 0, minLr = 0, eps = 1e-8 } = options;
    requireOptimizer(this.kind, optimizer);
    const refuse = (expected: string, name: string, value: unknown): never => {
      throw new ArgumentError(`[ReduceLROnPlateau] expected ${expected} for ${name}, received ${describe(value)}`);
    };
    if (mode !== 'min' && mode !== 'max') refuse('min or max', 'mode', mode);
    if (thresholdMode !== 'rel' && thresholdMode !== 'abs') refuse('rel or abs', 'thresholdMode', thresholdMode);
    requireNumber(this.kind, 'factor', factor, 0);
    if (factor >= 1) refuse('a number below 1', 'factor', factor);
    requireCount(this.kind, 'patience', patience, 0);
    requireNumber(this.kind, 'threshold', threshold, 0);
    requireCount(this.kind, 'cooldown', cooldown, 0);
    requireNumber(this.kind, 'eps', eps, 0);
    const least = perGroup(this.kind, 'minLr', minLr, optimizer.paramGroups.length);
    for (const rate of least) requireNumber(this.kind, 'minLr', rate, 0);
    this.optimizer = optimizer;
    this.#options = { mode, factor, patience, threshold, thresholdMode, cooldown, minLr: least, eps };
  }

  /** Best figure so far. */
  get best(): number | undefined {
    return this.#best ?? undefined;
  }

  /**
   * Takes a step with the figure, and decreases the rates where it is time. NaN is no improvement.
   *
   * @throws ArgumentError for what is no number, such as a tensor whose value has not been read.
   */
  step(figure: number): void {
    if (typeof figure !== 'number') {
      throw new ArgumentError(
        `[ReduceLROnPlateau.step] expected a number, such as await loss.item(), received ${describe(figure)}`,
      );
    }
    const { patience, cooldown } = this.#options;
    if (this.#improves(figure)) {
      this.#best = figure;
      this.#badSteps = 0;
    } else {
      this.#badSteps++;
    }
    if (this.#cooldown > 0) {
      this.#cooldown--;
      this.#badSteps = 0;
    }
    if (this.#badSteps > patience) {
      this.#reduce();
      this.#cooldown = cooldown;
      this.#badSteps = 0;
    }
  }

  /** What is remembered of the figures; the rates are part of the optimizer's state. */
  stateDict(): PlateauState {
    return { kind: this.kind, best: this.#best, badSteps: this.#badSteps, cooldown: this.#cooldown };
  }

  /**
   * Takes over a state made by `stateDict`.
   *
   * @throws ArgumentError that says what does not fit. Nothing is changed then.
   */
  loadStateDict(state: PlateauState): void {
    const caller = `${this.kind}.loadStateDict`;
    if (typeof state !== 'object' || state === null || state.kind !== this.kind) {
      throw new ArgumentError(
        `[${caller}] expected a state of ${this.kind}, received ${describe(state?.kind ?? state)}`,
      );
    }
    if (state.best !== null && typeof state.best !== 'number') {
      throw new ArgumentError(`[${caller}] expected a number or null for best, received ${describe(state.best)}`);
    }
    requireCount(caller, 'badSteps', state.badSteps, 0);
    requireCount(caller, 'cooldown', state.cooldown, 0);
    this.#best = state.best;
    this.#badSteps = state.badSteps;
    this.#cooldown = state.cooldown;
  }

  #improves(figure: number): boolean {
    const best = this.#best;
    if (best === null) return !Number.isNaN(figure);
    const { mode, threshold, thresholdMode } = this.#options;
    const sign = mode === 'min' ? -1 : 1;
    const bar = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold;
    return sign * figure > sign * bar;
  }

  #reduce(): void {
    const { factor, minLr, eps } = this.#options;
    for (const [i, group] of this.optimizer.paramGroups.entries()) {
      const lr = Math.max(group.lr * factor, ofGroup(minLr, i));
      if (group.lr - lr > eps) group.lr = lr;
    }
  }
}
