// What the recurrent modules and their cells share: one step from a state to the next, weights at first, and the checks of states.
import { ArgumentError, describe, ShapeError } from '../errors';
import { linear } from '../ops/matmul';
import { add, mul, sub } from '../ops/pointwise';
import { type RandomOptions, uniform } from '../ops/random';
import { split } from '../ops/shape';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { Parameter } from './parameter';

/** What a recurrence has learned: of its inputs and of its state. Gates lie below each other, in PyTorch's order. */
export interface RecurrentWeights {
  /** `[gates hiddenSize, inputs]` */
  ih: Tensor;
  /** `[gates hiddenSize, outputs]` */
  hh: Tensor;
  biasIh: Tensor | null;
  biasHh: Tensor | null;
  /** `[projSize, hiddenSize]`; an LSTM's output is projected by it. */
  hr: Tensor | null;
}

/** A kind of recurrence. */
export interface Recurrence {
  /** How many times `hiddenSize` rows the weights have. */
  gates: number;
  /** Tensors of a state, the first of which is the output: 2 of an LSTM, else 1. */
  states: number;
  /** @param input `x ih^T + biasIh` of the step, `[batch, gates hiddenSize]` */
  step(input: Tensor, state: readonly Tensor[], weights: RecurrentWeights): Tensor[];
}

const ofState = (h: Tensor, { hh, biasHh }: RecurrentWeights): Tensor => linear(h, hh, biasHh);

/** `h' = tanh(x Wih^T + bih + h Whh^T + bhh)`, or with relu. */
function plain(activate: (x: Tensor) => Tensor): Recurrence {
  return {
    gates: 1,
    states: 1,
    step: (input, [h], weights) => [activate(add(input, ofState(h as Tensor, weights)))],
  };
}

/** The recurrences by name. */
export const recurrences = {
  tanh: plain((x) => x.tanh()),
  relu: plain((x) => x.relu()),
  /** `i, f, o = sigmoid(...)`, `g = tanh(...)`, `c' = f c + i g`, `h' = o tanh(c')`; the gates in the order i, f, g, o. */
  lstm: {
    gates: 4,
    states: 2,
    step(input, [h, c], weights) {
      const gates = add(input, ofState(h as Tensor, weights));
      const [i, f, g, o] = split(gates, (gates.shape[1] as number) / 4, 1) as [Tensor, Tensor, Tensor, Tensor];
      const cell = add(mul(f.sigmoid(), c as Tensor), mul(i.sigmoid(), g.tanh()));
      const output = mul(o.sigmoid(), cell.tanh());
      return [weights.hr === null ? output : linear(output, weights.hr), cell];
    },
  },
  /** `r, z = sigmoid(...)`, `n = tanh(x's part + r (h's part))`, `h' = (1 - z) n + z h`; the gates in the order r, z, n. */
  gru: {
    gates: 3,
    states: 1,
    step(input, [h], weights) {
      const before = h as Tensor;
      const recurrent = ofState(before, weights);
      const hidden = (input.shape[1] as number) / 3;
      const [xr, xz, xn] = split(input, hidden, 1) as [Tensor, Tensor, Tensor];
      const [hr, hz, hn] = split(recurrent, hidden, 1) as [Tensor, Tensor, Tensor];
      const candidate = add(xn, mul(add(xr, hr).sigmoid(), hn)).tanh();
      return [add(candidate, mul(add(xz, hz).sigmoid(), sub(before, candidate)))];
    },
  },
} satisfies Record<string, Recurrence>;

/** What makes parameters of a shape, evenly distributed within +-1 / sqrt(hiddenSize). */
export function starter(hiddenSize: number, { dtype, generator }: RandomOptions): (...shape: number[]) => Parameter {
  const bound = 1 / Math.sqrt(hiddenSize);
  return (...shape) => new Parameter(uniform(shape, { low: -bound, high: bound, dtype, generator }));
}

/** Tensor `k` of a state, h or c. @throws ShapeError for another shape; ArgumentError for what is no tensor. */
export function checkedState(owner: string, k: number, state: Tensor, shape: readonly number[]): Tensor {
  handleOf(owner, k === 0 ? 'h' : 'c', state);
  const [expected, received] = [formatShape(shape), formatShape(state.shape)];
  if (received === expected) return state;
  throw new ShapeError(`[${owner}] expected a state of shape ${expected}, received ${received}`);
}

/** The state `[h, c]`, where one is given. @throws ArgumentError for anything else. */
export function checkedPair<T extends readonly Tensor[]>(owner: string, state: T | null | undefined): T | undefined {
  if (state == null || (Array.isArray(state) && state.length === 2)) return state ?? undefined;
  throw new ArgumentError(`[${owner}] expected a state [h, c], received ${describe(state)}`);
}
