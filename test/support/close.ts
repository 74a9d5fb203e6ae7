// Whether a result is what it should be, and how far off it may be.
import type { Tensor } from 'anneal';
import type { Expected } from './fixtures';

// Operators whose results are rounded once or twice, or come from polynomials that are right to 2 units in the last place:
// each element is compared by itself. All others add up terms of different signs, so that an element may be small while its
// terms are not: there the unit is that of the largest element of the tensor, and at least that of 1, the size of the inputs.
const POINTWISE = new Set([
  ...[
    'add',
    'sub',
    'mul',
    'div',
    'pow',
    'maximum',
    'minimum',
    'maximumBackward',
    'neg',
    'abs',
    'sign',
    'square',
    'clamp',
  ],
  ...[
    'clampBackward',
    'exp',
    'log',
    'sqrt',
    'rsqrt',
    'sin',
    'cos',
    'erf',
    'where',
    'relu',
    'reluBackward',
    'leakyRelu',
  ],
  ...[
    'leakyReluBackward',
    'elu',
    'sigmoid',
    'sigmoidBackward',
    'tanh',
    'silu',
    'softplus',
    'squaredError',
    'huberError',
  ],
  ...[
    'cast',
    'contiguous',
    'reshape',
    'squeeze',
    'unsqueeze',
    'permute',
    'transpose',
    'flip',
    'expand',
    'slice',
    'split',
  ],
  ...['sliceBackward', 'concat', 'stack', 'pad', 'indexSelect', 'gather', 'max', 'min', 'full', 'eye'],
  'assign',
]);
const POINTWISE_ULPS = 4;
const SUM_ULPS = 16;

// PyTorch's own formula for this derivative adds 1e-12 to a denominator.
const LOOSE = new Map([['binaryCrossEntropyErrorBackward gradient', 1e-10]]);

export interface Tolerance {
  /** Error allowed an element, relative to itself. */
  relative: number;
  /** The same, relative to the largest element, or to 1. */
  scaled: number;
}

/** In units of the dtype's spacing at 1. */
function unitOf(dtype: string): number {
  return dtype === 'float32' ? 2 ** -23 : 2 ** -52;
}

/** What a result, or a gradient, of an operator in a dtype may be off by; nothing for integers. */
export function toleranceOf(op: string, dtype: string, isGradient: boolean): Tolerance {
  if (!dtype.startsWith('float')) return { relative: 0, scaled: 0 };
  const loose = LOOSE.get(isGradient ? `${op} gradient` : op) ?? 0;
  const unit = unitOf(dtype);
  // Gradients are sums where an input was broadcast or used twice.
  if (POINTWISE.has(op) && !isGradient) return { relative: POINTWISE_ULPS * unit, scaled: loose };
  return { relative: 0, scaled: Math.max(loose, SUM_ULPS * unit) };
}

// Denormal numbers have fewer digits than the others.
const DENORMAL = 1e-41;

/** The first difference in words, or undefined. NaN equals NaN. */
export function difference(actual: Tensor, expected: Expected, { relative, scaled }: Tolerance): string | undefined {
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
