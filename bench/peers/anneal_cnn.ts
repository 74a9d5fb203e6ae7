// The cnn suite on our side, compiled or eager.
import { conv2d, grad, io, nn, optim, scope, synchronize, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { maybeCompiled, versions } from './anneal_setup';
import { type Contender, serve } from './serve';

type Tensors = Record<string, Tensor>;

/** Root mean squares of 16 pieces: single elements may be small differences of large terms. */
function norms(values: ArrayLike<number | bigint | boolean>): number[] {
  const at = (piece: number) => Math.floor((piece * values.length) / 16);
  return Array.from({ length: 16 }, (_, piece) => {
    let sum = 0;
    for (let i = at(piece); i < at(piece + 1); i++) sum += Number(values[i]) ** 2;
    return Math.sqrt(sum / (at(piece + 1) - at(piece)));
  });
}

/** A layer, forward or with the gradients of its input and its parameters. */
class Layer implements Contender {
  readonly #call: () => Tensor[];

  constructor({ kind, padding, stride, groups }: Job, { x, weight, bias, dout }: Tensors) {
    const options = { bias, padding: Number(padding), stride: Number(stride), groups: Number(groups) };
    const sources = [x, weight, bias];
    if (kind === 'gradients') for (const source of sources) source.requiresGrad = true;
    const fn = maybeCompiled(() => {
      const y = conv2d(x, weight, options);
      return kind === 'gradients' ? grad(y, sources, { gradOutputs: dout }) : [y];
    });
    this.#call = () => scope(() => fn());
  }

  reset(): void {}

  async check(): Promise<number[]> {
    const results = await Promise.all(this.#call().map((result) => result.data()));
    return results.flatMap((values) => norms(values));
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) for (const result of this.#call()) result.dispose();
    await synchronize();
  }
}

/** A training step of a classifier. */
class Step implements Contender {
  readonly #images: Tensor;
  readonly #labels: Tensor;
  readonly #weights: Tensors;
  #step: (images: Tensor, labels: Tensor) => Tensor;

  constructor({ images, labels, ...weights }: Tensors) {
    this.#images = images;
    this.#labels = labels;
    this.#weights = weights;
    this.#step = this.#start();
  }

  #start(): (images: Tensor, labels: Tensor) => Tensor {
    const model = new nn.Sequential(
      new nn.Conv2d(1, 32, 3),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(32, 64, 3),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(1600, 128),
      new nn.ReLU(),
      new nn.Linear(128, 10),
    );
    model.loadStateDict(this.#weights);
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.001 });
    const step = maybeCompiled((images: Tensor, labels: Tensor) => {
      const loss = nn.crossEntropy(model.forward(images), labels);
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    });
    return (images, labels) => scope(() => step(images, labels));
  }

  reset(): void {
    this.#step = this.#start();
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

void serve(async (job) => {
  const tensors = await io.load(String(job.inputs));
  return job.kind === 'step' ? new Step(tensors) : new Layer(job, tensors);
}, versions);
