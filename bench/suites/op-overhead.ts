// What an operator costs beyond its arithmetic: adding two tensors of one element, and a call into the engine alone. Many
// calls one after another, then a wait for the last; what becomes of the results is for the language's collector.
import type { Suite } from './suite';

export const opOverhead: Suite = {
  name: 'op-overhead',
  description: 'an eager operator on tensors of one element',
  iteration: 'call',
  tolerance: 0,
  iterations: 20_000,
  onGpu: true,
  ours: 'anneal_op_overhead.ts',
  peers: { 'anneal-prebuilt': 'anneal_op_overhead.ts', torch: 'torch_op_overhead.py' },
  cases: () => [
    { name: 'add', job: () => ({ operation: 'add', grad: false }) },
    { name: 'add, recorded for gradients', job: () => ({ operation: 'add', grad: true }) },
    // A function that gives back a number the engine has at hand.
    { name: 'call of getNumThreads', job: () => ({ operation: 'call', grad: false }) },
  ],
};
