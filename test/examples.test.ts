// The examples run as their users run them, shortened: what they print, write and refuse.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'anneal';
import { PNG } from 'pngjs';

const root = join(__dirname, '..');

interface Outcome {
  code: number | null;
  output: string;
  errors: string;
}

function run(example: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'examples', example, 'main.ts'), ...args], {
      cwd: root,
      // Standard error should hold nothing, and a newer Node's own warnings are not ours.
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outcome: Outcome = { code: null, output: '', errors: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      outcome.output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      outcome.errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}

async function succeed(example: string, args: string[], env?: NodeJS.ProcessEnv): Promise<string> {
  const { code, output, errors } = await run(example, args, env);
  assert.deepEqual([code, errors], [0, ''], output + errors);
  return output;
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}

describe('examples', function () {
  this.timeout(60_000);
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anneal-examples-'));
  });
  after(() => rm(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);

  describe('mnist-mlp', () => {
    // Adam sees enough in two passes over 2,000 digits.
    const short = ['--epochs', '2', '--limit', '2000', '--optimizer', 'adam', '--lr', '0.001'];

    interface Report {
      accuracy: number;
      epochs: { loss: number; seconds: number; samplesPerSecond: number }[];
      millisecondsPerStep: number;
      peakMemory: number;
      seed: number;
      threads: number;
      versions: Record<string, string>;
    }

    it('trains, tests, saves, and draws what it recognises', async () => {
      const args = [...short, '--seed', '3', '--json', file('loop.json'), '--save', file('loop.safetensors')];
      const output = await succeed('mnist-mlp', args, { ANNEAL_NUM_THREADS: '2' });
      const report = await readJson<Report>(file('loop.json'));

      const [first, second] = report.epochs;
      assert.equal(report.epochs.length, 2);
      assert.ok(second.loss < first.loss * 0.7, `${first.loss} -> ${second.loss}`);
      assert.ok(report.accuracy > 0.7 && report.accuracy <= 1, `accuracy ${report.accuracy}`);
      const lines = output.split('\n');
      assert.deepEqual(lines.slice(0, 3), [
        `Epoch [1/2], Loss: ${first.loss.toFixed(4)}`,
        `Epoch [2/2], Loss: ${second.loss.toFixed(4)}`,
        `Accuracy: ${(100 * report.accuracy).toFixed(2)}%`,
      ]);
      assert.equal(output.match(/\b\d {2}\d+\.\d%/g)?.length, 10);
      assert.ok(output.includes('█'));

      for (const { seconds, samplesPerSecond } of report.epochs) {
        assert.ok(seconds > 0 && Math.abs(samplesPerSecond * seconds - 2000) < 1e-6);
      }
      const steps = 2 * Math.ceil(2000 / 64);
      assert.ok(Math.abs(report.millisecondsPerStep - (1000 * (first.seconds + second.seconds)) / steps) < 1e-9);
      assert.ok(report.peakMemory > 1e6 && report.peakMemory < 1e8, `peak ${report.peakMemory}`);
      assert.deepEqual([report.seed, report.threads], [3, 2]);
      assert.equal(report.versions.node, process.versions.node);

      const { tensors } = await io.loadMetadata(file('loop.safetensors'));
      const layers: [string, number, number][] = [
        ['fc1', 784, 256],
        ['fc2', 256, 128],
        ['fc3', 128, 64],
        ['fc4', 64, 10],
      ];
      assert.deepEqual(
        Object.entries(tensors).map(([name, { dtype, shape }]) => [name, dtype, shape]),
        layers.flatMap(([name, inputs, outputs]) => [
          [`${name}.bias`, 'F32', [outputs]],
          [`${name}.weight`, 'F32', [outputs, inputs]],
        ]),
      );
    });

    it('gives the same bits with one thread and two, in a loop and with the Trainer', async () => {
      const weights = async (name: string, args: string[], threads: number) => {
        const saved = file(`${name}.safetensors`);
        await succeed('mnist-mlp', [...short, ...args, '--save', saved], { ANNEAL_NUM_THREADS: String(threads) });
        return (await readFile(saved)).toString('base64');
      };
      const one = await weights('one', [], 1);
      assert.ok((await weights('two', [], 2)) === one, 'two threads');
      assert.ok((await weights('trainer', ['--style', 'trainer'], 2)) === one, 'Trainer');
      assert.ok((await weights('other', ['--seed', '9'], 2)) !== one, 'another seed');
    });

    it('with the Trainer prints and reports the same', async () => {
      const args = [...short, '--json', file('a.json'), '--save', file('a.safetensors')];
      const loop = await succeed('mnist-mlp', args);
      const report = await readJson<Report>(file('a.json'));
      assert.equal(await succeed('mnist-mlp', [...args, '--style', 'trainer']), loop);
      const other = await readJson<Report>(file('a.json'));
      assert.deepEqual(Object.keys(other), Object.keys(report));
      assert.equal(other.accuracy, report.accuracy);
    });

    const wrong: [args: string[], message: RegExp][] = [
      [['--epochs', '0'], /'--epochs <n>' argument '0' is invalid. Expected a whole number of at least 1/],
      [['--epochs', '1.5'], /argument '1.5' is invalid/],
      [['--batch-size', 'many'], /argument 'many' is invalid/],
      [['--lr', '-1'], /'--lr <rate>' argument '-1' is invalid. Expected a number above 0/],
      [['--seed', '99999999999999999999'], /'--seed <n>' argument .* is invalid/],
      [['--optimizer', 'sdg'], /argument 'sdg' is invalid. Allowed choices are sgd, adam/],
      [['--style', 'poem'], /Allowed choices are loop, trainer/],
      [['--json', tmpdir()], /is a folder, expected a file/],
      [['--save', join(tmpdir(), 'no', 'such', 'folder')], /There is no folder/],
      [['--threads', '5000', '--limit', '1'], /error: \[setNumThreads\] expected 1 to \d+ threads/],
      [['--batchsize', '8'], /unknown option '--batchsize'/],
    ];
    it('refuses wrong arguments in a line', async () => {
      await Promise.all(
        wrong.map(async ([args, message]) => {
          const { code, output, errors } = await run('mnist-mlp', args);
          assert.deepEqual([code, output], [1, ''], args.join(' '));
          assert.match(errors, message);
          assert.doesNotMatch(errors, /^ +at /m);
        }),
      );
    });
  });

  describe('binary-classifier', () => {
    it('learns both tables', async () => {
      const output = await succeed('binary-classifier', ['--json', file('binary.json')]);
      const results = await readJson<Record<string, { loss: number; accuracy: number }>>(file('binary.json'));
      assert.deepEqual(Object.keys(results), ['points', 'iris']);
      for (const { loss, accuracy } of Object.values(results)) {
        assert.ok(loss < 0.2 && accuracy >= 0.75, `loss ${loss}, accuracy ${accuracy}`);
        assert.ok(output.includes(`Validation accuracy: ${(100 * accuracy).toFixed(2)}%`));
      }
      const losses = Array.from(output.matchAll(/Iteration \[\d+\/1000\], Loss: ([\d.]+)/g), ([, loss]) =>
        Number(loss),
      );
      assert.equal(losses.length, 10);
      for (const table of [losses.slice(0, 5), losses.slice(5)]) {
        assert.deepEqual(
          table,
          [...table].sort((a, b) => b - a),
        );
      }
    });

    it('repeats with the same seed and refuses wrong arguments', async () => {
      const short = ['--iterations', '20', '--optimizer', 'adam', '--seed', '4'];
      assert.equal(await succeed('binary-classifier', short), await succeed('binary-classifier', short));
      const { code, errors } = await run('binary-classifier', ['--iterations', 'x']);
      assert.equal(code, 1);
      assert.match(errors, /argument 'x' is invalid/);
    });
  });

  describe('spam-filter', () => {
    it('tells spam from other mail and knows its words', async () => {
      const args = ['--json', file('spam.json'), '--judge', 'FREE money! Click here and save $1000'];
      const output = await succeed('spam-filter', args);
      const results = await readJson<Record<'accuracy' | 'precision' | 'recall', number>>(file('spam.json'));
      assert.ok(results.accuracy > 0.97, `accuracy ${results.accuracy}`);
      assert.ok(results.precision > 0.95 && results.recall > 0.95, `${results.precision}, ${results.recall}`);
      assert.match(output, /^Training set: 4704 mails \(\d+ spam\), test set: 1175 mails \(\d+ spam\)$/m);
      assert.ok(output.includes(`Test accuracy: ${(100 * results.accuracy).toFixed(2)}%`));
      assert.match(output, /^Words of spam: .*\bfree\b/m);
      const [, probability] = /is spam with ([\d.]+)%/.exec(output) ?? [];
      assert.ok(Number(probability) > 90, output);
    });

    it('repeats with the same seed', async () => {
      const few = ['--limit', '300', '--epochs', '2'];
      assert.equal(await succeed('spam-filter', few), await succeed('spam-filter', few));
    });
  });

  describe('movie-recommender', () => {
    it('predicts ratings better than their mean and recommends what was not rated', async () => {
      const output = await succeed('movie-recommender', [
        '--epochs',
        '3',
        '--size',
        '16',
        '--json',
        file('movies.json'),
      ]);
      const results = await readJson<{ error: number; errorOfMean: number; recommended: string[] }>(
        file('movies.json'),
      );
      assert.ok(results.error < 0.97 && results.errorOfMean > 1.1, `${results.error}, ${results.errorOfMean}`);
      assert.equal(new Set(results.recommended).size, 10);
      // User 1 has rated it.
      assert.ok(!output.includes('Toy Story (1995)'));
      assert.ok(output.endsWith(`For user 1:\n${results.recommended.join('\n')}\n`));
    });

    it('refuses users that there are not', async () => {
      const { code, errors } = await run('movie-recommender', ['--user', '944']);
      assert.equal(code, 1);
      assert.match(errors, /argument '944' is invalid. Expected a whole number from 1 to 943/);
    });
  });

  describe('mnist-vae', () => {
    it('learns to draw and writes a picture of digits', async () => {
      const args = ['--limit', '3000', '--epochs', '3', '--picture', file('digits.png'), '--json', file('vae.json')];
      const output = await succeed('mnist-vae', args);
      const results = await readJson<{ loss: number; reconstruction: number; divergence: number }>(file('vae.json'));
      // Of an image whose pixels are all told alike it is 206.
      assert.ok(results.loss < 200 && results.divergence > 1, JSON.stringify(results));
      const losses = Array.from(output.matchAll(/Epoch \[\d\/3\], Loss: ([\d.]+)/g), ([, loss]) => Number(loss));
      assert.ok(losses.length === 3 && losses[0]! > losses[1]! && losses[1]! > losses[2]!, String(losses));
      const picture = PNG.sync.read(await readFile(file('digits.png')));
      assert.deepEqual([picture.width, picture.height], [16 * 28, 8 * 28]);
      // Paper is black, and there is ink on it.
      const pixels = picture.data.filter((_, i) => i % 4 === 0);
      assert.ok(pixels.filter((pixel) => pixel < 40).length > pixels.length / 2);
      assert.ok(pixels.some((pixel) => pixel > 150));
    });
  });

  describe('distributed-mnist', () => {
    it('learns digits alone', async () => {
      const output = await succeed('distributed-mnist', ['--limit', '600', '--epochs', '2', '--batch', '32']);
      assert.match(
        output,
        /^epoch 2: loss 0\.\d+, test accuracy [78]\d\.\d+%, \d+ samples a second\nweights \w+; 1 processes, 0\.0 MiB/m,
      );
    });
  });

  describe('mnist-cnn', () => {
    it('learns digits, and few digits of another kind with frozen layers', async () => {
      const short = ['--limit', '2000', '--epochs', '3', '--tuning-epochs', '10', '--lr', '0.003'];
      const output = await succeed('mnist-cnn', [...short, '--json', file('cnn.json')]);
      type Name = 'accuracy' | 'untuned' | 'tuned' | 'untaught';
      const { accuracy, untuned, tuned, untaught } = await readJson<Record<Name, number>>(file('cnn.json'));
      assert.ok(accuracy > 0.85, `accuracy ${accuracy}`);
      assert.ok(tuned > untuned && tuned > untaught && tuned > 0.75, `${untuned} -> ${tuned}, ${untaught}`);
      assert.match(output, /^The other digits, 100 to learn from, 1697 to test with$/m);
    });
  });

  describe('char-gpt', () => {
    const tiny = ['--layers', '2', '--size', '32', '--heads', '2', '--context', '32'];

    it('learns to write, and writes again with the weights that it saved', async () => {
      const training = [
        ...tiny,
        '--steps',
        '200',
        '--batch-size',
        '16',
        '--lr',
        '0.003',
        '--save',
        file('gpt.safetensors'),
      ];
      const writing = ['--count', '60', '--json', file('gpt.json')];
      const output = await succeed('char-gpt', [...training, ...writing]);
      const results = await readJson<{ loss: number; text: string }>(file('gpt.json'));
      // 4.4 knows nothing; 3.0 knows how often each character occurs.
      assert.ok(results.loss < 2.7, `loss ${results.loss}`);
      assert.ok(results.text.startsWith('Call me ') && results.text.length === 68, results.text);
      assert.ok(output.includes(results.text));

      // Longer than its context, and with the likeliest character each time.
      const load = ['--load', file('gpt.safetensors'), '--top-k', '1', ...writing];
      await succeed('char-gpt', [...tiny, ...load]);
      const likeliest = await readJson<{ loss: number; text: string }>(file('gpt.json'));
      assert.equal(likeliest.loss, results.loss);
      await succeed('char-gpt', [...tiny, ...load, '--seed', '5', '--temperature', '2', '--top-p', '0.001']);
      assert.equal((await readJson<{ text: string }>(file('gpt.json'))).text, likeliest.text);
    });
  });

  describe('spelling-to-sound', () => {
    it('learns which sounds letters have', async () => {
      const short = [
        '--limit',
        '6000',
        '--epochs',
        '4',
        '--size',
        '48',
        '--layers',
        '1',
        '--lr',
        '0.005',
        '--test-words',
        '300',
      ];
      const output = await succeed('spelling-to-sound', [...short, '--say', 'bet dog', '--json', file('sound.json')]);
      const { right, said } = await readJson<{ right: number; said: string[] }>(file('sound.json'));
      assert.match(output, /^6000 words to learn from, 300 to test with$/m);
      assert.ok(right > 0.1, `right ${right}`);
      assert.equal(said.length, 2);
      assert.match(said[0]!, /^B \w+ T$/);
      assert.ok(output.includes(`dog           ${said[1]}`), output);
    });

    it('refuses what is no word', async () => {
      const { code, errors } = await run('spelling-to-sound', ['--say', 'c3po']);
      assert.equal(code, 1);
      assert.match(errors, /argument 'c3po' is invalid. Expected words of at most 12 letters/);
    });
  });
});
