// Trains a classifier of handwritten digits, measures it, saves its weights, and tries them out on ten test digits.
import { relative } from 'node:path';
import { io, manualSeed, optim, setNumThreads } from 'anneal';
import { runProgram } from '../command-line';
import { parseArguments } from './arguments';
import { loadDigits } from './digits';
import { trainInLoop } from './loop';
import { Classifier } from './model';
import { makeReport, writeReport } from './report';
import { showDigits } from './show';
import { trainWithTrainer } from './trainer';

runProgram(async () => {
  const options = parseArguments(process.argv.slice(2));
  const { epochs, batchSize, lr, seed, save, json } = options;
  if (options.threads) setNumThreads(options.threads);
  manualSeed(seed);

  const { training, test } = await loadDigits(options.limit);
  const model = new Classifier();
  const Optimizer = options.optimizer === 'adam' ? optim.Adam : optim.SGD;
  const optimizer = new Optimizer(model.parameters(), { lr });
  const train = options.style === 'trainer' ? trainWithTrainer : trainInLoop;
  const outcome = await train({ model, optimizer, training, test, epochs, batchSize, seed });
  console.log(`Accuracy: ${(100 * outcome.accuracy).toFixed(2)}%`);
  const report = makeReport(outcome, options, training.length);

  await io.save(save, model.stateDict());
  const restored = new Classifier();
  restored.loadStateDict(await io.load(save));
  console.log(`\nSaved to ${relative('', save)}; read back, the weights see in the first test digits:\n`);
  console.log(await showDigits(restored, test, 10, process.stdout.columns || 80));

  if (json) await writeReport(json, report);
});
