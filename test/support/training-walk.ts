// Random training among failures: batches with bad labels are as if they had been left out (docs/architecture.md, "Failures"), in
// steps, compiled or not, and in Trainer.fit, which ends at the first of them.
import {
  compile,
  IndexError,
  manualSeed,
  nn,
  noGrad,
  normal,
  ones,
  optim,
  type Tensor,
  tensor,
  train,
  zeros,
} from 'anneal';
import { Decaying } from './decaying';
import type { Seen } from './failure-walk';
import { type Random, randomOf } from './random';

const CLASSES = 3;
const BAD = 1000;

const optimizers: readonly ((params: Iterable<Tensor>) => optim.Optimizer)[] = [
  (params) => new optim.SGD(params, { lr: 0.1 }),
  (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 }),
  (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.01 }),
  (params) => new optim.Adam(params, { lr: 0.01 }),
  (params) => new optim.AdamW(params, { lr: 0.01, amsgrad: true }),
  (params) => new Decaying(params, { lr: 0.1 }),
];

const list = async (x: Tensor) => Array.from(await x.data(), Number);
const weightsOf = (model: nn.Module) => Promise.all(Array.from(model.parameters(), list));
const labelsOf = (random: Random, count: number) => Array.from({ length: count }, () => random(CLASSES));

function makeModel(random: Random, inputs: number): nn.Sequential {
  const hidden = 2 + random(20);
  return new nn.Sequential(
    new nn.Linear(inputs, hidden),
    random(2) === 0 ? new nn.Tanh() : new nn.ReLU(),
    new nn.Linear(hidden, CLASSES),
  );
}

const lostOr = <T>(value: Promise<T>): Promise<T | 'lost'> =>
  value.catch((error: unknown) => {
    if (error instanceof IndexError && /target 1\d{3} is outside/.test(error.message)) return 'lost';
    throw error;
  });

/** Steps, some with a bad label, beside other requests that fail. */
export async function stepAmongFailures(seed: number): Promise<Seen> {
  const random = randomOf(seed);
  const isCompiled = random(2) === 0;
  const [kind, inputs, rows] = [random(optimizers.length), 1 + random(8), 1 + random(8)];
  const zeroFirst = random(2) === 0;
  const count = 4 + random(9);
  const batches = Array.from({ length: count }, (_, i) => {
    const labels = labelsOf(random, rows);
    // One is good: without a step the optimizer need not have a state.
    const isBad = i < count - 1 && random(3) === 0;
    if (isBad) labels[random(rows)] = BAD + random(BAD);
    return { labels, isBad, look: random(4) };
  });

  const run = async (leaveOut: boolean) => {
    manualSeed(seed);
    const same = randomOf(seed);
    const model = makeModel(same, inputs);
    const optimizer = (optimizers[kind] as (typeof optimizers)[number])(model.parameters());
    const x = normal([rows, inputs]);
    const total = zeros([]);
    const eager = (y: Tensor) => {
      if (zeroFirst) optimizer.zeroGrad();
      const output = model.forward(x);
      const loss = nn.crossEntropy(output, y);
      loss.backward();
      optimizer.step();
      if (!zeroFirst) optimizer.zeroGrad();
      noGrad(() => total.assign(total.add(loss.detach())));
      return { loss, sum: output.detach().sum() };
    };
    const step = isCompiled ? compile(eager) : eager;
    const reads: Promise<unknown>[] = [];
    for (const { labels, isBad, look } of batches) {
      if (isBad && leaveOut) reads.push(Promise.resolve('lost'), list(model.forward(x).sum()));
      else {
        const { loss, sum } = step(tensor(labels, { dtype: 'int64' }));
        // A result that does not depend on the labels is there. Losses that nobody reads are lost all the same.
        reads.push(look === 3 ? Promise.resolve(isBad ? 'lost' : 'unread') : lostOr(loss.item()), list(sum));
        if (!leaveOut && look > 0)
          ones([2])
            .indexSelect(0, tensor([77], { dtype: 'int64' }))
            .dispose();
      }
      if (look === 0) reads.push(weightsOf(model), list(total));
      if (look === 1) await Promise.allSettled(reads);
    }
    reads.push(weightsOf(model), list(total));
    const { steps, tensors } = optimizer.stateDict();
    reads.push(
      Promise.resolve(steps),
      Promise.all(Object.values(tensors).flatMap((one) => (one ? [list(one as Tensor)] : []))),
    );
    return Promise.all(reads.map((read) => read.catch((error: Error) => error.message)));
  };
  const got = await run(false);
  const want = await run(true);
  const how = `steps of optimizer ${kind}${isCompiled ? ', compiled' : ''}, zeroGrad ${zeroFirst ? 'first' : 'last'}`;
  return compared(got, want, `${how}, bad: ${batches.map(({ isBad }) => Number(isBad))}`);
}

function compared(got: unknown[], want: unknown[], what: string): Seen {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, x) => (typeof x === 'number' && !Number.isFinite(x) ? String(x) : x));
  const differences = got.flatMap((value, i) =>
    text(value) === text(want[i]) ? [] : [`${what}: read ${i} is ${text(value)}, should be ${text(want[i])}`],
  );
  return { reads: got.length, lost: want.filter((value) => value === 'lost').length, differences };
}

/** Trainer.fit on data with one bad label. */
export async function fitAmongFailures(seed: number): Promise<Seen> {
  const random = randomOf(seed);
  const compiles = random(3) > 0;
  const [kind, inputs, batchSize] = [random(optimizers.length - 1), 1 + random(8), 1 + random(6)];
  const rows = batchSize * (1 + random(20));
  const badAt = random(rows);
  const before = Math.floor(badAt / batchSize); // batches
  const watches = random(3) === 0;
  manualSeed(seed);
  const x = normal([rows, inputs]);
  const labels = labelsOf(random, rows);
  const modelSeed = random(BAD);
  const make = () => {
    manualSeed(modelSeed);
    const model = makeModel(randomOf(modelSeed), inputs);
    const optimizer = (optimizers[kind] as (typeof optimizers)[number])(model.parameters());
    const options = { optimizer, loss: nn.crossEntropy, metrics: { accuracy: train.accuracy() }, progress: false };
    return { model, trainer: new train.Trainer({ model, ...options, compile: compiles }) };
  };
  const int64 = (values: readonly number[]) => tensor([...values], { dtype: 'int64' });
  const options = { batchSize, shuffle: false };

  const { model, trainer } = make();
  const losses: Promise<unknown>[] = [];
  const callbacks = watches
    ? [{ onBatchEnd: ({ loss }: { loss: Tensor }) => void losses.push(lostOr(list(loss))) }]
    : [];
  const badLabels = labels.with(badAt, BAD + 1);
  const error = await trainer.fit([x, int64(badLabels)], { ...options, callbacks }).then(
    () => 'none',
    (reason: Error) => (/target 1001 is outside/.test(reason.message) ? 'lost' : String(reason)),
  );
  const got: unknown[] = [error, await weightsOf(model)];
  const seen = await Promise.all(losses);

  // The batches before, then, if steps are not compiled, perhaps some of those behind it.
  const { model: reference, trainer: other } = make();
  const states: unknown[] = [await weightsOf(reference)];
  const lossesThere: unknown[] = [];
  const watch = {
    onBatchEnd: async ({ loss }: { loss: Tensor }) => {
      lossesThere.push(await list(loss));
      states.push(await weightsOf(reference));
    },
  };
  const rest = Array.from({ length: rows }, (_, i) => i).filter((i) => Math.floor(i / batchSize) !== before);
  const kept = compiles ? rest.slice(0, before * batchSize) : rest;
  if (kept.length > 0) {
    const data = [x.indexSelect(0, int64(kept)), int64(kept.map((i) => labels[i] as number))] as const;
    await other.fit(data, { ...options, callbacks: [watch] });
  }
  const want: unknown[] = ['lost'];
  if (compiles) {
    want.push(states[before]);
    if (watches) {
      got.push(...seen.slice(0, before), seen[before] ?? 'lost');
      want.push(...lossesThere.slice(0, before), 'lost');
    }
    // Training goes on from there.
    for (const [one, its] of [
      [trainer, model],
      [other, reference],
    ] as const) {
      const values = one === trainer ? got : want;
      values.push((await one.fit([x, int64(labels)], options)).epochs[0]?.loss, await weightsOf(its));
    }
  } else {
    want.push(states.slice(before).find((state) => JSON.stringify(state) === JSON.stringify(got[1])));
  }
  return compared(
    got,
    want,
    `fit${compiles ? '' : ' without compiling'} of optimizer ${kind}, ${rows} rows by ${batchSize}, bad ${badAt}`,
  );
}
