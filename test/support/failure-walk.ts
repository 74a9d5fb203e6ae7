// A random walk through operators that fail and operators that do not. A model says what is lost (docs/architecture.md, "Failures").
// What all other values are, to the bit, is found by the same program without its failures, which runs after it: there, operators
// that fail get good indices, and updates in place that a failure prevents are not made.
import { compile, full, noGrad, ones, slice, type Tensor, tensor, trim, zeros } from 'anneal';
import { freshPlace, lostOf, type Operator, operators, type Place, partOf, SIZE, writeTo } from './failure-operators';
import { type Random, randomOf } from './random';

/** What a walk has seen. */
export interface Seen {
  reads: number;
  lost: number;
  /** What differs from the model, in words. */
  differences: string[];
}

const MOST = 24; // tensors at a time
const LATER = 2; // of the ways to read
const BAD = 1000; // indices from here on are bad, each another one, so that errors tell which it was

interface Value extends Place {
  /** In the walk. */
  tensor: Tensor;
  /** In the program without failures, when that has got there. */
  good?: Tensor;
  /** A compiled function uses it, so it stays. */
  pinned: boolean;
}

interface Read {
  what: string;
  lost: number;
  outcome: Promise<Outcome>;
  /** What is there without failures. */
  expected?: Promise<ArrayBufferView>;
}

type Outcome = { bytes: Uint8Array } | { error: Error };

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).slice();

/** An operator of a compiled function, on what comes before it, or an assignment of that to a tensor that the function holds. */
type Step = { operator: Operator; a: number; b: number; index: number } | { target: Value; from: number };

class Walk {
  readonly #random: Random;
  readonly #values: Value[] = [];
  readonly #reads: Read[] = [];
  readonly #log: string[] = [];
  // The program without failures.
  readonly #later: (() => void)[] = [];
  #indices = 0;
  #failures = 0;
  readonly #failureOf = new Map<number, number>(); // by bad index

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  async run(moves: number): Promise<Seen> {
    const random = this.#random;
    const heavy = random(4) === 0 ? ones([200, 200]) : undefined; // JavaScript is far ahead of the stream
    for (let i = 0; i < 3; i++) this.#upload();
    const programs: (() => void)[] = [];
    for (let i = 0; i < moves; i++) {
      const move = random(100);
      if (move < 6) this.#upload();
      else if (move < 46) this.#operate();
      else if (move < 54) this.#take();
      else if (move < 66) this.#assign();
      else if (move < 72) this.#dispose();
      else if (move < 75) this.#gradients();
      else if (move < 77 && programs.length < 3) programs.push(this.#compile());
      else if (move < 85 && programs.length > 0) programs[random(programs.length)]?.();
      else if (move < 86) heavy?.matmul(heavy).dispose();
      else if (move < 87) this.#readNothing();
      else if (move < 88 && random(8) === 0) trim();
      else await this.#read(this.#pick(), random(8));
    }
    for (const value of this.#values) await this.#read(value, LATER);
    heavy?.dispose();
    return this.#compare();
  }

  #pick(): Value {
    return this.#values[this.#random(this.#values.length)] as Value;
  }

  #say(what: string, ...values: Value[]): void {
    this.#log.push(`${what}(${values.map((value) => this.#values.indexOf(value)).join()})`);
  }

  // A tensor of the walk, and how it comes about in the program without failures.
  #put(place: Place, tensor: Tensor, good: () => Tensor): Value {
    const value: Value = { ...place, tensor, pinned: false };
    this.#values.push(value);
    this.#later.push(() => {
      value.good = good();
    });
    if (this.#values.length > MOST) this.#dispose(this.#random(8));
    return value;
  }

  #upload(): Value {
    const numbers = Float32Array.from({ length: SIZE * SIZE }, () => this.#random(17) - 8);
    const make =
      this.#random(3) === 0
        ? () => full([SIZE, SIZE], numbers[0] as number)
        : () => tensor(numbers.slice(), { shape: [SIZE, SIZE] });
    this.#log.push('upload');
    return this.#put(freshPlace(), make(), make);
  }

  // Indices, bad ones in some cases: then also the number of the failure that they make.
  #index(failure: () => number): { bad: Tensor; good: number[]; failure: number } {
    const good = Array.from({ length: SIZE }, () => this.#random(SIZE));
    const indices = [...good];
    let number = 0;
    if (this.#random(3) === 0) {
      number = failure();
      const index = BAD + ++this.#indices;
      this.#failureOf.set(index, number);
      indices[this.#random(SIZE)] = index;
    }
    return { bad: int64(indices), good, failure: number };
  }

  #operate(): void {
    const operator = operators[this.#random(operators.length)] as Operator;
    const [a, b] = [this.#square(), this.#square()];
    const index = operator.indexed && this.#index(() => ++this.#failures);
    this.#say(`${operator.name}${index?.failure ? ` [failure ${index.failure}]` : ''}`, a, b);
    const lost = lostOf(operator.reads?.(a, b) ?? [a, b]) || index?.failure || 0;
    const none = a.tensor; // for operators without indices
    const result = operator.run(a.tensor, b.tensor, index?.bad ?? none);
    const place = operator.view?.(a) ?? freshPlace(lost);
    this.#put(place, result, () => operator.run(a.good as Tensor, b.good as Tensor, index ? int64(index.good) : none));
    if (index?.failure && this.#random(4) === 0) this.#dispose(this.#values.length - 1);
  }

  #square(): Value {
    for (;;) {
      const value = this.#pick();
      if (value.shape[0] === SIZE && value.shape[1] === SIZE) return value;
    }
  }

  // A view of some rows or columns.
  #take(): void {
    const from = this.#square();
    const axis = this.#random(2) as 0 | 1;
    const begin = this.#random(SIZE);
    const end = begin + 1 + this.#random(SIZE - begin);
    this.#say(`slice ${axis}:${begin}-${end}`, from);
    const cut = (x: Tensor) => slice(x, axis, begin, end);
    this.#put(partOf(from, axis, begin, end), cut(from.tensor), () => cut(from.good as Tensor));
  }

  #assign(): void {
    const target = this.#pick();
    const sources = this.#values.filter(
      ({ shape, memory }) => memory !== target.memory && shape.every((size, i) => size === target.shape[i]),
    );
    const source = sources[this.#random(sources.length)];
    if (source === undefined) return;
    this.#say('assign', target, source);
    target.tensor.assign(source.tensor);
    if (lostOf([source])) return;
    writeTo(target);
    this.#later.push(() => target.good?.assign(source.good as Tensor));
  }

  #dispose(at = this.#random(this.#values.length)): void {
    const value = this.#values[at] as Value;
    if (value.pinned || this.#values.filter(({ shape }) => shape[0] * shape[1] === SIZE * SIZE).length < 3) return;
    this.#say('dispose', value);
    this.#values.splice(at, 1);
    value.tensor.dispose();
    this.#later.push(() => value.good?.dispose());
  }

  // Each parameter's gradient depends on one operand.
  #gradients(): void {
    const [x, y] = [this.#square(), this.#square()];
    const index = this.#index(() => ++this.#failures);
    this.#say(`gradients${index.failure ? ` [failure ${index.failure}]` : ''}`, x, y);
    const run = (x: Tensor, y: Tensor, index: Tensor): Tensor[] => {
      const params = [1, 2, 3].map((value) => full([SIZE, SIZE], value, { requiresGrad: true }));
      const [p, q, r] = params as [Tensor, Tensor, Tensor];
      const loss = p.mul(x).sum().add(q.matmul(y).mul(1 / 32).sum()); // biome-ignore format: an operand each
      loss.add(r.indexSelect(0, index).mul(y).sum()).backward();
      return params.map(({ grad }) => (grad as Tensor).detach());
    };
    const results = run(x.tensor, y.tensor, index.bad);
    let good: Tensor[] = [];
    this.#later.push(() => {
      good = run(x.good as Tensor, y.good as Tensor, int64(index.good));
    });
    const losses = [lostOf([x]), lostOf([y]), lostOf([y]) || index.failure];
    for (const [i, lost] of losses.entries()) {
      this.#put(freshPlace(lost), results[i] as Tensor, () => good[i] as Tensor);
    }
  }

  // A compiled function of two tensors, with tensors of its own of which it updates some; gives what runs it.
  #compile(): () => void {
    const random = this.#random;
    const held = [this.#upload(), this.#square()];
    for (const value of held) value.pinned = true;
    const steps: Step[] = [];
    const known = 2 + held.length;
    let count = known;
    let indexed = 0;
    const outputs: number[] = [];
    for (let i = 3 + random(9); i > 0; i--) {
      if (random(5) === 0) {
        const target = held[random(held.length)] as Value;
        steps.push({ target, from: random(count) });
        continue;
      }
      const operator = operators[random(operators.length)] as Operator;
      steps.push({ operator, a: random(count), b: random(count), index: operator.indexed ? indexed++ : 0 });
      if (!operator.view && (random(3) === 0 || outputs.length === 0)) outputs.push(count);
      count++;
    }
    if (outputs.length === 0) return () => {};
    this.#log.push(
      `compile(${steps.map((step) => ('target' in step ? `assign ${held.indexOf(step.target)} < ${step.from}` : `${step.operator.name} ${step.a} ${step.b}`)).join('; ')} -> ${outputs})`,
    );
    // `skipped`: the assignments that a failure prevents.
    const run = (inputs: Tensor[], own: Tensor[], indices: Tensor[], skipped: Set<Step>): Tensor[] => {
      const all = [...inputs, ...own];
      for (const step of steps) {
        if ('target' in step) {
          if (!skipped.has(step)) (own[held.indexOf(step.target)] as Tensor).assign(all[step.from] as Tensor);
        } else {
          const { operator, a, b, index } = step;
          all.push(operator.run(all[a] as Tensor, all[b] as Tensor, indices[index] ?? (all[a] as Tensor)));
        }
      }
      return outputs.map((i) => all[i] as Tensor);
    };
    const own = held.map(({ tensor }) => tensor);
    const compiled = compile((inputs: Tensor[], indices: Tensor[]) => run(inputs, own, indices, new Set()));
    return () => this.#runCompiled(compiled, run, { steps, held, indexed, outputs });
  }

  #runCompiled(
    compiled: (inputs: Tensor[], indices: Tensor[]) => Tensor[],
    run: (inputs: Tensor[], own: Tensor[], indices: Tensor[], skipped: Set<Step>) => Tensor[],
    { steps, held, indexed, outputs }: { steps: Step[]; held: Value[]; indexed: number; outputs: number[] },
  ): void {
    const inputs = [this.#square(), this.#square()];
    if (inputs.some(({ memory }) => held.some((value) => value.memory === memory))) return;
    // Kernels that do not depend on each other may run in another order, so the failures of a run are one.
    let failure = 0;
    const indices = Array.from({ length: indexed }, () =>
      this.#index(() => {
        failure ||= ++this.#failures;
        return failure;
      }),
    );
    this.#say(`run${failure ? ` [failure ${failure}]` : ''}`, ...inputs);
    const places: Place[] = [...inputs, ...held];
    const skipped = new Set<Step>();
    for (const step of steps) {
      if ('target' in step) {
        if (lostOf([places[step.from] as Place])) skipped.add(step);
        else writeTo(step.target);
      } else {
        const { operator } = step;
        const [a, b] = [places[step.a] as Place, places[step.b] as Place];
        const own = operator.indexed ? (indices[step.index]?.failure ?? 0) : 0;
        places.push(operator.view?.(a) ?? freshPlace(lostOf(operator.reads?.(a, b) ?? [a, b]) || own));
      }
    }
    const tensors = (of: 'tensor' | 'good', values: Value[]) => values.map((value) => value[of] as Tensor);
    const results = compiled(
      tensors('tensor', inputs),
      indices.map(({ bad }) => bad),
    );
    let good: Tensor[] = [];
    this.#later.push(() => {
      const goodIndices = indices.map((index) => int64(index.good));
      good = run(tensors('good', inputs), tensors('good', held), goodIndices, skipped);
    });
    for (const [i, output] of outputs.entries()) {
      this.#put(places[output] as Place, results[i] as Tensor, () => good[i] as Tensor);
    }
  }

  // No bytes are never lost.
  #readNothing(): void {
    const from = this.#square();
    const nothing = slice(from.tensor, 0, 0, 0).mul(2).sum();
    this.#check('nothing', 0, nothing.data(), () => zeros([]));
  }

  async #read(value: Value, how: number): Promise<void> {
    const lost = lostOf([value]);
    const way = ['await', 'sync'][how] ?? 'read';
    this.#say(way, value);
    const what = `${this.#values.indexOf(value)}, ${way} at ${this.#log.length}`;
    const data =
      how === 1 ? new Promise<ArrayBufferView>((resolve) => resolve(value.tensor.dataSync())) : value.tensor.data();
    const outcome = this.#check(what, lost, data, () => value.good as Tensor);
    if (how === 0) await outcome;
  }

  #check(what: string, lost: number, data: Promise<ArrayBufferView>, good: () => Tensor): Promise<Outcome> {
    const outcome = data.then(
      (array) => ({ bytes: bytesOf(array) }),
      (error: Error) => ({ error }),
    );
    const read: Read = { what, lost, outcome };
    this.#reads.push(read);
    if (lost === 0) {
      this.#later.push(() => {
        read.expected = good().data();
      });
    }
    return outcome;
  }

  async #compare(): Promise<Seen> {
    const outcomes = await Promise.all(this.#reads.map(({ outcome }) => outcome));
    noGrad(() => {
      for (const value of this.#values) value.tensor.dispose();
    });
    for (const act of this.#later) act();
    for (const { good } of this.#values) good?.dispose();
    const differences: string[] = [];
    for (const [i, { what, lost, expected }] of this.#reads.entries()) {
      const outcome = outcomes[i] as Outcome;
      const wanted = expected && bytesOf(await expected);
      let difference: string | undefined;
      if ('error' in outcome) {
        const index = Number(/(?:index|target) (\d+) is outside/.exec(outcome.error.message)?.[1]);
        const failure = this.#failureOf.get(index);
        if (failure !== lost)
          difference = `expected ${lost ? `failure ${lost}` : 'a value'}, received ${outcome.error.message} (${failure})`;
      } else if (wanted === undefined) difference = `expected failure ${lost}, received a value`;
      else if (Buffer.compare(outcome.bytes, wanted) !== 0)
        difference = `expected ${new Float32Array(wanted.buffer)}, received ${new Float32Array(outcome.bytes.buffer)}`;
      if (difference) differences.push(`tensor ${what}: ${difference}`);
    }
    if (differences.length > 0) differences.push(this.#log.map((entry, i) => `${i + 1} ${entry}`).join('\n'));
    return { reads: outcomes.length, lost: outcomes.filter((outcome) => 'error' in outcome).length, differences };
  }
}

const int64 = (values: readonly number[]) => tensor([...values], { dtype: 'int64' });

/** The walk of a seed. */
export function walkAmongFailures(seed: number, moves = 60): Promise<Seen> {
  return new Walk(seed).run(moves);
}
