// The self-test of `anneal doctor`: small computations that show whether the engine works here, each with its own check.
import type * as Anneal from '../index';
import { messageOf } from '../kinds';

/** The package, as programs load it. */
export type Library = typeof Anneal;

/** What became of a test. */
export interface Outcome {
  name: string;
  ok: boolean;
  milliseconds: number;
  /** What went wrong; null when nothing has. */
  problem: string | null;
}

/** All tests together take no longer. */
const LIMIT_MS = 2000;

interface Test {
  name: string;
  /** Rejects with what is wrong. It reads values by promises only: a read that never comes must not stop the clock. */
  run(anneal: Library): Promise<void>;
}

const tests: Test[] = [
  { name: 'matrix product, against JavaScript', run: matrixProduct },
  { name: 'pointwise chain, against JavaScript', run: pointwiseChain },
  { name: 'training step, loss falls', run: trainingStep },
  { name: 'safetensors round trip', run: roundTrip },
  { name: 'compiled call, bits of the eager one', run: compiledCall },
  { name: 'one thread and all, same bits', run: threads },
];

/** The width of the longest name. */
export const nameWidth = Math.max(...tests.map(({ name }) => name.length));

/** Runs the tests in turn. `begin` is told of each before it runs, and `end` what became of it. */
export async function selfTest(
  anneal: Library,
  begin: (name: string) => void,
  end: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  // One timer for all tests and not the clock: a timer may come a little early, and the next test would then still start.
  let isLate = false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new Error(`not done after the ${LIMIT_MS / 1000} s that all tests have`));
    }, LIMIT_MS);
  });
  late.catch(() => {}); // it may come between two tests
  const outcomes: Outcome[] = [];
  for (const { name, run } of tests) {
    begin(name);
    const start = performance.now();
    let problem: string | null = null;
    try {
      if (isLate) throw new Error(`not run: the tests before it took ${LIMIT_MS / 1000} s`);
      await Promise.race([run(anneal), late]);
    } catch (error) {
      problem = messageOf(error);
    }
    const milliseconds = Math.round(performance.now() - start);
    const outcome = { name, ok: problem === null, milliseconds, problem };
    outcomes.push(outcome);
    end(outcome);
  }
  clearTimeout(timer);
  return outcomes;
}

/** @throws where two arrays differ by more than `tolerance`, relative to the expected element. */
function checkClose(actual: Anneal.TypedArray, expected: ArrayLike<number>, tolerance: number): void {
  if (actual.length !== expected.length) throw new Error(`${actual.length} elements instead of ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    const wanted = expected[i] as number;
    const error = Math.abs(Number(actual[i]) - wanted);
    if (!(error <= tolerance * Math.abs(wanted))) throw new Error(`element ${i} is ${actual[i]} instead of ${wanted}`);
  }
}

/** @throws where two arrays differ in a bit. */
function checkBits(actual: Anneal.TypedArray, expected: Anneal.TypedArray): void {
  const bytes = ({ buffer, byteOffset, byteLength }: Anneal.TypedArray) => Buffer.from(buffer, byteOffset, byteLength);
  const [got, wanted] = [bytes(actual), bytes(expected)];
  if (got.equals(wanted)) return;
  const i = Math.floor(got.findIndex((byte, at) => byte !== wanted[at]) / actual.BYTES_PER_ELEMENT);
  throw new Error(`element ${i} is ${actual[i]} instead of ${expected[i]}, or has other bits`);
}

/** Values that are spread over (-1, 1), the same at every run. */
function waves(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(i + 1));
}

async function matrixProduct({ tensor }: Library): Promise<void> {
  const [m, k, n] = [67, 150, 93]; // fit no block of the kernels evenly
  // Whole numbers, whose sums float32 holds exactly in any order.
  const a = Float32Array.from({ length: m * k }, (_, i) => ((i * 7) % 17) - 8);
  const b = Float32Array.from({ length: k * n }, (_, i) => ((i * 5) % 13) - 6);
  const expected = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let p = 0; p < k; p++) expected[i * n + j]! += a[i * k + p]! * b[p * n + j]!;
    }
  }
  const product = tensor(a, { shape: [m, k] }).matmul(tensor(b, { shape: [k, n] }));
  checkClose(await product.data(), expected, 0);
}

async function pointwiseChain({ tensor }: Library): Promise<void> {
  const x = waves(1001);
  const expected = Array.from(x, (value) => Math.exp(Math.tanh(value * 0.5 + 1)));
  const y = tensor(x).mul(0.5).add(1).tanh().exp();
  // Three of the four operators round, each to a few units of 2^-24.
  checkClose(await y.data(), expected, 2e-6);
}

async function trainingStep({ manualSeed, nn, optim, tensor }: Library): Promise<void> {
  manualSeed(1);
  const x = tensor(waves(64 * 8), { shape: [64, 8] });
  const y = x.sum(1, true);
  const model = new nn.Sequential(new nn.Linear(8, 16), new nn.ReLU(), new nn.Linear(16, 1));
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  const first = nn.mseLoss(model.forward(x), y);
  first.backward();
  optimizer.step();
  const second = nn.mseLoss(model.forward(x), y);
  const [before, after] = [Number(await first.item()), Number(await second.item())];
  if (!(after < before)) throw new Error(`the loss was ${before} before the step and is ${after} after it`);
}

async function roundTrip({ io, tensor }: Library): Promise<void> {
  const saved = {
    floats: tensor(Float32Array.of(-0, 1 / 3, Number.NaN, Number.POSITIVE_INFINITY), { shape: [2, 2] }),
    integers: tensor(BigInt64Array.of(-1n, 2n ** 62n), { dtype: 'int64' }),
  };
  const loaded = await io.deserialize(await io.serialize(saved));
  for (const [name, expected] of Object.entries(saved)) {
    const actual = loaded[name];
    const text = (x?: Anneal.Tensor) => (x === undefined ? 'missing' : `${x.dtype} [${x.shape.join(', ')}]`);
    if (!actual || text(actual) !== text(expected)) throw new Error(`${name}: ${text(actual)}, not ${text(expected)}`);
    checkBits(await actual.data(), await expected.data());
  }
}

async function compiledCall({ compile, tensor }: Library): Promise<void> {
  const weight = tensor(waves(32 * 24), { shape: [32, 24] });
  const eager = (x: Anneal.Tensor) => x.matmul(weight).mul(0.25).tanh().add(1).exp();
  const compiled = compile(eager);
  const x = tensor(waves(20 * 32), { shape: [20, 32] });
  const expected = await eager(x).data();
  // The first call traces.
  for (let call = 0; call < 2; call++) checkBits(await compiled(x).data(), expected);
  if (compiled.programs !== 1) throw new Error(`it has ${compiled.programs} programs instead of one`);
}

async function threads({ getNumThreads, setNumThreads, tensor }: Library): Promise<void> {
  const x = tensor(waves(256 * 256), { shape: [256, 256] });
  const compute = () => x.matmul(x).softmax(1).sum(0).data();
  const all = getNumThreads();
  const expected = await compute();
  setNumThreads(1);
  try {
    checkBits(await compute(), expected);
  } finally {
    setNumThreads(all);
  }
}
