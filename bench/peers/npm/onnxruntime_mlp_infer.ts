// The mlp-infer suite in ONNX Runtime. Its results arrive in JavaScript's memory: reading them costs nothing more.
import type { Job } from '../../rival';
import { type Contender, serve } from '../serve';
import { classifier } from './onnx';
import { load } from './safetensors';

interface OnnxTensor {
  data: Float32Array;
}

interface Session {
  run(feeds: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>;
}

/** The part of onnxruntime-node that is used here; this compiles where it is not installed. */
interface OnnxRuntime {
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OnnxTensor;
  env: { versions: { node: string } };
}

const onnx = require('onnxruntime-node') as OnnxRuntime;

class MlpInfer implements Contender {
  readonly #session: Session;
  readonly #feeds: Record<string, OnnxTensor>;

  constructor(session: Session, images: OnnxTensor) {
    this.#session = session;
    this.#feeds = { images };
  }

  reset(): void {}

  async check(): Promise<number[]> {
    const { logits } = await this.#session.run(this.#feeds);
    return Array.from(logits.data, Math.exp);
  }

  async run(iterations: number): Promise<void> {
    for (let i = 0; i < iterations; i++) await this.#session.run(this.#feeds);
  }
}

async function prepare({ inputs }: Job): Promise<Contender> {
  const { images, ...weights } = load(String(inputs));
  const session = await onnx.InferenceSession.create(classifier(weights), {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: Number(process.env.BENCH_THREADS),
    interOpNumThreads: 1,
  });
  return new MlpInfer(session, new onnx.Tensor('float32', images.data as Float32Array, images.shape));
}

void serve(prepare, { onnxruntime: onnx.env.versions.node });
