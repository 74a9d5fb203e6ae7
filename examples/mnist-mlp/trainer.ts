// The same training with the Trainer, which brings the loop, metrics and progress bars.
import { nn, train } from 'anneal';
import { type Outcome, printEpoch, type Task, testBatchSize } from './task';

/** Trains with `Trainer.fit` and measures the accuracy with `Trainer.evaluate`. */
export async function trainWithTrainer(task: Task): Promise<Outcome> {
  const { model, optimizer, training, test, epochs, batchSize, seed } = task;
  const trainer = new train.Trainer({
    model,
    optimizer,
    loss: nn.crossEntropy,
    metrics: { accuracy: train.accuracy() },
    callbacks: [{ onEpochEnd: ({ epoch, loss }) => printEpoch(epoch, epochs, loss) }],
  });
  const history = await trainer.fit(training, { epochs, batchSize, seed });
  const { metrics } = await trainer.evaluate(test, { batchSize: testBatchSize });
  return {
    epochs: history.epochs.map(({ loss, seconds, samplesPerSecond }) => ({ loss, seconds, samplesPerSecond })),
    accuracy: metrics.accuracy,
  };
}
