// Collectives: operators that all processes of a group call together (lib/distributed).
import { native } from '../native';
import type { Tensor } from '../tensor';
import { handleOf } from '../tensor';
import { call, callVoid, operator } from './call';

const op = {
  start: operator('allReduceStart'),
  wait: operator('allReduceWait'),
  broadcast: operator('broadcastFrom'),
  gather: operator('allGather'),
};

/** How values of several processes become one: their sum, mean, least or greatest. */
export type ReduceOp = 'sum' | 'mean' | 'min' | 'max';

/**
 * Begins to reduce `x`, which is contiguous, over all processes, in place. Nothing may read or write `x` before
 * {@link allReduceWait}, and something must hold it until then. @internal
 */
export function allReduceStart(x: Tensor, reduce: ReduceOp, name: string): void {
  callVoid(op.start, handleOf('allReduce', 'x', x), reduce, native.commName(name));
}

/** Waits, on the stream, until what {@link allReduceStart} has begun is done. @internal */
export function allReduceWait(x: Tensor): void {
  callVoid(op.wait, handleOf('allReduce', 'x', x));
}

/** Gives `x` of process `root` to all, in place. @internal */
export function broadcastFrom(x: Tensor, root: number, name: string): void {
  callVoid(op.broadcast, handleOf('broadcast', 'x', x), root, native.commName(name));
}

/** `x` of all `ranks` processes along a new first dimension. @internal */
export function gatherFrom(x: Tensor, ranks: number, name: string): Tensor {
  return call(op.gather, handleOf('allGather', 'x', x), ranks, native.commName(name));
}
