// The demo, examples/mnist-mlp: epochs of the MNIST training set with everything that belongs to them. `torch` is the same loop
// with PyTorch's DataLoader over bytes like ours, `torch-in-memory` takes its batches from float tensors of the whole set.
import type { Case, Suite } from './suite';

const learningRates = { sgd: 0.01, adam: 0.001 };

export const endToEnd: Suite = {
  name: 'end-to-end',
  description: 'the demo, an epoch of 60,000 images in batches of 64',
  iteration: 'epoch',
  // Of the accuracy after three epochs: the order of the images is each rival's own.
  tolerance: 0.03,
  rounds: 3,
  iterations: 10,
  ours: 'anneal_end_to_end.ts',
  peers: { torch: 'torch_end_to_end.py', 'torch-in-memory': 'torch_end_to_end.py' },
  cases(quick) {
    const cases: Case[] = [];
    for (const style of ['loop', 'trainer']) {
      for (const [optimizer, lr] of Object.entries(learningRates)) {
        if (quick && optimizer === 'sgd') continue; // learns too little from the few images of a quick run
        const limit = quick ? 6400 : 60_000;
        const job = { style, optimizer, lr, limit, checkEpochs: 3 };
        cases.push({ name: `${style}, ${optimizer}`, job: () => job });
      }
    }
    return cases;
  },
};
