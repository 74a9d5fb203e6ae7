// One implementation of a suite of somebody's own (see own-suite.ts). The command line names the implementation.
import { createRequire } from 'node:module';
import type * as anneal from 'anneal';
import { type Iteration, type Outcome, readOwnSuite } from '../own-suite';
import type { Job } from '../rival';
import { versions } from './anneal_setup';
import { type Contender, sample, serve } from './serve';

const name = String(process.argv[2]);

class Own implements Contender {
  readonly #start: () => Iteration | Promise<Iteration>;
  readonly #synchronize: () => Promise<void>;
  #iterate: Iteration | undefined;

  constructor(start: () => Iteration | Promise<Iteration>, synchronize: () => Promise<void>) {
    this.#start = start;
    this.#synchronize = synchronize;
  }

  async reset(): Promise<void> {
    this.#iterate = await this.#start();
  }

  async check(): Promise<number[]> {
    const outcome = await this.#iterate?.();
    if (typeof outcome === 'number') return [outcome];
    const values = isTensor(outcome) ? await outcome.data() : (outcome ?? []);
    return [values.length, ...sample(values)];
  }

  async run(iterations: number): Promise<void> {
    const iterate = this.#iterate as Iteration;
    for (let i = 0; i < iterations; i++) {
      const given = iterate();
      // `await` of what is no promise would wait for a turn of the event loop all the same.
      const outcome = given instanceof Promise ? await given : given;
      if (isTensor(outcome)) outcome.dispose();
    }
    await this.#synchronize();
  }
}

function isTensor(outcome: Outcome | undefined): outcome is anneal.Tensor {
  return typeof outcome === 'object' && 'dispose' in outcome;
}

/** Waits for the copy of anneal that the file uses, if it uses one. */
function synchronizeOf(file: string): () => Promise<void> {
  try {
    return (createRequire(file)('anneal') as typeof anneal).synchronize;
  } catch {
    return async () => {};
  }
}

async function prepare(job: Job): Promise<Contender> {
  const file = String(job.file);
  const { cases, implementations } = await readOwnSuite(file);
  const one = cases.find((candidate) => candidate.name === job.case);
  const implementation = implementations[name];
  return new Own(() => implementation(one?.parameters), synchronizeOf(file));
}

// Standard output is for answers.
console.log = console.error;
void serve(prepare, versions);
