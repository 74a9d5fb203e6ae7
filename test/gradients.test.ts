// Every differentiable sample of the table, in float64, against finite differences: gradients, and gradients of gradients.
import { expectNoLeaks } from './live-tensors';
import { checkAll } from './support/check';
import { checkFirstOrder, checkSecondOrder } from './support/finite';
import { samplesByOperator } from './support/samples';

describe('gradients against finite differences', () => {
  expectNoLeaks();
  for (const [op, all] of samplesByOperator) {
    const list = all.filter(({ grad, smooth = true }) => grad && smooth);
    if (list.length === 0) continue;
    it(op, () => checkAll(list, checkFirstOrder));
  }
});

describe('gradients of gradients against finite differences', () => {
  expectNoLeaks();
  for (const [op, all] of samplesByOperator) {
    // Large ones are there for the threads.
    const list = all.filter(
      ({ grad, smooth = true, reference = true }) => grad && smooth && (reference || op === 'dropout'),
    );
    if (list.length === 0) continue;
    it(op, () => checkAll(list, checkSecondOrder));
  }
});
