// The mlp-infer suite on our side.
import { io, noGrad, scope, synchronize, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { network, versions } from './anneal_setup';
import { type Contender, serve } from './serve';

const eager = process.argv[2] === 'anneal-eager';

class MlpInfer implements Contender {
  readonly #read: boolean;
  readonly #forward: (images: Tensor) => Tensor;
  readonly #images: Tensor;

  constructor({ widths, read }: Job, { images, ...weights }: Record<string, Tensor>) {
    this.#read = Boolean(read);
    const model = network(widths as readonly number[], weights);
    model.eval();
    this.#forward = eager ? (images) => noGrad(() => scope(() => model.forward(images))) : model.compile();
    this.#images = images;
  }

  reset(): void {}

  async check(): Promise<number[]> {
    return Array.from(await this.#forward(this.#images).exp().data(), Number);
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) {
      const logits = this.#forward(this.#images);
      if (this.#read) await logits.data();
      logits.dispose();
    }
    await synchronize();
  }
}

void serve(async (job) => new MlpInfer(job, await io.load(String(job.inputs))), versions);
