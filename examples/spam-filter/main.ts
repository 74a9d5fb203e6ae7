// Trains a spam filter on 5,900 mails, measures it on mails that it has not seen, and shows which words it goes by.
import { arange, data, nn, noGrad, optim, scope, tensor, train } from 'anneal';
import {
  applyOptions,
  runProgram,
  type TrainingOptions,
  trainingCommand,
  wholeNumber,
  writeResults,
} from '../command-line';
import { loadMails, type Mail, wordsOf } from './mails';
import { SpamFilter } from './model';
import { Vocabulary } from './vocabulary';

/** How many different words of a mail are read. */
const mailLength = 256;

interface Arguments extends TrainingOptions {
  epochs: number;
  vocabulary: number;
  size: number;
  limit?: number;
  judge?: string;
}

function parseArguments(argv: readonly string[]): Arguments {
  const defaults = { batchSize: 32, lr: 0.003 };
  return trainingCommand('spam-filter', 'Learns from the SpamAssassin corpus to tell spam from other mail.', defaults)
    .option('--epochs <n>', 'passes through the training set', wholeNumber(1), 8)
    .option('--vocabulary <n>', 'how many words are known', wholeNumber(1), 20_000)
    .option('--size <n>', 'numbers in the vector of a word', wholeNumber(1), 32)
    .option('--limit <n>', 'use only n mails', wholeNumber(10))
    .option('--judge <text>', 'a text to try the filter on')
    .parse([...argv], { from: 'user' })
    .opts<Arguments>();
}

/** Cuts the mails at random into those to learn from and, one in five, those to test with. */
async function splitMails(
  mails: readonly Mail[],
  { seed, limit = mails.length }: Arguments,
): Promise<[Mail[], Mail[]]> {
  const count = Math.min(limit, mails.length);
  const testCount = Math.floor(count / 5);
  const parts = [count - testCount, testCount, mails.length - count];
  const dataset = { length: mails.length, get: (index: number) => mails[index] as Mail };
  const [training, test] = await data.randomSplit(dataset, parts, { seed });
  return [training.indices.map(dataset.get), test.indices.map(dataset.get)];
}

function toDataset(mails: readonly Mail[], vocabulary: Vocabulary) {
  const words = new Int32Array(mails.length * mailLength);
  for (const [i, mail] of mails.entries()) words.set(vocabulary.encode(mail.words, mailLength), i * mailLength);
  const spam = Float32Array.from(mails, (mail) => Number(mail.spam));
  return new data.ArrayDataset({ data: words, shape: [mails.length, mailLength] }, { data: spam });
}

/** The logit of each word of the vocabulary, taken for a mail of this one word. */
async function wordLogits(model: SpamFilter, vocabulary: Vocabulary): Promise<number[]> {
  model.eval();
  const words = arange(vocabulary.words.length).reshape([-1, 1]);
  return Array.from(await scope(() => noGrad(() => model.forward(words))).data('float32'));
}

async function spamProbability(model: SpamFilter, vocabulary: Vocabulary, text: string): Promise<number> {
  model.eval();
  const words = tensor(vocabulary.encode(wordsOf(text), mailLength)).reshape([1, mailLength]);
  return scope(() => noGrad(() => model.forward(words).sigmoid())).item();
}

runProgram(async () => {
  const options = parseArguments(process.argv.slice(2));
  applyOptions(options);
  const [trainingMails, testMails] = await splitMails(loadMails(), options);
  const vocabulary = new Vocabulary(
    trainingMails.map(({ words }) => words),
    options.vocabulary,
  );
  const count = (mails: readonly Mail[]) => `${mails.length} mails (${mails.filter(({ spam }) => spam).length} spam)`;
  console.log(`Training set: ${count(trainingMails)}, test set: ${count(testMails)}`);

  const model = new SpamFilter(vocabulary.words.length, options.size);
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.Adam(model.parameters(), { lr: options.lr }),
    loss: nn.binaryCrossEntropyWithLogits,
    metrics: {
      accuracy: train.accuracy({ logits: true }),
      precision: train.precision({ logits: true }),
      recall: train.recall({ logits: true }),
    },
    callbacks: [
      {
        onEpochEnd: ({ epoch, loss }) => console.log(`Epoch [${epoch}/${options.epochs}], Loss: ${loss.toFixed(4)}`),
      },
    ],
  });
  const { epochs, batchSize, seed } = options;
  const history = await trainer.fit(toDataset(trainingMails, vocabulary), { epochs, batchSize, seed });
  const { loss, metrics } = await trainer.evaluate(toDataset(testMails, vocabulary), { batchSize: 256 });
  const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
  console.log(`Test accuracy: ${percent(metrics.accuracy)}`);
  console.log(
    `Of the mails called spam, ${percent(metrics.precision)} are; of the spam, ${percent(metrics.recall)} is found`,
  );

  const logits = await wordLogits(model, vocabulary);
  // The first 2,000 words are frequent ones; among rare words chance decides.
  const known = vocabulary.words.slice(2, 2000).map((word, i) => ({ word, logit: logits[i + 2] as number }));
  const sorted = known.sort((a, b) => b.logit - a.logit).map(({ word }) => word);
  const spamWords = sorted.slice(0, 12);
  const otherWords = sorted.slice(-12).reverse();
  console.log(`Words of spam: ${spamWords.join(' ')}`);
  console.log(`Words of other mail: ${otherWords.join(' ')}`);
  if (options.judge !== undefined) {
    console.log(`"${options.judge}" is spam with ${percent(await spamProbability(model, vocabulary, options.judge))}`);
  }
  const seconds = history.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  await writeResults(options.json, { loss, ...metrics, seconds, spamWords, otherWords });
});
