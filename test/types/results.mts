// What the types say of results: exactly these types, and no program with a line that @ts-expect-error marks. Compiled as
// consumer.mts is.
import { type DType, nn, ones, optim, type Tensor, type TypedArray, tensor, train, zeros } from 'anneal';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where the type of the value is `Expected` and no other. */
function exactly<Expected>(): <Actual>(value: Actual, same: Same<Actual, Expected>) => void {
  return () => {};
}

export async function reading(t: Tensor, dtype: DType): Promise<void> {
  exactly<Float32Array>()(await t.data('float32'), true);
  exactly<Float64Array>()(t.dataSync('float64'), true);
  exactly<Int32Array>()(await t.data('int32'), true);
  exactly<BigInt64Array>()(await zeros([2], { dtype: 'int64' }).data('int64'), true);
  exactly<Uint8Array>()(t.dataSync('uint8'), true);
  exactly<Uint8Array>()(await t.data('bool'), true);
  exactly<TypedArray>()(await t.data(), true);
  exactly<TypedArray>()(t.dataSync(dtype), true);
  exactly<Promise<TypedArray>>()(undefined as unknown as ReturnType<Tensor['data']>, true);
  const sum: bigint = (await t.data('int64')).reduce((a, b) => a + b, 0n);
  exactly<number>()(await t.item(), true);

  const nested = await t.array('float32');
  if (typeof nested !== 'number') exactly<typeof nested>()(nested.flat() as typeof nested, true);
  tensor(nested);
  const flag = t.arraySync('bool');
  if (!Array.isArray(flag)) exactly<boolean>()(flag, true);
  const value = t.arraySync();
  if (!Array.isArray(value)) exactly<number | boolean | bigint>()(value, true);
  void sum;

  // @ts-expect-error: no dtype
  await t.data('float16');
  // @ts-expect-error: a type alone checks nothing
  await t.data<'int64'>();
  // @ts-expect-error: int64 are bigints
  const numbers: Float64Array = await t.data('int64');
  // @ts-expect-error: a Float32Array has numbers
  const big: bigint | undefined = (await t.data('float32'))[0];
  void [numbers, big];
}

export function operators(t: Tensor): void {
  // @ts-expect-error: JavaScript's operators do not work on tensors
  t + 1;
  // @ts-expect-error
  t * 2;
  // @ts-expect-error
  t > 0;
  const text: string = `${t}`;
  void text;
}

const model = new nn.Linear(2, 2);
const parts = { model, optimizer: new optim.SGD(model.parameters()), loss: nn.crossEntropy };
const points = [ones([4, 2]), zeros([4], { dtype: 'int64' })];

/** The share of outputs above zero: a metric of the user, which says nothing of types. */
class Positive {
  reset(): void {}
  update(_output: Tensor): void {}
  async compute(): Promise<number> {
    return 0;
  }
}

export async function metrics(): Promise<void> {
  const trainer = new train.Trainer({
    ...parts,
    metrics: {
      accuracy: train.accuracy(),
      recall: train.recall({ average: 'none' }),
      confusion: train.confusionMatrix(),
      positive: new Positive(),
    },
    callbacks: [
      new train.EarlyStopping({ monitor: 'validation.accuracy' }),
      {
        onEpochEnd(record, run) {
          exactly<number>()(record.metrics.accuracy, true);
          exactly<train.Metric<number>>()(run.metrics.accuracy, true);
          exactly<number[][] | undefined>()(run.history.epochs.at(-1)?.metrics.confusion, true);
          // @ts-expect-error: no metric of this name
          record.metrics.accurcy;
        },
      },
    ],
  });
  const { epochs } = await trainer.fit(points, {
    validation: points,
    callbacks: [
      {
        onEpochEnd({ metrics, validation }) {
          exactly<number>()(metrics.positive, true);
          exactly<number | undefined>()(validation?.metrics.accuracy, true);
          // @ts-expect-error: no metric of this name
          metrics.f1;
        },
      },
      new train.ModelCheckpoint({ path: 'model.safetensors' }),
    ],
  });
  exactly<number | undefined>()(epochs.at(-1)?.metrics.accuracy, true);
  exactly<number | number[] | undefined>()(epochs.at(-1)?.metrics.recall, true);
  exactly<number[][] | undefined>()(epochs.at(-1)?.validation?.metrics.confusion, true);
  const evaluation = await trainer.evaluate(points);
  exactly<number>()(evaluation.metrics.accuracy, true);
  for (const name of Object.keys(evaluation.metrics)) console.log(name);
  // @ts-expect-error: no metric of this name
  evaluation.metrics.f1;
  // @ts-expect-error: no metric at all
  new train.Trainer({ ...parts, metrics: { accuracy: 1 } });
}

export async function metricsOfAnyName(names: Record<string, train.Metric>): Promise<void> {
  const without = await new train.Trainer(parts).fit(points);
  exactly<Record<string, train.MetricValue> | undefined>()(without.epochs.at(-1)?.metrics, true);
  const callback: train.Callback = {
    onEpochEnd({ metrics }) {
      exactly<Record<string, train.MetricValue>>()(metrics, true);
    },
  };
  const trainer: train.Trainer = new train.Trainer({ ...parts, metrics: names, callbacks: [callback] });
  const options: train.FitOptions = { epochs: 2, callbacks: [callback] };
  const history = await trainer.fit(points, options);
  exactly<Record<string, train.MetricValue> | undefined>()(history.epochs.at(-1)?.metrics, true);

  const some = new train.Trainer({ ...parts, metrics: { ...('f1' in names ? { f1: train.f1() } : {}) } });
  exactly<number | undefined>()((await some.evaluate(points)).metrics.f1, true);

  // A trainer that knows its metrics serves where any trainer will do.
  const named = new train.Trainer({ ...parts, metrics: { accuracy: train.accuracy() }, callbacks: [callback] });
  const trainers: train.Trainer[] = [trainer, named];
  const report: train.History = await named.fit(points, options);
  const evaluation: train.Evaluation = await named.evaluate(points);
  void [trainers, report, evaluation];

  // One that is written in place.
  const inPlace = new train.Trainer({
    ...parts,
    metrics: {
      mine: {
        mode: 'min',
        reset() {},
        update(output, target) {
          output.sub(target).dispose();
        },
        async compute() {
          return 1;
        },
      },
    },
  });
  exactly<number>()((await inPlace.evaluate(points)).metrics.mine, true);
}

/** Sums go on in variables of tensors that began with a dtype. */
export function sums(losses: Tensor[]): Tensor {
  let total = zeros([], { dtype: 'float64' });
  for (const loss of losses) total = total.add(loss.to('float64'));
  return total;
}
