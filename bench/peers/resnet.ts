// ResNet-18 (He et al. 2016): a stem, four stages of two blocks, and a classifier. Parameters have the names that torchvision gives them.
import { maxPool2d, nn, type Tensor } from 'anneal';

/** Two 3x3 convolutions and what goes past them, which is projected where its shape changes. */
class Block extends nn.Module {
  readonly conv1: nn.Conv2d;
  readonly bn1: nn.BatchNorm2d;
  readonly conv2: nn.Conv2d;
  readonly bn2: nn.BatchNorm2d;
  readonly downsample: nn.Sequential | undefined;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(outputs);
    this.conv2 = new nn.Conv2d(outputs, outputs, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(outputs);
    if (stride > 1) {
      const projection = new nn.Conv2d(inputs, outputs, 1, { stride, bias: false });
      this.downsample = new nn.Sequential(projection, new nn.BatchNorm2d(outputs));
    }
  }

  forward(x: Tensor): Tensor {
    const y = this.bn1.forward(this.conv1.forward(x)).relu();
    const past = this.downsample?.forward(x) ?? x;
    return this.bn2.forward(this.conv2.forward(y)).add(past).relu();
  }
}

const stage = (inputs: number, outputs: number, stride = 2): nn.Sequential =>
  new nn.Sequential(new Block(inputs, outputs, stride), new Block(outputs, outputs, 1));

/** Images [batch, 3, height, width] to logits [batch, 1000]. */
export class ResNet18 extends nn.Module {
  readonly conv1 = new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
  readonly bn1 = new nn.BatchNorm2d(64);
  readonly layer1 = stage(64, 64, 1);
  readonly layer2 = stage(64, 128);
  readonly layer3 = stage(128, 256);
  readonly layer4 = stage(256, 512);
  readonly fc = new nn.Linear(512, 1000);

  forward(x: Tensor): Tensor {
    let y = this.bn1.forward(this.conv1.forward(x)).relu();
    y = maxPool2d(y, 3, { stride: 2, padding: 1 });
    for (const layer of [this.layer1, this.layer2, this.layer3, this.layer4]) y = layer.forward(y);
    return this.fc.forward(y.mean([2, 3]));
  }
}

/** Sums that ResNet-18 takes for an image of size x size: those of the stem, which need no gradient of the image, and all. */
export function resnetWork(size: number): { stem: number; all: number } {
  const half = (extent: number) => Math.ceil(extent / 2);
  let extent = half(size);
  const stem = 2 * 3 * 64 * 7 ** 2 * extent ** 2;
  extent = half(extent);
  let all = stem + 2 * 4 * (3 * 64 * extent) ** 2;
  for (const channels of [128, 256, 512]) {
    extent = half(extent);
    // The first 3x3 and its projection have half of the channels to read.
    const perPixel = (channels ** 2 / 2) * (9 + 1) + 3 * 9 * channels ** 2;
    all += 2 * perPixel * extent ** 2;
  }
  return { stem, all: all + 2 * 512 * 1000 };
}
