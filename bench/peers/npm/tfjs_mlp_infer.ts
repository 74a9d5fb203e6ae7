// The mlp-infer suite in TensorFlow.js.
import type { Job } from '../../rival';
import { type Contender, serve } from '../serve';
import { layers, load } from './safetensors';
import { forward, type Layer, start, type Tensor, type TensorFlow, toTensors, versions } from './tfjs';

class MlpInfer implements Contender {
  readonly #tf: TensorFlow;
  readonly #read: boolean;
  readonly #images: Tensor;
  readonly #layers: Layer[];

  constructor(tf: TensorFlow, { inputs, read }: Job) {
    const { images, ...weights } = load(String(inputs));
    this.#tf = tf;
    this.#read = Boolean(read);
    this.#images = tf.tensor(images.data as Float32Array, images.shape);
    this.#layers = toTensors(tf, layers(weights));
  }

  reset(): void {}

  #call(): Tensor {
    return this.#tf.tidy(() => forward(this.#tf, this.#layers, this.#images));
  }

  async check(): Promise<number[]> {
    return Array.from(await this.#call().data(), Math.exp);
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) {
      const logits = this.#call();
      if (this.#read) await logits.data();
      logits.dispose();
    }
  }
}

void serve(async (job) => new MlpInfer(await start(process.argv[2]), job), versions);
