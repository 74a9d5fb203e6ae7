// Training and measuring: both on passages of a text that are as long as the context.
import { compile, data, nn, noGrad, optim, type Tensor, zeros } from 'anneal';
import type { Gpt } from './model';
import { Passages } from './text';

export interface GptTraining {
  steps: number;
  batchSize: number;
  lr: number;
  seed: number;
}

/** The mean over all characters. logits: [batch, time, characters]; targets: [batch, time]. */
function lossOf(logits: Tensor, targets: Tensor): Tensor {
  return nn.crossEntropy(logits.flatten(0, 1), targets.flatten());
}

/** Rises in the first steps, then falls along a cosine to a tenth. */
function rateAt(step: number, { steps, lr }: GptTraining): number {
  const warmup = Math.min(100, steps / 10);
  if (step <= warmup) return (lr * step) / warmup;
  const progress = (step - warmup) / (steps - warmup);
  return lr * (0.1 + 0.45 * (1 + Math.cos(Math.PI * progress)));
}

/** Trains on passages of a text. */
export async function trainModel(model: Gpt, text: Int32Array, options: GptTraining): Promise<void> {
  const { steps, batchSize, seed } = options;
  // Weights of products and embeddings decay; biases and weights of norms do not.
  const matrices = model.parameters().filter((parameter) => parameter.rank > 1);
  const others = model.parameters().filter((parameter) => parameter.rank <= 1);
  const optimizer = new optim.AdamW(
    [
      { params: matrices, weightDecay: 0.1 },
      { params: others, weightDecay: 0 },
    ],
    { betas: [0.9, 0.95] },
  );
  const step = compile((inputs: Tensor, targets: Tensor, total: Tensor) => {
    optimizer.zeroGrad();
    const loss = lossOf(model.forward(inputs), targets);
    loss.backward();
    optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
    return total.add(loss.detach());
  });

  const reportEvery = Math.ceil(steps / 20);
  const loader = new data.DataLoader(new Passages(text, model.options.context), { batchSize, shuffle: true, seed });
  model.train();
  let count = 0;
  let total = zeros([]);
  for await (const [inputs, targets] of loader) {
    count++;
    optimizer.lr = rateAt(count, options);
    const sum = step(inputs, targets, total);
    for (const tensor of [inputs, targets, total]) tensor.dispose();
    total = sum;
    if (count % reportEvery === 0 || count === steps) {
      const since = count % reportEvery || reportEvery;
      console.log(`Step [${count}/${steps}], Loss: ${((await total.item()) / since).toFixed(4)}`);
      total = zeros([]);
    }
    if (count === steps) break;
  }
}

/** The mean loss over passages that do not overlap, of at most 256 of them. */
export async function measure(model: Gpt, text: Int32Array): Promise<number> {
  const passages = new Passages(text, model.options.context);
  const count = Math.min(256, Math.floor(text.length / model.options.context));
  const starts = Array.from({ length: count }, (_, i) => Math.floor((i * passages.length) / count));
  model.eval();
  const loss = compile((inputs: Tensor, targets: Tensor) => noGrad(() => lossOf(model.forward(inputs), targets)));
  let total = 0;
  for await (const [inputs, targets] of new data.DataLoader(new data.Subset(passages, starts), { batchSize: 8 })) {
    total += (await loss(inputs, targets).item()) * inputs.shape[0];
  }
  return total / count;
}
