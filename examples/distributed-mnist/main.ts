// Handwritten digits, learned by several processes together: NODE_OPTIONS="--import tsx" npx anneal launch -n 2 examples/distributed-mnist/main.ts
import { createHash } from 'node:crypto';
import { AnnealError, distributed, manualSeed, nn, optim, type Tensor, train } from 'anneal';
import { Command } from 'commander';
import { wholeNumber } from '../command-line';
import { loadDigits } from '../mnist-mlp/digits';

interface Arguments {
  epochs: number;
  batch: number;
  limit?: number;
  seed: number;
}

function readArguments(): Arguments {
  return new Command('distributed-mnist')
    .description('Trains a classifier of handwritten digits with all processes of a group.')
    .option('--epochs <n>', 'passes through the data', wholeNumber(1), 3)
    .option('--batch <n>', 'samples of a batch, of all processes together', wholeNumber(1), 512)
    .option('--limit <n>', 'use only the first n digits', wholeNumber(1))
    .option('--seed <n>', 'of weights and orders', wholeNumber(0), 1)
    .parse()
    .opts<Arguments>();
}

/** A short name of the weights: equal for equal bits. */
async function digestOf(parameters: readonly Tensor[]): Promise<string> {
  const hash = createHash('sha256');
  for (const parameter of parameters) hash.update(new Uint8Array((await parameter.data()).buffer));
  return hash.digest('hex').slice(0, 16);
}

async function main(): Promise<void> {
  const { epochs, batch, limit, seed } = readArguments();
  await distributed.init();
  const { rank, size } = distributed;
  manualSeed(seed);
  const { training, test } = await loadDigits(limit);
  const model = new nn.Sequential(
    new nn.Linear(784, 512),
    new nn.ReLU(),
    new nn.Linear(512, 256),
    new nn.ReLU(),
    new nn.Linear(256, 10),
  );
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.Adam(model.parameters(), { lr: 0.001 }),
    loss: nn.crossEntropy,
    metrics: { accuracy: train.accuracy() },
    distributed: true,
  });
  const say = (line: string) => rank === 0 && process.stdout.write(`${line}\n`);
  const { epochs: records } = await trainer.fit(training, {
    epochs,
    batchSize: Math.max(1, Math.floor(batch / size)),
    seed,
    validation: test,
  });
  for (const { epoch, loss, validation, samplesPerSecond } of records) {
    const accuracy = (100 * (validation?.metrics.accuracy ?? 0)).toFixed(2);
    const speed = Math.round(samplesPerSecond * size);
    say(`epoch ${epoch}: loss ${loss.toFixed(6)}, test accuracy ${accuracy}%, ${speed} samples a second`);
  }
  const { bytes, seconds, waited } = distributed.traffic();
  const digest = await digestOf(model.parameters());
  say(`weights ${digest}; ${size} processes, ${(bytes / 2 ** 20).toFixed(1)} MiB sent by each`);
  if (size > 1)
    say(
      `${seconds.toFixed(2)} s of communication, ${(100 * Math.max(0, 1 - waited / seconds)).toFixed(0)}% of it behind computing`,
    );
}

main().catch((error: Error) => {
  process.stderr.write(`${error instanceof AnnealError ? error.message : error.stack}\n`);
  process.exit(1);
});
