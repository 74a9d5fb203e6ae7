// Trains a GPT on the characters of Moby Dick, then lets it write.
import { join, relative } from 'node:path';
import { io } from 'anneal';
import {
  applyOptions,
  outputFile,
  positiveNumber,
  runProgram,
  type TrainingOptions,
  trainingCommand,
  wholeNumber,
  writeResults,
} from '../command-line';
import { generate, type Sampling } from './generate';
import { Gpt } from './model';
import { Characters, loadText } from './text';
import { measure, trainModel } from './training';

interface Arguments extends TrainingOptions, Sampling {
  steps: number;
  layers: number;
  size: number;
  heads: number;
  context: number;
  dropout: number;
  save: string;
  load?: string;
  prompt: string;
  count: number;
}

const weightFile = join(__dirname, '..', '..', 'build', 'char-gpt.safetensors');

function parseArguments(argv: readonly string[]): Arguments {
  return trainingCommand('char-gpt', 'Learns to write like Moby Dick.', { batchSize: 8, lr: 0.001 })
    .option('--steps <n>', 'steps of training', wholeNumber(1), 500)
    .option('--layers <n>', 'layers', wholeNumber(1), 6)
    .option('--size <n>', 'numbers in the vector of a character', wholeNumber(1), 384)
    .option('--heads <n>', 'heads of attention, a divisor of the size', wholeNumber(1), 6)
    .option('--context <n>', 'how many characters it sees', wholeNumber(2), 256)
    .option('--dropout <p>', 'share of the numbers left out in training', positiveNumber, 0.1)
    .option('--save <file>', 'where the weights go', outputFile, weightFile)
    .option('--load <file>', 'weights to write with, instead of training')
    .option('--prompt <text>', 'what it continues', 'Call me ')
    .option('--count <n>', 'how many characters it writes', wholeNumber(1), 500)
    .option('--temperature <t>', 'below 1 for a likelier text, above 1 for a bolder one', positiveNumber, 0.8)
    .option('--top-k <n>', 'draw among this many characters', wholeNumber(1), 40)
    .option('--top-p <share>', 'draw among the likeliest characters with this share', positiveNumber, 0.95)
    .parse([...argv], { from: 'user' })
    .opts<Arguments>();
}

runProgram(async () => {
  const options = parseArguments(process.argv.slice(2));
  const { layers, size, heads, context, dropout, save, load, prompt, count } = options;
  applyOptions(options);
  const text = loadText();
  const characters = new Characters(text);
  const numbers = characters.encode(text);
  // The last tenth of the novel is for the test.
  const cut = Math.floor(0.9 * numbers.length);
  const [training, test] = [numbers.subarray(0, cut), numbers.subarray(cut)];

  const model = new Gpt({ characters: characters.list.length, context, size, heads, layers, dropout });
  const begin = performance.now();
  if (load === undefined) {
    const parameters = model.parameters().reduce((sum, parameter) => sum + parameter.size, 0);
    console.log(`${training.length} characters to learn from, ${parameters} parameters`);
    await trainModel(model, training, options);
    await io.save(save, model.stateDict());
    console.log(`Saved to ${relative('', save)}`);
  } else {
    model.loadStateDict(await io.load(load));
  }
  const seconds = (performance.now() - begin) / 1000;
  const loss = await measure(model, test);
  console.log(`Test loss: ${loss.toFixed(4)} nats, ${(loss / Math.LN2).toFixed(3)} bits per character\n`);

  const start = performance.now();
  const written: number[] = [];
  process.stdout.write(prompt);
  for await (const number of generate(model, characters.encode(prompt), count, options)) {
    written.push(number);
    process.stdout.write(characters.decode([number]));
  }
  const perSecond = count / ((performance.now() - start) / 1000);
  console.log(`\n\n${perSecond.toFixed(0)} characters per second`);
  await writeResults(options.json, { loss, seconds, perSecond, text: prompt + characters.decode(written) });
});
