// Shapes: views that share memory where they can. Axes count from the end when negative.
import { type Device, deviceCode, isDevice } from '../device';
import { type DType, dtypeCode } from '../dtype';
import { ArgumentError, describe } from '../errors';
import { handleOf, type Tensor } from '../tensor';
import { axesOf, call, callMany, callVoid, defineMethods, handlesOf, operator } from './call';
import { axisIn } from './check';

const op = {
  assign: operator('assign'),
  cast: operator('cast'),
  toDevice: operator('toDevice'),
  contiguous: operator('contiguous'),
  reshape: operator('reshape'),
  squeeze: operator('squeeze'),
  unsqueeze: operator('unsqueeze'),
  permute: operator('permute'),
  transpose: operator('transpose'),
  flip: operator('flip'),
  expand: operator('expand'),
  slice: operator('slice'),
  split: operator('split'),
  concat: operator('concat'),
  stack: operator('stack'),
};

/**
 * Converts to another dtype. To an integer, floats are truncated, saturate out of range, and NaN gives 0; integers wrap around.
 * To bool: `x != 0`.
 *
 * @method
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  return call(op.cast, handleOf('cast', 'x', x), dtypeCode('cast', dtype));
}

/**
 * Converted to a dtype, as {@link cast} does, or moved to a device.
 *
 * @throws DTypeError or DeviceError when there is none of that name.
 * @method
 */
export function to(x: Tensor, target: DType | Device): Tensor {
  if (isDevice(target)) return call(op.toDevice, handleOf('to', 'x', x), deviceCode('to', target));
  return cast(x, target);
}

/** A copy, dense in row-major order. @method contiguous clone */
export function contiguous(x: Tensor): Tensor {
  return call(op.contiguous, handleOf('contiguous', 'x', x));
}

/** The same elements in another shape; one size may be -1. @throws ShapeError when the counts differ. @method */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  return call(op.reshape, handleOf('reshape', 'x', x), shape);
}

/** Dimensions from `startAxis` to `endAxis` joined into one. @method */
export function flatten(x: Tensor, startAxis = 0, endAxis = -1): Tensor {
  const { shape } = x;
  if (shape.length === 0) return reshape(x, [1]);
  const [start, end] = [axisIn('flatten', startAxis, shape.length), axisIn('flatten', endAxis, shape.length)];
  if (start > end) throw new ArgumentError(`[flatten] axis ${start} lies behind axis ${end}`);
  const joined = shape.slice(start, end + 1).reduce((product, extent) => product * extent, 1);
  return reshape(x, [...shape.slice(0, start), joined, ...shape.slice(end + 1)]);
}

/** Without dimensions of size 1: all of them, or those among `axes`. @method */
export function squeeze(x: Tensor, axes?: number | readonly number[] | null): Tensor {
  return call(op.squeeze, handleOf('squeeze', 'x', x), axesOf(axes));
}

/** With a new dimension of size 1 at `axis`. @method */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  return call(op.unsqueeze, handleOf('unsqueeze', 'x', x), axis);
}

/** Dimensions in the order of `axes`. @throws ArgumentError unless each axis appears once. @method */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  return call(op.permute, handleOf('permute', 'x', x), axes);
}

/** Two dimensions exchanged, by default the last two. @method */
export function transpose(x: Tensor, axis0?: number, axis1?: number): Tensor {
  return call(op.transpose, handleOf('transpose', 'x', x), axis0, axis1);
}

/** The order along the axes reversed; a copy. @method */
export function flip(x: Tensor, axes: number | readonly number[]): Tensor {
  return call(op.flip, handleOf('flip', 'x', x), axesOf(axes));
}

/** Dimensions of size 1 repeated to `shape`, without a copy; -1 keeps a size. @throws ShapeError @method */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  return call(op.expand, handleOf('expand', 'x', x), shape);
}

/**
 * Entries `begin` (default 0), `begin + step` (default 1), ... before `end` (default: the last) along `axis`, as Python slices
 * them.
 *
 * @throws ArgumentError for step < 1.
 * @method
 */
export function slice(x: Tensor, axis: number, begin?: number, end?: number | null, step?: number): Tensor {
  return call(op.slice, handleOf('slice', 'x', x), axis, begin, end, step);
}

/** Parts along `axis`: of `size` each, the last perhaps smaller, or of the sizes listed. @throws ShapeError, ArgumentError @method */
export function split(x: Tensor, size: number | readonly number[], axis = 0): Tensor[] {
  const handle = handleOf('split', 'x', x);
  const sizes = typeof size === 'number' ? evenParts(x, size, axis) : size;
  if (!Array.isArray(sizes)) throw new ArgumentError(`[split] expected a size or sizes, received ${describe(size)}`);
  for (const part of sizes) {
    if (!Number.isInteger(part) || part < 0) {
      throw new ArgumentError(`[split] expected sizes of at least 0, received ${describe(part)}`);
    }
  }
  return callMany(op.split, sizes.length, handle, sizes, axis);
}

function evenParts(x: Tensor, size: number, axis: number): number[] {
  if (!Number.isInteger(size) || size < 1) {
    throw new ArgumentError(`[split] expected a positive size, received ${describe(size)}`);
  }
  const extent = x.shape.at(axis) ?? 0;
  const count = Math.max(1, Math.ceil(extent / size));
  return Array.from({ length: count }, (_, i) => Math.min(size, extent - i * size));
}

/** Tensors joined along an existing axis (default 0); dtypes are promoted. @throws ShapeError when they differ elsewhere. */
export function concat(tensors: readonly Tensor[], axis?: number): Tensor {
  return call(op.concat, handlesOf('concat', 'tensors', tensors), axis);
}

/** Tensors of one shape joined along a new axis (default 0). @throws ShapeError */
export function stack(tensors: readonly Tensor[], axis?: number): Tensor {
  return call(op.stack, handlesOf('stack', 'tensors', tensors), axis);
}

/**
 * Writes `values` into `target` in place, converted to its dtype: for parameters and buffers. Backward through an operator that
 * used the old values throws AutogradError. If a failed kernel took `values`, the target keeps what it has.
 *
 * @throws ShapeError unless the shapes are equal; ArgumentError when target is the result of a recorded operator.
 * @method
 */
export function assign<T extends Tensor>(target: T, values: Tensor): T {
  const handle = handleOf('assign', 'target', target);
  if (!target.isLeaf) throw new ArgumentError('[assign] only parameters and buffers are assigned to, not results');
  callVoid(op.assign, handle, handleOf('assign', 'values', values));
  return target;
}

// The one method that differs from its function: a list of tensors has no tensor of its own.
declare module '../tensor' {
  interface Tensor {
    /**
     * This tensor and the others joined along an existing axis; dtypes are promoted.
     *
     * @throws ShapeError when they differ elsewhere.
     */
    concat(others: readonly Tensor[], axis?: number): Tensor;
  }
}

defineMethods({
  concat: (x: Tensor, others: readonly Tensor[], axis?: number) =>
    call(op.concat, [handleOf('concat', 'x', x), ...handlesOf('concat', 'others', others)], axis),
});
