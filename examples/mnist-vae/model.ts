// Variational autoencoder (Kingma & Welling 2014): an encoder that gives for each image a normal distribution of codes, and a decoder
// that makes an image of a code.
import { nn, normalLike, stack, type Tensor } from 'anneal';

/** A normal distribution of codes for each image, [batch, codeSize] each. */
export interface Codes {
  mean: Tensor;
  /** Logarithm of the variance, so that any number is valid. */
  logVariance: Tensor;
}

export class VariationalAutoencoder extends nn.Module {
  encoder = new nn.Linear(784, 400);
  mean: nn.Linear;
  logVariance: nn.Linear;
  decoder: nn.Sequential;

  constructor(readonly codeSize: number) {
    super();
    this.mean = new nn.Linear(400, codeSize);
    this.logVariance = new nn.Linear(400, codeSize);
    this.decoder = new nn.Sequential(new nn.Linear(codeSize, 400), new nn.ReLU(), new nn.Linear(400, 784));
  }

  /** images: [batch, 784], pixels from 0 to 1. */
  encode(images: Tensor): Codes {
    const hidden = this.encoder.forward(images).relu();
    return { mean: this.mean.forward(hidden), logVariance: this.logVariance.forward(hidden) };
  }

  /** Draws a code from each distribution, in a way that lets gradients through to mean and variance. */
  sample({ mean, logVariance }: Codes): Tensor {
    const deviation = logVariance.mul(0.5).exp();
    return mean.add(deviation.mul(normalLike(mean)));
  }

  /** codes: [batch, codeSize]; gives the logits of pixels, [batch, 784]. */
  decode(codes: Tensor): Tensor {
    return this.decoder.forward(codes);
  }

  /**
   * images: [batch, 784]; gives two losses, means over the batch, [2]: the nats that it takes to tell an image whose code is known, and
   * the nats that it takes to tell the code. Their sum is an upper bound of the negative log likelihood.
   */
  forward(images: Tensor): Tensor {
    const codes = this.encode(images);
    const logits = this.decode(this.sample(codes));
    const reconstruction = nn.binaryCrossEntropyWithLogits(logits, images, { reduction: 'sum' });
    // The divergence of N(mean, variance) from N(0, 1), in closed form.
    const { mean, logVariance } = codes;
    const divergence = mean.square().add(logVariance.exp()).sub(logVariance).sub(1).sum().div(2);
    return stack([reconstruction, divergence]).div(images.shape[0]);
  }
}
