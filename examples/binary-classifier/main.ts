// Two small tables, one small network: full-batch training with mean squared error and a validation split.
import { writeFile } from 'node:fs/promises';
import { data, manualSeed, nn, noGrad, optim, scope, type Tensor } from 'anneal';
import { Command, Option } from 'commander';
import { outputFile, positiveNumber, runProgram, wholeNumber } from '../command-line';
import { BinaryClassifier } from './model';
import { irisTable, pointsTable, type Table } from './tables';

interface Arguments {
  iterations: number;
  lr: number;
  optimizer: 'sgd' | 'adam';
  seed: number;
  json?: string;
}

type Part = [features: Tensor, targets: Tensor];

interface Result {
  /** Mean squared error. */
  loss: number;
  /** Share of samples on the right side of 0.5. */
  accuracy: number;
}

function parseArguments(argv: readonly string[]): Arguments {
  return new Command('binary-classifier')
    .description('Trains a network of ten hidden units on two tables of two classes.')
    .option('--iterations <n>', 'steps over the whole training part', wholeNumber(1), 1000)
    .option('--lr <rate>', 'learning rate', positiveNumber, 0.01)
    .addOption(new Option('--optimizer <name>', 'what updates the weights').choices(['sgd', 'adam']).default('sgd'))
    .option('--seed <n>', 'decides points, split and weights', wholeNumber(0), 1)
    .option('--json <file>', 'write the results to a file', outputFile)
    .parse([...argv], { from: 'user' })
    .opts<Arguments>();
}

async function learn(table: Table, { iterations, lr, optimizer: name, seed }: Arguments): Promise<Result> {
  const dataset = new data.TensorDataset(table.features, table.targets);
  const parts = await data.trainValidationSplit(dataset, { validation: 0.2, seed });
  const [training, validation] = parts.map(({ indices }) => dataset.getBatch(indices));
  // Fitted to the training part alone: the validation part must not tell anything.
  const scaler = await new data.StandardScaler().fit(training[0]);
  for (const part of [training, validation]) part[0] = scaler.transform(part[0]);

  const model = new BinaryClassifier(table.features.shape[1]);
  const Optimizer = name === 'adam' ? optim.Adam : optim.SGD;
  const optimizer = new Optimizer(model.parameters(), { lr });
  const [x, y] = training;
  console.log(table.name);
  const reportEvery = Math.ceil(iterations / 5);
  for (let iteration = 1; iteration <= iterations; iteration++) {
    scope(() => {
      optimizer.zeroGrad();
      nn.mseLoss(model.forward(x), y).backward();
      optimizer.step();
    });
    if (iteration % reportEvery !== 0 && iteration !== iterations) continue;
    const [seen, unseen] = [await measure(model, training), await measure(model, validation)];
    const progress = `Iteration [${iteration}/${iterations}]`;
    console.log(`  ${progress}, Loss: ${seen.loss.toFixed(4)}, Validation loss: ${unseen.loss.toFixed(4)}`);
  }
  const result = await measure(model, validation);
  console.log(`  Validation accuracy: ${(100 * result.accuracy).toFixed(2)}%`);
  return result;
}

async function measure(model: BinaryClassifier, [x, y]: Part): Promise<Result> {
  using output = scope(() => noGrad(() => model.forward(x)));
  const { loss, correct } = scope(() => ({
    loss: nn.mseLoss(output, y),
    correct: output.gt(0.5).eq(y.gt(0.5)).to('float64').mean(),
  }));
  return { loss: await loss.item(), accuracy: await correct.item() };
}

runProgram(async () => {
  const options = parseArguments(process.argv.slice(2));
  manualSeed(options.seed);
  const points = await learn(pointsTable(), options);
  const iris = await learn(irisTable(), options);
  if (options.json) await writeFile(options.json, `${JSON.stringify({ points, iris }, null, 2)}\n`);
});
