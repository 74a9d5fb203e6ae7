// The results of a run as one JSON object.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { engineInfo, memory } from 'anneal';
import type { Arguments } from './arguments';
import type { Outcome } from './task';

export interface Report extends Outcome {
  /** Training time alone, with everything that a step takes: batches, forward, backward, update. */
  millisecondsPerStep: number;
  /** Most bytes that tensors held at once. */
  peakMemory: number;
  /** Most bytes of the whole process that were in memory at once. */
  peakResidentMemory: number;
  seed: number;
  threads: number;
  arguments: Pick<Arguments, 'batchSize' | 'lr' | 'optimizer' | 'style'>;
  isa: string;
  versions: Record<'anneal' | 'node' | 'v8', string>;
}

/** @param samples size of the training set */
export function makeReport({ epochs, accuracy }: Outcome, options: Arguments, samples: number): Report {
  const { batchSize, lr, optimizer, style, seed } = options;
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const steps = epochs.length * Math.ceil(samples / batchSize);
  const { isa, threads } = engineInfo();
  const { version: anneal } = JSON.parse(readFileSync(require.resolve('anneal/package.json'), 'utf8'));
  return {
    accuracy,
    epochs,
    millisecondsPerStep: (1000 * seconds) / steps,
    peakMemory: memory().peak,
    peakResidentMemory: process.resourceUsage().maxRSS * 1024,
    seed,
    threads,
    arguments: { batchSize, lr, optimizer, style },
    isa,
    versions: { anneal, node: process.versions.node, v8: process.versions.v8 },
  };
}

export async function writeReport(file: string, report: Report): Promise<void> {
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}
