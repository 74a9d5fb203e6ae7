// What processes do together with tensors.
import { noGrad } from '../context';
import { ArgumentError } from '../errors';
import { allReduceStart, allReduceWait, broadcastFrom, gatherFrom, type ReduceOp } from '../ops/collective';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { currentSize, refresh, size } from './group';

export type { ReduceOp } from '../ops/collective';

/** A name for errors, such as that of a mismatch. */
export interface CollectiveOptions {
  /** What errors call the tensor. Must be the same on all processes. */
  name?: string;
}

/**
 * `x` of all processes, element by element their sum, or what `op` says: a new tensor, the same on every process. `x` has the same dtype
 * and shape on each. The values are taken in the order of the processes, ((x0 + x1) + x2) + ..., so that equal inputs give equal bits
 * on every run.
 *
 * float32, float64, int32, int64 and uint8; means of floating dtypes only. Integers wrap around. Not differentiable.
 *
 * @throws ArgumentError, DTypeError. That another process is gone, or calls something else, is a DistributedError of whatever reads the
 * result.
 */
export function allReduce(x: Tensor, op: ReduceOp = 'sum', options: CollectiveOptions = {}): Tensor {
  checkOptions('allReduce', options, ['name']);
  return noGrad(() => {
    const result = x.clone();
    allReduceStart(result, op, options.name ?? '');
    allReduceWait(result);
    return result;
  });
}

/**
 * `x` of process `from`: a new tensor, the same on every process. On the others `x` only says dtype and shape.
 *
 * @throws ArgumentError for a process that there is not; DistributedError as {@link allReduce}.
 */
export function broadcast(x: Tensor, options: CollectiveOptions & { from?: number } = {}): Tensor {
  checkOptions('broadcast', options, ['name', 'from']);
  const { from = 0, name = '' } = options;
  refresh();
  if (!Number.isSafeInteger(from) || from < 0 || from >= size) {
    throw new ArgumentError(`[broadcast] expected a process from 0 to ${size - 1} for from, received ${String(from)}`);
  }
  return noGrad(() => {
    const result = x.clone();
    broadcastFrom(result, from, name);
    return result;
  });
}

/**
 * `x` of all processes, in their order, along a new first dimension: `[size, ...x.shape]`. `x` has the same dtype and shape on each.
 *
 * @throws DistributedError as {@link allReduce}.
 */
export function allGather(x: Tensor, options: CollectiveOptions = {}): Tensor {
  checkOptions('allGather', options, ['name']);
  return noGrad(() => gatherFrom(x, currentSize(), options.name ?? ''));
}
