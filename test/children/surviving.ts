// One of several processes that learn handwritten digits over an MPI that survives losses: surviving.ts RANK STEP MS. The process RANK kills
// itself MS milliseconds after so many steps. Those that are left print what they have come to as JSON.
import { distributed, manualSeed, nn, optim, train } from 'anneal';
import { loadDigits } from '../../examples/mnist-mlp/digits';

async function main() {
  const [victim, step, delay] = process.argv.slice(2).map(Number) as [number, number, number];
  let steps = 0;
  await distributed.init();
  const first = distributed.rank;
  manualSeed(1);
  const { training, test } = await loadDigits();
  const model = new nn.Sequential(new nn.Linear(784, 64), new nn.ReLU(), new nn.Linear(64, 10));
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.Adam(model.parameters(), { lr: 0.003 }),
    loss: nn.crossEntropy,
    metrics: { accuracy: train.accuracy() },
    distributed: true,
    callbacks: [
      {
        onBatchEnd() {
          if (first === victim && ++steps === step) setTimeout(() => process.kill(process.pid, 'SIGKILL'), delay);
        },
      },
    ],
  });
  const { epochs } = await trainer.fit(training, { epochs: 8, batchSize: 100, seed: 1, validation: test });
  const accuracies = epochs.map(({ validation }) => validation?.metrics.accuracy);
  process.stdout.write(`${JSON.stringify({ first, rank: distributed.rank, size: distributed.size, accuracies })}\n`);
}

void main();
