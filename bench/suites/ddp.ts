// Data parallelism on one machine: two processes beside one. Each has one thread and a batch of its own.
import { Generator, uniform } from 'anneal';
import type { Job } from '../rival';
import { saveInputs } from './inputs';
import { makeWeights, widths } from './network';
import type { Case, Suite } from './suite';

export const ddp: Suite = {
  name: 'ddp',
  description: `a training step of a ${widths.join('-')} classifier by several processes of one thread, SGD`,
  iteration: 'step',
  // Of the losses of a few steps, whose gradients are summed in another order.
  tolerance: 1e-4,
  iterations: 10,
  ours: 'anneal_ddp.ts',
  peers: { torch: 'torch_ddp.py' },
  cases(quick) {
    const batch = quick ? 64 : 4096;
    return [1, 2].map((processes): Case => {
      const job = async (folder: string): Promise<Job> => ({
        widths,
        lr: 0.01,
        processes,
        inputs: await saveInputs(folder, `ddp-${batch}`, () => {
          const generator = new Generator(1);
          return {
            ...makeWeights(generator),
            images: uniform([batch, widths[0]], { generator }),
            labels: uniform([batch], { high: widths.at(-1), generator }).to('int64'),
          };
        }),
      });
      return { name: `${processes} x ${batch}`, job, threads: 1 };
    });
  },
};
