// A call of a compiled function that runs as it is: with the same results and errors, and without a graph behind the results.

import { isPromiseLike } from '../kinds';
import type { Tensor } from '../tensor';
import { putTogether, takeApart, takeResultApart } from './structure';
import { asynchronous, backwardReachedArgument } from './traced';

/** @throws whatever `fn` throws; what `compile` throws for its arguments and results. */
export function withoutCompiling(fn: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
  const inputs: Tensor[] = [];
  const template = takeApart(args, inputs, 'argument');
  // Leaves of their own, so that gradients end there.
  const stand = inputs.map((input) => {
    if (!input.requiresGrad) return input;
    const leaf = input.detach();
    leaf.requiresGrad = true;
    return leaf;
  });
  const value = fn(...(putTogether(template, stand) as never[]));
  if (isPromiseLike(value)) {
    Promise.resolve(value).catch(() => {});
    throw asynchronous();
  }
  const tensors: Tensor[] = [];
  const result = takeResultApart(value, tensors);
  if (stand.some((leaf, i) => leaf !== inputs[i] && leaf.grad !== null)) throw backwardReachedArgument();
  const given = (tensor: Tensor) => inputs[stand.indexOf(tensor)];
  return putTogether(
    result,
    tensors.map((tensor) => given(tensor) ?? (tensor.isLeaf ? tensor : tensor.detach())),
  );
}
