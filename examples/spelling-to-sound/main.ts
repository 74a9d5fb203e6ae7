// Learns to pronounce English words from their spelling, and tries itself on words that it has not seen.
import { data, nn, optim, type Tensor, tensor, train } from 'anneal';
import { InvalidArgumentError } from 'commander';
import {
  applyOptions,
  runProgram,
  type TrainingOptions,
  trainingCommand,
  wholeNumber,
  writeResults,
} from '../command-line';
import { Speaker } from './model';
import { Alphabet, loadWords, maxLength, padded, padding, toDataset, type Word } from './words';

interface Arguments extends TrainingOptions {
  epochs: number;
  layers: number;
  size: number;
  limit?: number;
  testWords: number;
  say: string[];
}

function readWords(text: string): string[] {
  const words = text.toLowerCase().split(/\s+/);
  if (words.every((word) => /^[a-z']+$/.test(word) && word.length <= maxLength)) return words;
  throw new InvalidArgumentError(`Expected words of at most ${maxLength} letters, with spaces between them.`);
}

function parseArguments(argv: readonly string[]): Arguments {
  const defaults = { batchSize: 128, lr: 0.001 };
  const say = ['anneal', 'javascript', 'tensorflow', 'blockchain', 'smartphone', 'hobbit'];
  return trainingCommand('spelling-to-sound', 'Learns to pronounce English words from their spelling.', defaults)
    .option('--epochs <n>', 'passes through the training set', wholeNumber(1), 5)
    .option('--layers <n>', 'layers of the encoder, and of the decoder', wholeNumber(1), 3)
    .option('--size <n>', 'numbers in the vector of a letter or sound, a multiple of 4', wholeNumber(4), 128)
    .option('--limit <n>', 'learn from only n words', wholeNumber(1))
    .option('--test-words <n>', 'how many words are kept for the test', wholeNumber(1, 10_000), 4000)
    .option('--say <words>', 'words to pronounce', readWords, say)
    .parse([...argv], { from: 'user' })
    .opts<Arguments>();
}

/** Cuts the words at random into those to learn from and those to test with. */
async function splitWords(words: readonly Word[], { testWords, limit = words.length, seed }: Arguments) {
  const dataset = { length: words.length, get: (index: number) => words[index] as Word };
  const [test, training] = await data.randomSplit(dataset, [testWords, words.length - testWords], { seed });
  const chosen = (indices: readonly number[]) => indices.map((index) => dataset.get(index));
  return { training: chosen(training.indices.slice(0, limit)), test: chosen(test.indices) };
}

/** The mean over all sounds but those that fill up short words. logits: [batch, time, sounds]; targets: [batch, time]. */
function lossOf(logits: Tensor, targets: Tensor): Tensor {
  return nn.crossEntropy(logits.flatten(0, 1), targets.flatten(), { ignoreIndex: padding });
}

runProgram(async () => {
  const options = parseArguments(process.argv.slice(2));
  const { epochs, batchSize, lr, seed, size, layers, say } = options;
  applyOptions(options);
  const words = await loadWords();
  const letters = new Alphabet(words.map((word) => word.letters));
  const sounds = new Alphabet(words.map((word) => word.sounds));
  const { training, test } = await splitWords(words, options);
  console.log(`${training.length} words to learn from, ${test.length} to test with`);

  const model = new Speaker({
    letters: letters.symbols.length,
    sounds: sounds.symbols.length,
    size,
    layers,
    heads: 4,
    dropout: 0.1,
  });
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.AdamW(model.parameters(), { lr }),
    loss: lossOf,
    metrics: { sounds: train.accuracy({ ignoreIndex: padding }) },
    clipGradNorm: 1,
    callbacks: [
      {
        onEpochEnd({ epoch, loss, metrics }, { optimizer }) {
          const right = `${(100 * metrics.sounds).toFixed(2)}% of the sounds right`;
          console.log(`Epoch [${epoch}/${epochs}], Loss: ${loss.toFixed(4)}, ${right}`);
          optimizer.lr *= 0.1 ** (1 / epochs);
        },
      },
    ],
  });
  const history = await trainer.fit(toDataset(training, letters, sounds), { epochs, batchSize, seed });
  const seconds = history.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);

  /** How the model pronounces words. */
  const pronounce = async (spellings: readonly (readonly string[])[]): Promise<string[]> => {
    model.eval();
    const spoken: string[] = [];
    for (let begin = 0; begin < spellings.length; begin += 500) {
      const batch = spellings.slice(begin, begin + 500).map((spelling) => letters.encode(spelling));
      using spelled = tensor(padded(batch, maxLength), { shape: [batch.length, maxLength] });
      using answers = model.speak(spelled);
      for (const answer of (await answers.array()) as number[][]) spoken.push(sounds.decode(answer).join(' '));
    }
    return spoken;
  };
  const spoken = await pronounce(test.map((word) => word.letters));
  const right = test.filter((word, i) => word.sounds.join(' ') === spoken[i]).length / test.length;
  console.log(`Words of the test that are right in every sound: ${(100 * right).toFixed(2)}%`);

  const said = await pronounce(say.map((word) => [...word]));
  for (const [i, word] of say.entries()) console.log(`${word.padEnd(maxLength)}  ${said[i]}`);
  await writeResults(options.json, { right, seconds, said });
});
