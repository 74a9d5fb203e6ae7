// Random walks of a network through calls, with something changed between them. The same walk without and with compiling must give
// the same bits of results, parameters, gradients, optimizer states and random numbers, and the same errors.
import type * as Package from 'anneal';
import type { nn, optim, Tensor, train } from 'anneal';

type Anneal = typeof Package;

/** How the network is used. */
export const ways = ['compile', 'module', 'trainer'] as const;
const CALLS = 24;

/** Numbers in [0, 1). */
type Random = () => number;

function randomOf(seed: number): Random {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

type Layer = nn.Module & { forward(x: Tensor): Tensor };

/** The network: what its forward depends on is what the mutations change. */
interface Net extends nn.Module {
  first: nn.Linear;
  drop: nn.Dropout & { p: number };
  list: Layer[];
  blocks: nn.ModuleList;
  last: nn.Linear;
  k: number;
  flag: boolean;
  activation: (x: Tensor) => Tensor;
  options: { shift: number; factors: number[]; table: Map<string, number> };
  scale: Float32Array;
  extra: Tensor | null;
  mask?: Tensor;
  mean: Tensor;
  detached: boolean;
  fails: boolean;
  clears: boolean;
  forward(x: Tensor): Tensor;
}

function netOf({ nn, noGrad, tensor, zeros }: Anneal, random: Random): Net {
  class Network extends nn.Module {
    first = new nn.Linear(3, 4);
    drop = new nn.Dropout(0.3) as nn.Dropout & { p: number };
    list: Layer[] = [new nn.Linear(4, 4), new nn.Tanh()];
    blocks = new nn.ModuleList<Layer>([new nn.Sequential(new nn.Linear(4, 4), new nn.ReLU(), new nn.Dropout(0.1))]);
    last = new nn.Linear(4, 2);
    k = 1;
    flag = random() < 0.5;
    activation = (x: Tensor) => x.relu();
    options = { shift: 0.5, factors: [1, 2], table: new Map([['gain', 1]]) };
    scale = Float32Array.of(1, 2, 3, 4);
    extra: Tensor | null = null;
    mask?: Tensor;
    mean = this.registerBuffer('mean', zeros([4]));
    detached = false;
    fails = false;
    clears = true;
    get double(): number {
      return 2 * this.k;
    }
    forward(x: Tensor): Tensor {
      let h = this.drop.forward(this.activation(this.first.forward(x)));
      if (this.fails) throw new RangeError(`failed at ${this.k}`);
      if (this.training) noGrad(() => this.mean.assign(this.mean.mul(0.9).add(h.mean(0).mul(0.1))));
      else h = h.sub(this.mean);
      for (const layer of this.list) h = layer.forward(h);
      for (const block of this.blocks) h = block.forward(h);
      if (this.flag) h = h.mul(this.double).add(this.options.shift);
      for (const factor of this.options.factors) h = h.mul(factor);
      h = h.mul(this.options.table.get('gain') as number).mul(tensor(this.scale));
      if (this.extra !== null) h = h.mul(this.extra);
      if (this.mask !== undefined) h = h.mul(this.mask);
      if (this.detached) h = noGrad(() => h.mul(1)).add(this.last.weight.sum().mul(0));
      return this.last.forward(h);
    }
  }
  return new Network();
}

/** What a walk changes. */
interface Walker {
  anneal: Anneal;
  net: Net;
  optimizer: optim.Optimizer<optim.BaseOptions>;
  random: Random;
  /** Kept by a mutation for a later one. */
  kept: { net?: Record<string, Tensor>; optimizer?: ReturnType<optim.Optimizer['stateDict']>; unhook?: () => void };
  /** The next input, where a mutation has chosen it. */
  input: Tensor | undefined;
}

function anyOf<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

const mutations: Record<string, (walker: Walker) => void> = {
  nothing() {},
  number({ net, random }) {
    net.k = Math.round(3 * random());
  },
  'the same number'({ net }) {
    net.k = Number(net.k);
  },
  boolean({ net }) {
    net.flag = !net.flag;
  },
  function({ net, random }) {
    net.activation = random() < 0.5 ? (x) => x.tanh() : (x) => x.relu();
  },
  'probability of dropout'({ net, random }) {
    net.drop.p = anyOf(random, [0, 0.2, 0.3]);
  },
  'nested option'({ net, random }) {
    net.options.shift = random();
  },
  'item of a nested list'({ net, random }) {
    net.options.factors[0] = random();
  },
  'value of a map'({ net, random }) {
    net.options.table.set('gain', random());
  },
  'object of options'({ net }) {
    net.options = { ...net.options, factors: [...net.options.factors] };
  },
  'typed array'({ net, random }) {
    net.scale[Math.floor(4 * random())] = random();
  },
  'layer of a list'({ anneal: { nn }, net }) {
    net.list[0] = net.list[0] instanceof nn.Identity ? new nn.Linear(4, 4) : new nn.Identity();
  },
  'length of a list'({ anneal: { nn }, net }) {
    if (net.list.length > 1) net.list.pop();
    else net.list.push(new nn.Sigmoid());
  },
  'module in a ModuleList'({ anneal: { nn }, net }) {
    if (net.blocks.length < 3) net.blocks.push(new nn.Linear(4, 4));
  },
  bias({ anneal: { nn, tensor }, net }) {
    net.first.bias = net.first.bias === null ? new nn.Parameter(tensor([1, 2, 3, 4])) : null;
  },
  weight({ anneal: { nn, normal }, net }) {
    net.last.weight = new nn.Parameter(normal([2, 4]));
  },
  'frozen parameter'({ net, random }) {
    const parameter = anyOf(random, net.parameters());
    parameter.requiresGrad = !parameter.requiresGrad;
  },
  'frozen network'({ net, random }) {
    const frozen = random() < 0.5;
    for (const parameter of net.parameters()) parameter.requiresGrad = !frozen;
  },
  mode({ net, random }) {
    net.train(random() < 0.5);
  },
  'mode of a layer'({ net, random }) {
    net.drop.training = random() < 0.5;
  },
  'tensor in a field'({ anneal: { tensor }, net }) {
    net.extra = net.extra === null ? tensor([2]) : null;
  },
  'added or deleted field'({ anneal: { tensor }, net }) {
    if (net.mask === undefined) net.mask = tensor([0, 1, 1, 0]);
    else delete net.mask;
  },
  'assigned weight'({ anneal: { noGrad }, net }) {
    noGrad(() => net.first.weight.assign(net.first.weight.mul(0.5)));
  },
  'assigned buffer'({ anneal: { ones }, net }) {
    net.mean.assign(ones([4]).mul(0.1));
  },
  'noGrad in forward'({ net }) {
    net.detached = !net.detached;
  },
  hook({ net, kept }) {
    if (kept.unhook === undefined) kept.unhook = net.first.weight.registerHook((gradient) => gradient.mul(0.5));
    else {
      kept.unhook();
      delete kept.unhook;
    }
  },
  'learning rate'({ optimizer, random }) {
    optimizer.lr = 0.1 * random();
  },
  'option of the optimizer'({ optimizer, random }) {
    (optimizer.paramGroups[0] as { weightDecay?: number }).weightDecay = anyOf(random, [0, 0.01]);
  },
  momentum({ optimizer, random }) {
    const [group] = optimizer.paramGroups as { momentum?: number }[];
    if (group?.momentum !== undefined) group.momentum = anyOf(random, [0, 0.9]);
  },
  'group of parameters'({ net, optimizer }) {
    const known = new Set(optimizer.paramGroups.flatMap(({ params }) => params));
    const params = net.parameters().filter((parameter) => !known.has(parameter));
    if (params.length > 0) optimizer.addParamGroup({ params });
  },
  'state of the network'({ net, kept }) {
    if (kept.net === undefined) {
      kept.net = Object.fromEntries(Object.entries(net.stateDict()).map(([name, value]) => [name, value.clone()]));
    } else net.loadStateDict(kept.net, { strict: false });
  },
  'state of the optimizer'({ optimizer, kept }) {
    if (kept.optimizer === undefined) {
      const state = optimizer.stateDict();
      const tensors = Object.entries(state.tensors).map(([name, value]) => [name, value.clone()]);
      kept.optimizer = { ...structuredClone({ ...state, tensors: {} }), tensors: Object.fromEntries(tensors) };
    } else optimizer.loadStateDict(kept.optimizer);
  },
  seed({ anneal: { manualSeed }, random }) {
    manualSeed(Math.floor(100 * random()));
  },
  'gradients that stay'({ net }) {
    net.clears = !net.clears;
  },
  'gradients that go'({ net }) {
    for (const parameter of net.parameters()) parameter.grad = null;
  },
  'gradient of the user'({ anneal: { onesLike }, net, random }) {
    const parameter = anyOf(random, net.parameters());
    if (parameter.requiresGrad) parameter.grad = onesLike(parameter);
  },
  failure({ net }) {
    net.fails = !net.fails;
  },
  'input that is a parameter'(walker) {
    walker.input = walker.net.first.weight.detach();
  },
  'input that is a transposed view'(walker) {
    walker.input = walker.anneal.normal([3, 4]).transpose(0, 1);
  },
  'input that is a gradient'(walker) {
    const { grad } = walker.net.first.weight;
    if (grad !== null) walker.input = grad;
  },
};

const names = Object.keys(mutations);

function described(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

// A result, and all that a call may have changed. Read at once, since a read waits for the engine: as float64, which holds every
// value here.
function seen({ anneal, net, optimizer }: Walker, result: Tensor | string, call: number): string[] {
  const { concat, noGrad, scope, uniform } = anneal;
  // A state reads the count of each parameter.
  const state = call % 4 === 3 ? optimizer.stateDict() : { tensors: {} };
  const tensors: [name: string, tensor: Tensor][] = [];
  const lines = [`optimizer ${JSON.stringify({ ...state, tensors: undefined })}`];
  if (typeof result === 'string') lines.push(`result ${result}`);
  else tensors.push(['result', result]);
  const parts: { name: string; shape: readonly number[]; size: number }[] = [];
  const values = scope(() =>
    noGrad(() => {
      for (const [name, parameter] of net.namedParameters()) {
        tensors.push([name, parameter]);
        const { grad } = parameter;
        if (grad !== null) tensors.push([`gradient of ${name}`, grad]);
      }
      tensors.push(...net.namedBuffers(), ...Object.entries(state.tensors), ['random', uniform([1])]);
      parts.push(...tensors.map(([name, { shape, size }]) => ({ name, shape, size })));
      return concat(
        tensors.map(([, tensor]) => tensor.to('float64').reshape([-1])),
        0,
      ).dataSync();
    }),
  );
  let at = 0;
  for (const { name, shape, size } of parts) {
    const bytes = Buffer.from(values.buffer, values.byteOffset + 8 * at, 8 * size);
    lines.push(`${name} ${shape.join('x')}: ${bytes.toString('base64')}`);
    at += size;
  }
  return lines;
}

/** What happened at one call of a walk. */
export interface Step {
  /** The mutations before it. */
  mutated: string;
  seen: string[];
}

function mutate(walker: Walker): string {
  const { random } = walker;
  const done: string[] = [];
  for (let i = random() < 0.3 ? 2 : 1; i > 0; i--) {
    const name = walker.net.fails && random() < 0.7 ? 'failure' : anyOf(random, names);
    done.push(name);
    try {
      mutations[name]?.(walker);
    } catch (error) {
      done.push(described(error));
    }
  }
  return done.join(', ');
}

/** The walk of this seed. The way of using the network and its optimizer follow from the seed. */
export async function walk(anneal: Anneal, seed: number, compiled: boolean): Promise<Step[]> {
  const { optim, manualSeed, normal, noGrad } = anneal;
  const random = randomOf(seed);
  manualSeed(seed);
  const way = ways[seed % ways.length] as (typeof ways)[number];
  const net = netOf(anneal, random);
  const params = net.parameters();
  const optimizer = [
    () => new optim.SGD(params, { lr: 0.05 }),
    () => new optim.SGD(params, { lr: 0.05, momentum: 0.9 }),
    () => new optim.Adam(params, { lr: 0.01 }),
  ][Math.floor(seed / ways.length) % 3]?.() as unknown as Walker['optimizer'];
  const walker: Walker = { anneal, net, optimizer, random, kept: {}, input: undefined };
  const steps: Step[] = [];
  if (way === 'trainer') {
    await walkTrainer(walker, compiled, steps);
    return steps;
  }
  const step = (x: Tensor): Tensor => {
    const loss = net.forward(x).square().mean();
    if (loss.requiresGrad) {
      loss.backward();
      optimizer.step();
      if (net.clears) optimizer.zeroGrad();
    }
    return loss;
  };
  let run = step;
  if (way === 'module') {
    net.eval();
    run = (x) => noGrad(() => net.forward(x));
    if (compiled) run = net.compile();
  } else if (compiled) run = anneal.compile(step);
  for (let call = 0; call < CALLS; call++) {
    const mutated = mutate(walker);
    const input = walker.input ?? normal([random() < 0.7 ? 4 : 2, 3]);
    walker.input = undefined;
    let result: Tensor | string;
    try {
      result = run(input);
    } catch (error) {
      result = described(error);
    }
    steps.push({ mutated, seen: seen(walker, result, call) });
  }
  return steps;
}

async function walkTrainer(walker: Walker, compiled: boolean, steps: Step[]): Promise<void> {
  const { anneal, net, optimizer } = walker;
  const { data, train, nn, normal } = anneal;
  const x = normal([10, 3]).dataSync('float32');
  const y = normal([10, 2]);
  const rows = new data.ArrayDataset({ data: x, shape: [10, 3] }, { data: y.dataSync(), shape: [10, 2] });
  const trainer = new train.Trainer({
    model: net as train.Model,
    optimizer,
    loss: nn.mseLoss,
    compile: compiled,
    progress: false,
  });
  while (steps.length < CALLS) {
    let mutated = 'nothing';
    const callback: train.Callback = {
      onEpochBegin() {
        mutated = mutate(walker);
        walker.input = undefined;
        if (walker.random() < 0.2) x[0] = walker.random();
      },
      onEpochEnd({ loss }) {
        steps.push({ mutated, seen: seen(walker, `${loss}`, steps.length) });
      },
    };
    try {
      await trainer.fit(rows, { epochs: 8, batchSize: 4, seed: 1, callbacks: [callback], nanLoss: 'ignore' });
    } catch (error) {
      steps.push({ mutated, seen: seen(walker, described(error), steps.length) });
    }
  }
}

/** Where two walks of a seed differ first, in words; undefined if they are the same. */
export async function difference(anneal: Anneal, seed: number): Promise<string | undefined> {
  const expected = await walk(anneal, seed, false);
  const actual = await walk(anneal, seed, true);
  for (const [i, { mutated, seen: lines }] of expected.entries()) {
    const other = actual[i]?.seen ?? [];
    const at = lines.findIndex((line, l) => line !== other[l]);
    if (at < 0 && lines.length === other.length) continue;
    const before = expected.slice(Math.max(0, i - 3), i).map((step) => step.mutated);
    return `walk ${seed} (${ways[seed % ways.length]}), call ${i}, after ${[...before, mutated].join('; ')}:\n  ${lines[at]}\n  ${other[at]}`;
  }
  return undefined;
}
