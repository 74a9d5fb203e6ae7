// The end-to-end suite on our side: the demo's own loop, or its use of the Trainer.
import { manualSeed, optim } from 'anneal';
import { type Digits, loadDigits } from '../../examples/mnist-mlp/digits';
import { trainInLoop } from '../../examples/mnist-mlp/loop';
import { Classifier } from '../../examples/mnist-mlp/model';
import type { Outcome } from '../../examples/mnist-mlp/task';
import { trainWithTrainer } from '../../examples/mnist-mlp/trainer';
import type { Job } from '../rival';
import { versions } from './anneal_setup';
import { type Contender, serve } from './serve';

const batchSize = 64;
const seed = 1;

class EndToEnd implements Contender {
  readonly #job: Job;
  readonly #digits: { training: Digits; test: Digits };

  constructor(job: Job, digits: { training: Digits; test: Digits }) {
    this.#job = job;
    this.#digits = digits;
  }

  reset(): void {}

  #train(epochs: number): Promise<Outcome> {
    manualSeed(seed);
    const model = new Classifier();
    const Optimizer = this.#job.optimizer === 'adam' ? optim.Adam : optim.SGD;
    const optimizer = new Optimizer(model.parameters(), { lr: Number(this.#job.lr) });
    const train = this.#job.style === 'trainer' ? trainWithTrainer : trainInLoop;
    return train({ model, optimizer, ...this.#digits, epochs, batchSize, seed });
  }

  async check(): Promise<number[]> {
    return [(await this.#train(Number(this.#job.checkEpochs))).accuracy];
  }

  async run(iterations: number): Promise<void> {
    await this.#train(iterations);
  }

  // The epochs alone, as the demo tells them, without its test at the end.
  async measure(iterations: number) {
    const begin = process.cpuUsage();
    const { epochs } = await this.#train(iterations);
    const { user, system } = process.cpuUsage(begin);
    return { seconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0), cpuSeconds: (user + system) / 1e6 };
  }
}

// The demo reports its epochs; standard output is for answers.
console.log = () => {};
void serve(async (job) => new EndToEnd(job, await loadDigits(Number(job.limit))), versions);
