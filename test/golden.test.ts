// A golden run: the losses of 20 training steps of the MNIST network from the same weights and batches as PyTorch.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crossEntropy, linear, optim, scope, type Tensor, tensor } from 'anneal';
import { suite } from './support/check';
import { counterValues } from './support/counter';

const SIZES = [784, 256, 128, 64, 10];
const BATCH = 64;
const BATCHES = 100;
// float32 rounds in other places than PyTorch does; a wrong formula or order of updates shows in the first digits.
const TOLERANCE = 1e-4;

const { losses } = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'golden.json'), 'utf8')) as {
  losses: Record<string, number[]>;
};

function parameters(): Tensor[] {
  return SIZES.slice(1).flatMap((height, layer) => {
    const width = SIZES[layer];
    const bound = 1 / Math.sqrt(width);
    const make = (seed: number, shape: number[]) => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      return tensor(counterValues(seed, count, -bound, bound), { dtype: 'float32', shape, requiresGrad: true });
    };
    return [make(2 * layer, [height, width]), make(2 * layer + 1, [height])];
  });
}

/** Noise in which the pixels of the digit's own tenth are brighter. */
function batch(step: number): [x: Tensor, labels: Tensor] {
  const width = SIZES[0];
  const labels = counterValues(BATCHES + 2 * step, BATCH, 0, 10).map(Math.floor);
  const noise = counterValues(BATCHES + 2 * step + 1, BATCH * width, 0, 0.5);
  const pixels = noise.map((u, i) => u + (Math.floor((i % width) / 79) === labels[Math.floor(i / width)] ? 0.5 : 0));
  return [tensor(pixels, { dtype: 'float32', shape: [BATCH, width] }), tensor(labels, { dtype: 'int64' })];
}

function forward(params: readonly Tensor[], x: Tensor): Tensor {
  let h = x;
  for (let i = 0; i < params.length; i += 2) {
    h = linear(h, params[i], params[i + 1]);
    if (i + 2 < params.length) h = h.relu();
  }
  return h;
}

suite('golden run', () => {
  for (const [name, expected] of Object.entries(losses)) {
    it(`20 losses as PyTorch's: ${name}`, () => {
      const [kind, lr] = name.split(' ');
      scope(() => {
        const params = parameters();
        const optimizer =
          kind === 'adam' ? new optim.Adam(params, { lr: Number(lr) }) : new optim.SGD(params, { lr: Number(lr) });
        for (const [step, loss] of expected.entries()) {
          const found = scope(() => {
            const [x, labels] = batch(step);
            const value = crossEntropy(forward(params, x), labels);
            optimizer.zeroGrad();
            value.backward();
            optimizer.step();
            return value.itemSync();
          });
          assert.ok(Math.abs(found - loss) <= TOLERANCE * loss, `step ${step}: ${found}, expected ${loss}`);
        }
        optimizer.zeroGrad();
      });
    });
  }
});
