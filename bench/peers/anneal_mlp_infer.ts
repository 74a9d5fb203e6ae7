// The mlp-infer suite on our side.
import { io, type nn, noGrad, scope, synchronize, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { network, versions } from './anneal_setup';
import { type Contender, serve } from './serve';

class MlpInfer implements Contender {
  readonly #read: boolean;
  readonly #model: nn.Sequential;
  readonly #images: Tensor;

  constructor({ widths, read }: Job, { images, ...weights }: Record<string, Tensor>) {
    this.#read = Boolean(read);
    this.#model = network(widths as readonly number[], weights);
    this.#model.eval();
    this.#images = images;
  }

  reset(): void {}

  #call(): Tensor {
    return noGrad(() => scope(() => this.#model.forward(this.#images)));
  }

  async check(): Promise<number[]> {
    return Array.from(await this.#call().exp().data(), Number);
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) {
      const logits = this.#call();
      if (this.#read) await logits.data();
      logits.dispose();
    }
    await synchronize();
  }
}

void serve(async (job) => new MlpInfer(job, await io.load(String(job.inputs))), versions);
