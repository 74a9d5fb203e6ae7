// Learns to draw digits: trains a variational autoencoder on MNIST and writes a picture of new digits.
import { join, relative } from 'node:path';
import { compile, data, noGrad, normal, optim, scope, type Tensor, zeros } from 'anneal';
import {
  applyOptions,
  outputFile,
  runProgram,
  type TrainingOptions,
  trainingCommand,
  wholeNumber,
  writeResults,
} from '../command-line';
import { type Batch, loadDigits } from '../mnist-mlp/digits';
import { VariationalAutoencoder } from './model';
import { writePicture } from './picture';

interface Arguments extends TrainingOptions {
  epochs: number;
  codeSize: number;
  limit?: number;
  picture: string;
}

function parseArguments(argv: readonly string[]): Arguments {
  const defaults = { batchSize: 128, lr: 0.001 };
  const picture = join(__dirname, '..', '..', 'build', 'mnist-vae.png');
  return trainingCommand('mnist-vae', 'Learns to draw digits with a variational autoencoder.', defaults)
    .option('--epochs <n>', 'passes through the training set', wholeNumber(1), 20)
    .option('--code-size <n>', 'numbers in the code of an image', wholeNumber(1), 20)
    .option('--limit <n>', 'use only the first n training and test images', wholeNumber(1))
    .option('--picture <file>', 'where the picture goes', outputFile, picture)
    .parse([...argv], { from: 'user' })
    .opts<Arguments>();
}

/** Calls `step` for each batch. Gives the means of its losses over all images: of reconstruction and of divergence. */
async function overBatches(
  loader: data.DataLoader<Batch>,
  step: (images: Tensor) => Tensor,
): Promise<[number, number]> {
  let totals = zeros([2]);
  let count = 0;
  for await (const [images, labels] of loader) {
    const losses = step(images);
    const sums = totals.add(losses.mul(images.shape[0]));
    count += images.shape[0];
    for (const tensor of [images, labels, losses, totals]) tensor.dispose();
    totals = sums;
  }
  const [reconstruction, divergence] = await totals.data('float32');
  totals.dispose();
  return [reconstruction / count, divergence / count];
}

runProgram(async () => {
  const options = parseArguments(process.argv.slice(2));
  const { epochs, batchSize, lr, seed, codeSize, picture } = options;
  applyOptions(options);
  const { training, test } = await loadDigits(options.limit);
  const model = new VariationalAutoencoder(codeSize);
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const step = compile((images: Tensor) => {
    optimizer.zeroGrad();
    const losses = model.forward(images);
    losses.sum().backward();
    optimizer.step();
    return losses.detach();
  });

  const loader = new data.DataLoader(training, { batchSize, shuffle: true, seed });
  const begin = performance.now();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const [reconstruction, divergence] = await overBatches(loader, step);
    const loss = (reconstruction + divergence).toFixed(2);
    const parts = `${reconstruction.toFixed(2)} to draw + ${divergence.toFixed(2)} for the code`;
    console.log(`Epoch [${epoch}/${epochs}], Loss: ${loss} = ${parts}`);
  }
  const seconds = (performance.now() - begin) / 1000;

  model.eval();
  const measure = compile((images: Tensor) => noGrad(() => model.forward(images)));
  const [reconstruction, divergence] = await overBatches(new data.DataLoader(test, { batchSize: 1000 }), measure);
  const loss = reconstruction + divergence;
  console.log(`Test loss: ${loss.toFixed(2)} nats per image`);

  const [rows, columns] = [8, 16];
  const images = scope(() => noGrad(() => model.decode(normal([rows * columns, codeSize])).sigmoid()));
  await writePicture(picture, images, rows, columns);
  console.log(`${rows * columns} new digits are in ${relative('', picture)}`);
  await writeResults(options.json, { loss, reconstruction, divergence, seconds });
});
