// Single operators of networks, forward or with their gradients, on sizes that networks have. Convolutions are in cnn.ts, sorting in order.ts.
import { Generator, type Tensor, uniform } from 'anneal';
import type { Job } from '../rival';
import { saveInputs } from './inputs';
import type { Case, Suite } from './suite';

/** An operator: its formula is in every peers/*_ops file under `op`. */
interface Measured {
  op: string;
  /** Of the inputs that are numbers. Gradients are those of all of these. */
  shapes: Record<string, readonly number[]>;
  /** Inputs that are indices below a number. */
  indices?: Record<string, { shape: readonly number[]; high: number }>;
  /** Where gradients are measured too: the shape of the result, of which `dout` is the gradient. */
  dout?: readonly number[];
}

const heads = (time: number) => [1, 8, time, 64];
const attention = (time: number): Measured => ({
  op: 'attention',
  shapes: { q: heads(time), k: heads(time), v: heads(time) },
});
const measured: Record<string, Measured> = {
  'relu, 64x256': { op: 'relu', shapes: { x: [64, 256] } },
  'softmax, 64x256': { op: 'softmax', shapes: { x: [64, 256] } },
  'layer norm and gradients, 2048x384': {
    op: 'layer-norm',
    shapes: { x: [2048, 384], scale: [384], shift: [384] },
    dout: [2048, 384],
  },
  'batch norm in training and gradients, 64x64x16x16': {
    op: 'batch-norm',
    shapes: { x: [64, 64, 16, 16], scale: [64], shift: [64] },
    dout: [64, 64, 16, 16],
  },
  'max pool 2x2, 64x32x26x26': { op: 'max-pool', shapes: { x: [64, 32, 26, 26] } },
  'max pool 2x2 and gradients, 64x32x26x26': {
    op: 'max-pool',
    shapes: { x: [64, 32, 26, 26] },
    dout: [64, 32, 13, 13],
  },
  'attention, 256 positions': attention(256),
  'attention and gradients, 256 positions': { ...attention(256), dout: heads(256) },
  'attention and gradients, 1024 positions': { ...attention(1024), dout: heads(1024) },
  'attention and gradients, 2048 positions': { ...attention(2048), dout: heads(2048) },
  'embedding and gradient, 2048 of 50257x384': {
    op: 'embedding',
    shapes: { w: [50257, 384] },
    indices: { index: { shape: [2048], high: 50257 } },
    dout: [2048, 384],
  },
};

const smallest = ['relu, 64x256', 'max pool 2x2 and gradients, 64x32x26x26', 'attention, 256 positions'];

export const ops: Suite = {
  name: 'ops',
  description: 'normalisation, pooling, attention and embedding of float32',
  iteration: 'call',
  // Of elements where terms may cancel to a thousandth of their size.
  tolerance: 1e-3,
  ours: 'anneal_ops.ts',
  peers: { 'anneal-eager': 'anneal_ops.ts', torch: 'torch_ops.py' },
  cases(quick) {
    const chosen = Object.entries(measured).filter(([name]) => !quick || smallest.includes(name));
    return chosen.map(([name, { op, shapes, indices, dout }], i): Case => {
      const job = async (folder: string): Promise<Job> => {
        const inputs = await saveInputs(folder, `ops-${i}`, () =>
          makeInputs(dout ? { ...shapes, dout } : shapes, indices),
        );
        return { op, inputs };
      };
      return { name, job };
    });
  },
};

function makeInputs(shapes: Measured['shapes'], indices: Measured['indices'] = {}): Record<string, Tensor> {
  const generator = new Generator(1);
  const inputs: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(shapes)) inputs[name] = uniform(shape, { low: -1, high: 1, generator });
  for (const [name, { shape, high }] of Object.entries(indices)) {
    inputs[name] = uniform(shape, { high, generator }).to('int64');
  }
  return inputs;
}
