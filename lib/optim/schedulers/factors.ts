// Schedules that multiply the rate a group began with by a factor.
import { ArgumentError, describe } from '../../errors';
import { checkOptions } from '../../options';
import type { Optimizer } from '../optimizer';
import { LRScheduler, ofGroup, perGroup, requireCount, requireNumber } from './scheduler';

/** Options of {@link StepLR}. */
export interface StepLROptions {
  /** Steps from one decrease to the next. */
  stepSize: number;
  /** Factor of a decrease. Default 0.1. */
  gamma?: number;
}

/**
 * Multiplies the rate by `gamma` every `stepSize` steps: `initial gamma^floor(count / stepSize)`.
 *
 * @throws ArgumentError for options out of range.
 */
export class StepLR extends LRScheduler {
  readonly #stepSize: number;
  readonly #gamma: number;

  constructor(optimizer: Optimizer, options: StepLROptions) {
    checkOptions('StepLR', options ?? null, ['stepSize', 'gamma']);
    const { stepSize, gamma = 0.1 } = options;
    requireCount('StepLR', 'stepSize', stepSize);
    requireNumber('StepLR', 'gamma', gamma, 0);
    super(optimizer, 'StepLR');
    this.#stepSize = stepSize;
    this.#gamma = gamma;
    this.begin();
  }

  rateAt(count: number, initial: number): number {
    return initial * this.#gamma ** Math.floor(count / this.#stepSize);
  }
}

/** Options of {@link MultiStepLR}. */
export interface MultiStepLROptions {
  /** Counts of steps at which the rate decreases. */
  milestones: readonly number[];
  /** Factor of a decrease. Default 0.1. */
  gamma?: number;
}

/**
 * Multiplies the rate by `gamma` at each milestone: `initial gamma^n`, where `n` milestones are at most `count`.
 *
 * @throws ArgumentError for options out of range.
 */
export class MultiStepLR extends LRScheduler {
  readonly #milestones: readonly number[];
  readonly #gamma: number;

  constructor(optimizer: Optimizer, options: MultiStepLROptions) {
    checkOptions('MultiStepLR', options ?? null, ['milestones', 'gamma']);
    const { milestones, gamma = 0.1 } = options;
    if (!Array.isArray(milestones)) {
      throw new ArgumentError(`[MultiStepLR] expected a list of milestones, received ${describe(milestones)}`);
    }
    for (const milestone of milestones) requireCount('MultiStepLR', 'milestones', milestone, 0);
    requireNumber('MultiStepLR', 'gamma', gamma, 0);
    super(optimizer, 'MultiStepLR');
    this.#milestones = [...milestones];
    this.#gamma = gamma;
    this.begin();
  }

  rateAt(count: number, initial: number): number {
    return initial * this.#gamma ** this.#milestones.filter((milestone) => milestone <= count).length;
  }
}

/**
 * Multiplies the rate by `gamma` at each step: `initial gamma^count`.
 *
 * @throws ArgumentError for options out of range.
 */
export class ExponentialLR extends LRScheduler {
  readonly #gamma: number;

  constructor(optimizer: Optimizer, options: { gamma: number }) {
    checkOptions('ExponentialLR', options ?? null, ['gamma']);
    requireNumber('ExponentialLR', 'gamma', options.gamma, 0);
    super(optimizer, 'ExponentialLR');
    this.#gamma = options.gamma;
    this.begin();
  }

  rateAt(count: number, initial: number): number {
    return initial * this.#gamma ** count;
  }
}

/** Options of {@link ConstantLR}. */
export interface ConstantLROptions {
  /** Factor of the first steps. Default 1/3. */
  factor?: number;
  /** How many those are. Default 5. */
  totalIters?: number;
}

/**
 * Multiplies the rate by `factor` for the first `totalIters` steps, and leaves it alone after them.
 *
 * @throws ArgumentError for options out of range.
 */
export class ConstantLR extends LRScheduler {
  readonly #factor: number;
  readonly #totalIters: number;

  constructor(optimizer: Optimizer, options: ConstantLROptions = {}) {
    checkOptions('ConstantLR', options, ['factor', 'totalIters']);
    const { factor = 1 / 3, totalIters = 5 } = options;
    requireNumber('ConstantLR', 'factor', factor, 0);
    requireCount('ConstantLR', 'totalIters', totalIters, 0);
    super(optimizer, 'ConstantLR');
    this.#factor = factor;
    this.#totalIters = totalIters;
    this.begin();
  }

  rateAt(count: number, initial: number): number {
    return count < this.#totalIters ? initial * this.#factor : initial;
  }
}

/** Options of {@link LinearLR}. */
export interface LinearLROptions {
  /** Factor of step 0. Default 1/3. */
  startFactor?: number;
  /** Factor from step `totalIters` on. Default 1. */
  endFactor?: number;
  /** Steps between the two. Default 5. */
  totalIters?: number;
}

/**
 * A factor that goes evenly from `startFactor` to `endFactor`, such as a warm-up:
 * `initial (start + (end - start) min(count, totalIters) / totalIters)`.
 *
 * @throws ArgumentError for options out of range.
 */
export class LinearLR extends LRScheduler {
  readonly #start: number;
  readonly #end: number;
  readonly #totalIters: number;

  constructor(optimizer: Optimizer, options: LinearLROptions = {}) {
    checkOptions('LinearLR', options, ['startFactor', 'endFactor', 'totalIters']);
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
    requireNumber('LinearLR', 'startFactor', startFactor, 0);
    requireNumber('LinearLR', 'endFactor', endFactor, 0);
    requireCount('LinearLR', 'totalIters', totalIters);
    super(optimizer, 'LinearLR');
    this.#start = startFactor;
    this.#end = endFactor;
    this.#totalIters = totalIters;
    this.begin();
  }

  rateAt(count: number, initial: number): number {
    const share = Math.min(count, this.#totalIters) / this.#totalIters;
    return initial * (this.#start + (this.#end - this.#start) * share);
  }
}

/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions {
  /** Steps until the rate is 0. Default 5. */
  totalIters?: number;
  /** Exponent. Default 1. */
  power?: number;
}

/**
 * Decreases to 0 as a power of what is left: `initial (1 - min(count, totalIters) / totalIters)^power`.
 *
 * @throws ArgumentError for options out of range.
 */
export class PolynomialLR extends LRScheduler {
  readonly #totalIters: number;
  readonly #power: number;

  constructor(optimizer: Optimizer, options: PolynomialLROptions = {}) {
    checkOptions('PolynomialLR', options, ['totalIters', 'power']);
    const { totalIters = 5, power = 1 } = options;
    requireCount('PolynomialLR', 'totalIters', totalIters);
    requireNumber('PolynomialLR', 'power', power, 0);
    super(optimizer, 'PolynomialLR');
    this.#totalIters = totalIters;
    this.#power = power;
    this.begin();
  }

  rateAt(count: number, initial: number): number {
    return initial * (1 - Math.min(count, this.#totalIters) / this.#totalIters) ** this.#power;
  }
}

/** A factor for each count of steps, for all groups or one function for each. */
export type FactorFunction = (count: number) => number;

/** Base of schedules whose factors are what functions return. */
abstract class ByFunctions extends LRScheduler {
  readonly #lambdas: readonly FactorFunction[];

  constructor(optimizer: Optimizer, lambda: FactorFunction | readonly FactorFunction[], kind: string) {
    super(optimizer, kind);
    this.#lambdas = perGroup(kind, 'lambda', lambda, optimizer.paramGroups.length);
    for (const fn of this.#lambdas) {
      if (typeof fn !== 'function') throw new ArgumentError(`[${kind}] expected a function, received ${describe(fn)}`);
    }
    this.begin();
  }

  /** The function of a group. */
  protected lambdaOf(group: number): FactorFunction {
    return ofGroup(this.#lambdas, group);
  }
}

/**
 * Multiplies the rate that a group began with by what a function returns: `initial lambda(count)`.
 *
 * ```ts
 * new optim.LambdaLR(optimizer, (epoch) => 0.95 ** epoch);
 * ```
 *
 * @throws ArgumentError for what is no function, or a list that has not one for each group.
 */
export class LambdaLR extends ByFunctions {
  constructor(optimizer: Optimizer, lambda: FactorFunction | readonly FactorFunction[]) {
    super(optimizer, lambda, 'LambdaLR');
  }

  rateAt(count: number, initial: number, group = 0): number {
    return initial * this.lambdaOf(group)(count);
  }
}

/**
 * Multiplies the rate at each step by what a function returns: `initial lambda(1) lambda(2) ... lambda(count)`.
 *
 * @throws ArgumentError for what is no function, or a list that has not one for each group.
 */
export class MultiplicativeLR extends ByFunctions {
  constructor(optimizer: Optimizer, lambda: FactorFunction | readonly FactorFunction[]) {
    super(optimizer, lambda, 'MultiplicativeLR');
  }

  rateAt(count: number, initial: number, group = 0): number {
    const lambda = this.lambdaOf(group);
    let rate = initial;
    for (let step = 1; step <= count; step++) rate *= lambda(step);
    return rate;
  }
}
