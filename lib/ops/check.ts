// Arguments of compositions, checked where they are given: errors name the function, the parameter and the value.
import { ArgumentError, describe, ShapeError } from '../errors';
import { formatShape } from '../tensor';

/** An axis from 0 to below `rank`, of one that may count from the end. */
export function axisIn(op: string, axis: number, rank: number, name = 'axis'): number {
  const position = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && position >= 0 && position < rank) return position;
  throw new ArgumentError(`[${op}] ${name} ${describe(axis)} is outside a tensor of ${rank} dimensions`);
}

/** Several axes from 0 to below `rank`, each once. */
export function axesIn(op: string, axes: number | readonly number[], rank: number, name = 'axes'): number[] {
  const list = typeof axes === 'number' ? [axes] : axes;
  if (!Array.isArray(list)) {
    throw new ArgumentError(`[${op}] expected an axis or axes for '${name}', received ${describe(axes)}`);
  }
  const found = list.map((axis) => axisIn(op, axis, rank, name));
  const twice = found.find((axis, i) => found.indexOf(axis) !== i);
  if (twice !== undefined) throw new ArgumentError(`[${op}] axis ${twice} appears twice in '${name}'`);
  return found;
}

/** An integer of at least `least`. */
export function integerFor(op: string, name: string, value: number, least = Number.MIN_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  const bound = least === Number.MIN_SAFE_INTEGER ? '' : ` of at least ${least}`;
  throw new ArgumentError(`[${op}] expected an integer${bound} for '${name}', received ${describe(value)}`);
}

/** A number, which may be infinite but not NaN. */
export function numberFor(op: string, name: string, value: number): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw new ArgumentError(`[${op}] expected a number for '${name}', received ${describe(value)}`);
}

/** A number from 0 to 1. */
export function probabilityFor(op: string, name: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new ArgumentError(`[${op}] expected 0 <= ${name} <= 1, received ${String(value)}`);
}

/** A list of integers of at least `least`. */
export function integersFor(op: string, name: string, values: readonly number[], least?: number): number[] {
  if (!Array.isArray(values)) {
    throw new ArgumentError(`[${op}] expected an array of integers for '${name}', received ${describe(values)}`);
  }
  return Array.from(values, (value, i) => integerFor(op, `${name}[${i}]`, value, least));
}

/** One of several words. */
export function choiceFor<T extends string>(op: string, name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  const words = choices.map((choice) => `'${choice}'`).join(', ');
  throw new ArgumentError(`[${op}] expected one of ${words} for '${name}', received ${describe(value)}`);
}

/** The product of sizes. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The shape that all shapes broadcast to. @throws ShapeError when there is none. */
export function broadcastOf(op: string, shapes: readonly (readonly number[])[]): number[] {
  const rank = shapes.reduce((most, { length }) => Math.max(most, length), 0);
  const result: number[] = new Array(rank).fill(1);
  for (const shape of shapes) {
    for (const [i, extent] of shape.entries()) {
      const at = i + rank - shape.length;
      if (extent === 1 || extent === result[at]) continue;
      if (result[at] !== 1) {
        throw new ShapeError(`[${op}] shapes ${shapes.map(formatShape).join(' and ')} do not broadcast`);
      }
      result[at] = extent;
    }
  }
  return result;
}
