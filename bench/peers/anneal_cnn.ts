// The cnn suite on our side, compiled or eager.
import { conv2d, grad, io, nn, noGrad, optim, scope, synchronize, type Tensor } from 'anneal';
import type { Job } from '../rival';
import { maybeCompiled, versions } from './anneal_setup';
import { ResNet18 } from './resnet';
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

/** A network with initial weights, and its optimizer. */
interface Network {
  model: nn.Module & { forward(images: Tensor): Tensor };
  optimizer: optim.Optimizer;
}

const networks: Record<string, (weights: Tensors) => Network> = {
  digits(weights) {
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
    model.loadStateDict(weights);
    return { model, optimizer: new optim.Adam(model.parameters(), { lr: 0.001 }) };
  },
  resnet(weights) {
    const model = resnet(weights);
    return { model, optimizer: new optim.SGD(model.parameters(), { lr: 0.001, momentum: 0.9 }) };
  },
};

// The file has the parameters alone: running statistics are those of a new model in every library.
function resnet(weights: Tensors): ResNet18 {
  const model = new ResNet18();
  model.loadStateDict(weights, { strict: false });
  return model;
}

/** A training step of a classifier. */
class Step implements Contender {
  readonly #images: Tensor;
  readonly #labels: Tensor;
  readonly #network: () => Network;
  #step: (images: Tensor, labels: Tensor) => Tensor;

  constructor({ network }: Job, { images, labels, ...weights }: Tensors) {
    this.#images = images;
    this.#labels = labels;
    this.#network = () => networks[String(network)](weights);
    this.#step = this.#start();
  }

  #start(): (images: Tensor, labels: Tensor) => Tensor {
    const { model, optimizer } = this.#network();
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

/** ResNet-18 in inference, one image after another. */
class Inference implements Contender {
  readonly #images: Tensor;
  readonly #forward: (images: Tensor) => Tensor;

  constructor({ images, ...weights }: Tensors) {
    this.#images = images;
    const model = resnet(weights);
    model.eval();
    const forward = maybeCompiled((x: Tensor) => noGrad(() => model.forward(x)));
    this.#forward = (x) => scope(() => forward(x));
  }

  reset(): void {}

  async check(): Promise<number[]> {
    return norms(await this.#forward(this.#images).data());
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) this.#forward(this.#images).dispose();
    await synchronize();
  }
}

void serve(async (job) => {
  const tensors = await io.load(String(job.inputs));
  if (job.kind === 'step') return new Step(job, tensors);
  return job.kind === 'inference' ? new Inference(tensors) : new Layer(job, tensors);
}, versions);
