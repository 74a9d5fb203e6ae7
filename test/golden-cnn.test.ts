// A golden run of convolutions: the losses of 20 training steps of a small residual network with BatchNorm2d, and its loss in inference
// after them, from the same weights and images as PyTorch; eager and compiled.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arange, compile, crossEntropy, maxPool2d, nn, noGrad, optim, scope, type Tensor, tensor } from 'anneal';
import { suite } from './support/check';
import { counterValues } from './support/counter';
import { integers, start } from './support/golden';

const [BATCH, CHANNELS, SIZE, FEATURES, CLASSES] = [16, 3, 13, 8, 10];
const DATA = 1000;
// float32 rounds in other places than PyTorch does: its own losses in float64 are within 6e-7 of those in float32 on one machine. On another,
// values of ReLU and of the pools may round to the other side of a kink, which moves a loss more than rounding alone.
const TOLERANCE = 1e-4;

const { losses } = JSON.parse(readFileSync(join(__dirname, 'fixtures', 'golden-cnn.json'), 'utf8')) as {
  losses: number[];
};

class Block extends nn.Module {
  conv1 = new nn.Conv2d(FEATURES, FEATURES, 3, { padding: 1, bias: false });
  norm1 = new nn.BatchNorm2d(FEATURES);
  conv2 = new nn.Conv2d(FEATURES, FEATURES, 3, { padding: 1, bias: false });
  norm2 = new nn.BatchNorm2d(FEATURES);

  forward(x: Tensor): Tensor {
    const y = this.norm1.forward(this.conv1.forward(x)).relu();
    return x.add(this.norm2.forward(this.conv2.forward(y))).relu();
  }
}

class Network extends nn.Module {
  conv = new nn.Conv2d(CHANNELS, FEATURES, 3, { padding: 1, bias: false });
  norm = new nn.BatchNorm2d(FEATURES);
  block = new Block();
  head = new nn.Linear(FEATURES * Math.floor(SIZE / 4) ** 2, CLASSES);

  forward(x: Tensor): Tensor {
    const y = maxPool2d(this.norm.forward(this.conv.forward(x)).relu(), 2);
    return this.head.forward(maxPool2d(this.block.forward(y), 2).flatten(1));
  }
}

/** Noise around 5 in which a row of each image, which tells its label, is brighter. */
function batch(step: number): [images: Tensor, labels: Tensor] {
  const labels = integers(DATA + 2 * step, [BATCH], CLASSES);
  const noise = counterValues(DATA + 2 * step + 1, BATCH * CHANNELS * SIZE * SIZE, 4, 6);
  const bright = arange(SIZE)
    .eq(labels.reshape([BATCH, 1, 1]))
    .reshape([BATCH, 1, SIZE, 1]);
  const images = tensor(noise, { shape: [BATCH, CHANNELS, SIZE, SIZE] }).add(bright.to('float64'));
  return [images.to('float32'), labels];
}

suite('golden run of convolutions', () => {
  for (const way of ['eager', 'compiled']) {
    it(`20 losses as PyTorch's, and one in inference: ${way}`, () => {
      scope(() => {
        const model = new Network();
        start(model);
        const optimizer = new optim.SGD(model.parameters(), { lr: 0.02, momentum: 0.9 });
        const infer = (images: Tensor, labels: Tensor): Tensor => crossEntropy(model.forward(images), labels);
        const train = (images: Tensor, labels: Tensor): Tensor => {
          const loss = infer(images, labels);
          optimizer.zeroGrad();
          loss.backward();
          optimizer.step();
          return loss.detach();
        };
        const [step, evaluate] = way === 'compiled' ? [compile(train), compile(infer)] : [train, infer];
        for (const [i, expected] of losses.entries()) {
          const last = i === losses.length - 1;
          if (last) model.eval();
          const found = scope(() => (last ? noGrad(() => evaluate(...batch(i))) : step(...batch(i))).itemSync());
          assert.ok(Math.abs(found - expected) <= TOLERANCE * expected, `step ${i}: ${found}, expected ${expected}`);
        }
        optimizer.zeroGrad();
      });
    });
  }
});
