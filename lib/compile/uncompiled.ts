// A call of a compiled function that runs as it is: with the same results and errors, and without a graph behind the results.
import type { Tensor } from '../tensor';
import { flattenResult, flattenTensors, unflattenTensors } from './structure';
import { refusePromise } from './traced';

/** @throws whatever `fn` throws; what `compile` throws for its arguments and results. */
export function withoutCompiling(fn: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
  const inputs: Tensor[] = [];
  flattenTensors(args, inputs, 'argument');
  const value = fn(...(args as never[]));
  refusePromise(value);
  const tensors: Tensor[] = [];
  const result = flattenResult(value, tensors);
  const isGiven = (tensor: Tensor) => tensor.isDisposed || tensor.isLeaf || inputs.includes(tensor);
  return unflattenTensors(
    result,
    tensors.map((tensor) => (isGiven(tensor) ? tensor : tensor.detach())),
  );
}
