// The command line of the demo.
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { outputFile, positiveNumber, wholeNumber } from '../command-line';

export interface Arguments {
  epochs: number;
  batchSize: number;
  lr: number;
  optimizer: 'sgd' | 'adam';
  style: 'loop' | 'trainer';
  seed: number;
  threads?: number;
  limit?: number;
  json?: string;
  save: string;
}

const weightFile = join(__dirname, '..', '..', 'build', 'mnist-mlp.safetensors');

/** Reads the arguments after the name of the program; ends the process with a message when they are wrong. */
export function parseArguments(argv: readonly string[]): Arguments {
  return new Command('npm run demo --')
    .description('Trains a 784-256-128-64-10 classifier on the MNIST digits and tries it out.')
    .option('--epochs <n>', 'passes through the training set', wholeNumber(1), 10)
    .option('--batch-size <n>', 'samples a step', wholeNumber(1), 64)
    .option('--lr <rate>', 'learning rate', positiveNumber, 0.01)
    .addOption(new Option('--optimizer <name>', 'what updates the weights').choices(['sgd', 'adam']).default('sgd'))
    .addOption(
      new Option('--style <name>', 'the loop written out, or the Trainer').choices(['loop', 'trainer']).default('loop'),
    )
    .option('--seed <n>', 'decides weights and order: the same seed gives the same bits', wholeNumber(0), 1)
    .option('--threads <n>', 'threads to compute with (default: all the process may use)', wholeNumber(1))
    .option('--limit <n>', 'use only the first n training and test images', wholeNumber(1))
    .option('--json <file>', 'write the results to a file', outputFile)
    .option('--save <file>', 'where the weights go', outputFile, weightFile)
    .parse([...argv], { from: 'user' })
    .opts<Arguments>();
}
