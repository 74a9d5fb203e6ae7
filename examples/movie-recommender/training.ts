// The training loop, written out, because its loss looks at more than predictions and targets.
import { compile, data, nn, noGrad, type optim, scope, type Tensor, zeros } from 'anneal';
import type { Recommender } from './model';

type Batch = [users: Tensor, movies: Tensor, stars: Tensor];
type Dataset = data.Dataset<Batch, Batch>;

export interface TrainOptions {
  epochs: number;
  batchSize: number;
  seed: number;
  /** Weight of the squares of vectors and biases in the loss. It keeps those with few ratings from fitting chance. */
  penalty: number;
  onEpoch: (epoch: number) => Promise<void>;
}

export async function trainRecommender(
  model: Recommender,
  optimizer: optim.Optimizer,
  dataset: Dataset,
  { epochs, batchSize, seed, penalty, onEpoch }: TrainOptions,
): Promise<void> {
  const step = compile((users: Tensor, movies: Tensor, stars: Tensor) => {
    optimizer.zeroGrad();
    const loss = nn.mseLoss(model.forward(users, movies), stars);
    loss.add(model.squares(users, movies).mean().mul(penalty)).backward();
    optimizer.step();
  });
  const loader = new data.DataLoader(dataset, { batchSize, shuffle: true, seed });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    model.train();
    for await (const batch of loader) {
      step(...batch);
      release(batch);
    }
    await onEpoch(epoch);
  }
}

/** The root of the mean squared error over a dataset, in stars. */
export async function errorOf(model: Recommender, dataset: Dataset): Promise<number> {
  model.eval();
  let total = zeros([]);
  for await (const [users, movies, stars] of new data.DataLoader(dataset, { batchSize: 1000 })) {
    const sum = scope(() => noGrad(() => model.forward(users, movies).sub(stars).square().sum().add(total)));
    release([users, movies, stars, total]);
    total = sum;
  }
  const error = Math.sqrt((await total.item()) / dataset.length);
  total.dispose();
  return error;
}

// Batches would also go with the garbage collector; giving them back now keeps memory at a few of them.
function release(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}
