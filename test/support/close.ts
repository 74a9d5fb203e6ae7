// Whether a result is what it should be, and how far off it may be.
import type { Tensor } from 'anneal';
import type { Expected } from './fixtures';
import type { Tolerance, ToleranceClass } from './samples';

// What the classes of tolerance allow:
// exact: nothing. Elements are moved, compared or converted.
// element: results that are rounded once or twice, or come from polynomials that are right to 2 units in the last place. Each
// element is compared by itself.
// sum: terms of different signs are added up, so that an element may be small while its terms are not. The unit is that of the
// largest element of the tensor, and at least that of 1, the size of the inputs.
// Gradients are sums in every class, because an input may have been broadcast or used twice.
const ELEMENT_ULPS = 4;
const SUM_ULPS = 16;

export interface Allowance {
  /** Error allowed an element, relative to itself. */
  relative: number;
  /** The same, relative to the largest element, or to 1. */
  scaled: number;
}

/** In units of the dtype's spacing at 1. */
function unitOf(dtype: string): number {
  return dtype === 'float32' ? 2 ** -23 : 2 ** -52;
}

/** What a result, or a gradient, in a dtype may be off by; nothing for integers. */
export function allowanceOf(tolerance: Tolerance, dtype: string, isGradient: boolean): Allowance {
  const none = { relative: 0, scaled: 0 };
  if (!dtype.startsWith('float')) return none;
  const unit = unitOf(dtype);
  if (isGradient) return { ...none, scaled: Math.max(tolerance.gradient?.within ?? 0, SUM_ULPS * unit) };
  const allowances: Record<ToleranceClass, Allowance> = {
    exact: none,
    element: { ...none, relative: ELEMENT_ULPS * unit },
    sum: { ...none, scaled: SUM_ULPS * unit },
  };
  return allowances[tolerance.class];
}

// Denormal numbers have fewer digits than the others.
const DENORMAL = 1e-41;

/** The first difference in words, or undefined. NaN equals NaN. */
export function difference(actual: Tensor, expected: Expected, { relative, scaled }: Allowance): string | undefined {
  if (actual.dtype !== expected.dtype) return `dtype ${actual.dtype}, expected ${expected.dtype}`;
  if (String(actual.shape) !== String(expected.shape)) return `shape [${actual.shape}], expected [${expected.shape}]`;
  const found = actual.dataSync();
  let largest = 1;
  for (let i = 0; scaled > 0 && i < expected.values.length; i++) {
    const size = Math.abs(Number(expected.values[i]));
    if (Number.isFinite(size) && size > largest) largest = size;
  }
  for (let i = 0; i < expected.values.length; i++) {
    if (found[i] === expected.values[i]) continue;
    const [x, y] = [Number(found[i]), Number(expected.values[i])];
    if (Number.isNaN(x) && Number.isNaN(y)) continue;
    const allowed = relative * Math.abs(y) + scaled * largest;
    if (Math.abs(x - y) <= (allowed > 0 ? allowed + DENORMAL : 0)) continue;
    return `element ${i} is ${found[i]}, expected ${expected.values[i]} (within ${allowed.toExponential(1)})`;
  }
  return undefined;
}
