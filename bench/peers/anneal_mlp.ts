// The mlp suite on our side.
import { io, nn, optim, scope, synchronize, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { network, versions } from './anneal_setup';
import { type Contender, serve } from './serve';

class Mlp implements Contender {
  readonly #job: Job;
  readonly #images: Tensor;
  readonly #labels: Tensor;
  readonly #weights: Record<string, Tensor>;
  #model: nn.Sequential;
  #optimizer: optim.SGD | optim.Adam;

  constructor(job: Job, { images, labels, ...weights }: Record<string, Tensor>) {
    this.#job = job;
    this.#images = images;
    this.#labels = labels;
    this.#weights = weights;
    [this.#model, this.#optimizer] = this.#start();
  }

  #start(): [nn.Sequential, optim.SGD | optim.Adam] {
    const model = network(this.#job.widths as readonly number[], this.#weights);
    const Optimizer = this.#job.optimizer === 'adam' ? optim.Adam : optim.SGD;
    return [model, new Optimizer(model.parameters(), { lr: Number(this.#job.lr) })];
  }

  reset(): void {
    [this.#model, this.#optimizer] = this.#start();
  }

  // The scope disposes everything but the loss.
  #step(): Tensor {
    return scope(() => {
      this.#optimizer.zeroGrad();
      const loss = nn.crossEntropy(this.#model.forward(this.#images), this.#labels);
      loss.backward();
      this.#optimizer.step();
      return loss;
    });
  }

  async check(): Promise<number[]> {
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push(await this.#step().item());
    return losses;
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) this.#step().dispose();
    await synchronize();
  }
}

void serve(async (job) => new Mlp(job, await io.load(String(job.inputs))), versions);
