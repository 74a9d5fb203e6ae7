// The mlp suite in TensorFlow.js.
import type { Job } from '../../rival';
import { type Contender, serve } from '../serve';
import { layers, load } from './safetensors';
import {
  forward,
  type Layer,
  type Optimizer,
  start,
  type Tensor,
  type TensorFlow,
  toTensors,
  type Variable,
  versions,
} from './tfjs';

class Mlp implements Contender {
  readonly #tf: TensorFlow;
  readonly #job: Job;
  readonly #images: Tensor;
  readonly #labels: Tensor;
  readonly #initial: Layer[];
  readonly #layers: { weight: Variable; bias: Variable }[];
  #optimizer: Optimizer;

  constructor(tf: TensorFlow, job: Job) {
    const { images, labels, ...weights } = load(String(job.inputs));
    this.#tf = tf;
    this.#job = job;
    this.#images = tf.tensor(images.data as Float32Array, images.shape);
    // Its cross-entropy takes the labels one-hot.
    const indices = Array.from(labels.data, Number);
    this.#labels = tf.oneHot(tf.tensor1d(indices, 'int32'), (job.widths as readonly number[]).at(-1) as number);
    this.#initial = toTensors(tf, layers(weights));
    this.#layers = this.#initial.map(({ weight, bias }) => ({ weight: tf.variable(weight), bias: tf.variable(bias) }));
    this.#optimizer = this.#newOptimizer();
  }

  #newOptimizer(): Optimizer {
    const lr = Number(this.#job.lr);
    return this.#job.optimizer === 'adam' ? this.#tf.train.adam(lr, 0.9, 0.999, 1e-8) : this.#tf.train.sgd(lr);
  }

  reset(): void {
    for (const [i, { weight, bias }] of this.#layers.entries()) {
      weight.assign(this.#initial[i].weight);
      bias.assign(this.#initial[i].bias);
    }
    this.#optimizer.dispose();
    this.#optimizer = this.#newOptimizer();
  }

  // The loss is that of before the step.
  #step(): Tensor {
    return this.#optimizer.minimize(
      () => this.#tf.losses.softmaxCrossEntropy(this.#labels, forward(this.#tf, this.#layers, this.#images)),
      true,
    );
  }

  async check(): Promise<number[]> {
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push((await this.#step().data())[0]);
    return losses;
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) this.#step().dispose();
    this.#layers[0].bias.dataSync();
  }
}

void serve(async (job) => new Mlp(await start(process.argv[2]), job), versions);
