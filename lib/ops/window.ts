// Arguments of functions over windows of the last one to three dimensions, checked under the function's name.
import { isGradEnabled } from '../context';
import { ArgumentError, describe, ShapeError } from '../errors';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { call, callMany, type OperatorRef } from './call';
import { integerFor } from './check';
import { cast } from './shape';

/** A number for all dimensions, or one for each. */
export type PerDimension = number | readonly number[];

const SIZES = ['length', 'height, width', 'depth, height, width'];

/** Handle of `[channels, ...]` or `[batch, channels, ...]` with so many further dimensions. @throws ShapeError */
export function imageHandle(op: string, x: Tensor, dimensions: number, name = 'x'): number {
  const handle = handleOf(op, name, x);
  const lead = x.rank - dimensions;
  if (lead === 1 || lead === 2) return handle;
  const sizes = SIZES[dimensions - 1];
  throw new ShapeError(
    `[${op}] expected [batch, channels, ${sizes}] or [channels, ${sizes}], received ${formatShape(x.shape)}`,
  );
}

/** A number of at least `least` for each dimension. @throws ArgumentError */
export function perDimension(
  op: string,
  name: string,
  value: PerDimension,
  dimensions: number,
  least: number,
): number[] {
  if (typeof value === 'number') {
    return new Array<number>(dimensions).fill(integerFor(op, name, value, least));
  }
  if (!Array.isArray(value) || value.length !== dimensions) {
    const received = Array.isArray(value) ? `an array of ${value.length}` : describe(value);
    throw new ArgumentError(`[${op}] expected a number or ${dimensions} of them for '${name}', received ${received}`);
  }
  return Array.from(value, (size, i) => integerFor(op, `${name}[${i}]`, size, least));
}

/** Sizes of windows, and where they begin. */
export interface Windows {
  readonly kernelSize: number[];
  readonly stride: number[];
  readonly padding: number[];
}

/** @throws ArgumentError, also where the padding is more than half of a window. */
export function windowsOf(
  op: string,
  dimensions: number,
  size: PerDimension,
  options: { stride?: PerDimension | null; padding?: PerDimension },
): Windows {
  const kernelSize = perDimension(op, 'kernelSize', size, dimensions, 1);
  const stride = options.stride == null ? kernelSize : perDimension(op, 'stride', options.stride, dimensions, 1);
  const padding = perDimension(op, 'padding', options.padding ?? 0, dimensions, 0);
  const wide = padding.findIndex((count, d) => count > (kernelSize[d] as number) / 2);
  if (wide >= 0) {
    throw new ArgumentError(
      `[${op}] padding must be at most half of kernelSize, not ${padding[wide]} of ${kernelSize[wide]}`,
    );
  }
  return { kernelSize, stride, padding };
}

/** Asks for the places of the elements too: int64, counted within the pooled dimensions. */
export interface WithIndices {
  /** Whether the function returns `[values, indices]`. */
  returnIndices: true;
}

/** Asks for the values alone. */
export interface WithoutIndices {
  /** Whether the function returns `[values, indices]`. Default false. */
  returnIndices?: false;
}

/**
 * Maxima, with the places where they are asked for. The operator without places is for what has no gradient: it writes less.
 */
export function maxima(
  values: OperatorRef,
  withIndex: OperatorRef,
  x: Tensor,
  returnIndices: boolean | undefined,
  args: readonly unknown[],
): Tensor | [Tensor, Tensor] {
  if (!returnIndices && !(isGradEnabled() && x.requiresGrad)) return call(values, ...args);
  const [y, index] = callMany(withIndex, 2, ...args) as [Tensor, Tensor];
  try {
    return returnIndices ? [y, cast(index, 'int64')] : y;
  } finally {
    index.dispose();
  }
}
