// The mlp suite on our side.
import { compile, io, nn, optim, scope, synchronize, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { network, versions } from './anneal_setup';
import { type Contender, serve } from './serve';

const eager = process.argv[2] === 'anneal-eager';

class Mlp implements Contender {
  readonly #job: Job;
  readonly #images: Tensor;
  readonly #labels: Tensor;
  readonly #weights: Record<string, Tensor>;
  #model: nn.Sequential;
  #optimizer: optim.SGD | optim.Adam;
  #step: (images: Tensor, labels: Tensor) => Tensor;

  constructor(job: Job, { images, labels, ...weights }: Record<string, Tensor>) {
    this.#job = job;
    this.#images = images;
    this.#labels = labels;
    this.#weights = weights;
    [this.#model, this.#optimizer] = this.#start();
    this.#step = this.#makeStep();
  }

  #start(): [nn.Sequential, optim.SGD | optim.Adam] {
    const model = network(this.#job.widths as readonly number[], this.#weights);
    const Optimizer = this.#job.optimizer === 'adam' ? optim.Adam : optim.SGD;
    return [model, new Optimizer(model.parameters(), { lr: Number(this.#job.lr) })];
  }

  reset(): void {
    [this.#model, this.#optimizer] = this.#start();
    this.#step = this.#makeStep();
  }

  #makeStep(): (images: Tensor, labels: Tensor) => Tensor {
    const [model, optimizer] = [this.#model, this.#optimizer];
    const step = (images: Tensor, labels: Tensor) => {
      const loss = nn.crossEntropy(model.forward(images), labels);
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    };
    // Without compiling, a scope disposes everything but the loss.
    return eager ? (images, labels) => scope(() => step(images, labels)) : compile(step);
  }

  async check(): Promise<number[]> {
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push(await this.#step(this.#images, this.#labels).item());
    return losses;
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) this.#step(this.#images, this.#labels).dispose();
    await synchronize();
  }
}

void serve(async (job) => new Mlp(job, await io.load(String(job.inputs))), versions);
