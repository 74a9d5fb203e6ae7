// A small network and its data, for scripts that train.
import { manualSeed, nn, optim, randperm, type Tensor, uniform } from 'anneal';

export interface Network {
  model: nn.Sequential;
  /** One step of training: the loss, which the caller lets go. */
  step(): Tensor;
  x: Tensor;
  y: Tensor;
}

/** A classifier of `width` features with one hidden layer, and a batch of random samples to learn by heart. */
export function network(width = 16, batch = 8, seed = 1): Network {
  manualSeed(seed);
  const model = new nn.Sequential(new nn.Linear(width, 2 * width), new nn.ReLU(), new nn.Linear(2 * width, batch));
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 });
  const x = uniform([batch, width], { low: -1, high: 1 });
  const y = randperm(batch);
  const step = () => {
    optimizer.zeroGrad();
    const loss = nn.crossEntropy(model.forward(x) as Tensor, y);
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { model, step, x, y };
}
