// Trains a convolutional network on MNIST, then fine-tunes its last layer to digits of another kind of which there are few.
import { data, nn, optim, train } from 'anneal';
import {
  applyOptions,
  runProgram,
  type TrainingOptions,
  trainingCommand,
  wholeNumber,
  writeResults,
} from '../command-line';
import { loadDigits } from '../mnist-mlp/digits';
import { Classifier } from './model';
import { loadSmallDigits } from './small-digits';

interface Arguments extends TrainingOptions {
  epochs: number;
  few: number;
  tuningEpochs: number;
  limit?: number;
}

function parseArguments(argv: readonly string[]): Arguments {
  const defaults = { batchSize: 64, lr: 0.001 };
  return trainingCommand('mnist-cnn', 'Trains a convolutional network on MNIST, then on other digits.', defaults)
    .option('--epochs <n>', 'passes through the training set', wholeNumber(1), 8)
    .option('--few <n>', 'how many of the other digits to learn from', wholeNumber(1, 1796), 100)
    .option('--tuning-epochs <n>', 'passes through these', wholeNumber(1), 30)
    .option('--limit <n>', 'use only the first n training and test images of MNIST', wholeNumber(1))
    .parse([...argv], { from: 'user' })
    .opts<Arguments>();
}

/** A Trainer of the parameters that are not frozen, whose learning rate falls from `lr` to a tenth of it. */
function trainerOf(model: Classifier, lr: number, epochs: number) {
  const learned = model.parameters().filter((parameter) => parameter.requiresGrad);
  return new train.Trainer({
    model,
    optimizer: new optim.Adam(learned, { lr }),
    loss: nn.crossEntropy,
    metrics: { accuracy: train.accuracy() },
    callbacks: [
      {
        onEpochEnd({ epoch, loss }, { optimizer }) {
          if (epoch % Math.ceil(epochs / 10) === 0) console.log(`Epoch [${epoch}/${epochs}], Loss: ${loss.toFixed(4)}`);
          optimizer.lr *= 0.1 ** (1 / epochs);
        },
      },
    ],
  });
}

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

runProgram(async () => {
  const options = parseArguments(process.argv.slice(2));
  const { epochs, batchSize, lr, seed, few, tuningEpochs } = options;
  applyOptions(options);

  const { training, test } = await loadDigits(options.limit);
  const model = new Classifier();
  const trainer = trainerOf(model, lr, epochs);
  const history = await trainer.fit(training, { epochs, batchSize, seed });
  const seconds = history.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const { accuracy } = (await trainer.evaluate(test, { batchSize: 500 })).metrics;
  console.log(`MNIST, test accuracy: ${percent(accuracy)}`);

  const digits = await loadSmallDigits();
  const [fewDigits, otherDigits] = await data.randomSplit(digits, [few, digits.length - few], { seed });
  const accuracyOf = async (trained: typeof trainer) =>
    (await trained.evaluate(otherDigits, { batchSize: 500 })).metrics.accuracy;
  const untuned = await accuracyOf(trainer);
  console.log(`\nThe other digits, ${few} to learn from, ${otherDigits.length} to test with`);
  console.log(`Accuracy as it is: ${percent(untuned)}`);

  console.log('\nFine-tuned, all but the last layer frozen');
  for (const parameter of model.features.parameters()) parameter.requiresGrad = false;
  const tuner = trainerOf(model, lr, tuningEpochs);
  await tuner.fit(fewDigits, { epochs: tuningEpochs, batchSize: 10, seed });
  const tuned = await accuracyOf(tuner);
  console.log(`Accuracy: ${percent(tuned)}`);

  console.log('\nA new network, trained on the same digits');
  const beginner = trainerOf(new Classifier(), lr, tuningEpochs);
  await beginner.fit(fewDigits, { epochs: tuningEpochs, batchSize: 10, seed });
  const untaught = await accuracyOf(beginner);
  console.log(`Accuracy: ${percent(untaught)}`);
  await writeResults(options.json, { accuracy, untuned, tuned, untaught, seconds });
});
