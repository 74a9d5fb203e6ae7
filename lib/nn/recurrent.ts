// RNN, LSTM and GRU: layers of recurrences over a sequence, in one direction or in both.
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors';
import { unbind } from '../ops/arrange';
import { choiceFor, integerFor, probabilityFor } from '../ops/check';
import { arange, tensor, zeros } from '../ops/create';
import { linear } from '../ops/matmul';
import { lt, where } from '../ops/pointwise';
import { dropout, type Generator } from '../ops/random';
import { concat, squeeze, stack, transpose, unsqueeze } from '../ops/shape';
import { checkOptions } from '../options';
import { type DType, formatShape, handleOf, isTensor, type Tensor } from '../tensor';
import { Module } from './module';
import type { Parameter } from './parameter';
import {
  checkedPair,
  checkedState,
  type Recurrence,
  type RecurrentWeights,
  recurrences,
  starter,
} from './recurrent-step';

/** Options of {@link GRU}, and of all recurrent modules. */
export interface RecurrentOptions {
  /** Layers, each of which reads the outputs of the one before. Default 1. */
  numLayers?: number;
  /** Whether there are biases. Default true. */
  bias?: boolean;
  /** Whether sequences are `[batch, time, features]`, and not `[time, batch, features]`. Default false. */
  batchFirst?: boolean;
  /** Probability that an output between two layers becomes 0 in training mode. Default 0. */
  dropout?: number;
  /** Whether each layer also reads the sequence from its end; outputs of both directions are joined. Default false. */
  bidirectional?: boolean;
  /** Default float32. */
  dtype?: DType;
  /** Source of the initial values and of dropout; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** Options of {@link RNN}. */
export interface RNNOptions extends RecurrentOptions {
  /** Default tanh. */
  nonlinearity?: 'tanh' | 'relu';
}

/** Options of {@link LSTM}. */
export interface LSTMOptions extends RecurrentOptions {
  /** Size to which outputs are projected; 0 leaves them as they are. Default 0. */
  projSize?: number;
}

/** What a call of a recurrent module may be given beside sequence and state. */
export interface RecurrentCall {
  /**
   * Steps of each sequence of a batch, int64 where it is a tensor; what comes after them is not read. Outputs there are 0, the last state is that
   * of a sequence's own end, and the other direction begins there. (PyTorch packs sequences for this.)
   */
  lengths?: readonly number[] | Tensor | null;
}

const optionNames = ['numLayers', 'bias', 'batchFirst', 'dropout', 'bidirectional', 'dtype', 'generator'];

/** Layers of one recurrence. */
abstract class Recurrent extends Module {
  /** Features of an input. */
  readonly inputSize: number;
  /** Features of a state. */
  readonly hiddenSize: number;
  /** Number of layers. */
  readonly numLayers: number;
  /** Whether there are biases. */
  readonly bias: boolean;
  /** Whether sequences are `[batch, time, features]`. */
  readonly batchFirst: boolean;
  /** Probability that an output between two layers becomes 0 in training mode. */
  readonly dropout: number;
  /** Whether each layer also reads the sequence from its end. */
  readonly bidirectional: boolean;
  /** Size to which outputs are projected, or 0. */
  readonly projSize: number;
  readonly #owner: string;
  readonly #recurrence: Recurrence;
  readonly #generator: Generator | undefined;

  constructor(owner: string, recurrence: Recurrence, sizes: [input: number, hidden: number], options: LSTMOptions) {
    super();
    const { numLayers = 1, bias = true, batchFirst = false, dropout: p = 0, bidirectional = false } = options;
    const { projSize = 0, dtype, generator } = options;
    const [inputSize, hiddenSize] = sizes;
    for (const [name, value] of Object.entries({ inputSize, hiddenSize, numLayers })) integerFor(owner, name, value, 1);
    integerFor(owner, 'projSize', projSize, 0);
    if (projSize >= hiddenSize) {
      throw new ArgumentError(
        `[${owner}] expected a projSize below the hiddenSize of ${hiddenSize}, received ${projSize}`,
      );
    }
    probabilityFor(owner, 'dropout', p);
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.bias = bias;
    this.batchFirst = batchFirst;
    this.dropout = p;
    this.bidirectional = bidirectional;
    this.projSize = projSize;
    this.#owner = owner;
    this.#recurrence = recurrence;
    this.#generator = generator;
    const rows = recurrence.gates * hiddenSize;
    const start = starter(hiddenSize, { dtype, generator });
    const fields = this.#fields;
    for (const [i, suffix] of this.#suffixes.entries()) {
      const inputs = i < this.#directions ? inputSize : this.#directions * this.#outputSize;
      fields[`weightIh${suffix}`] = start(rows, inputs);
      fields[`weightHh${suffix}`] = start(rows, this.#outputSize);
      if (bias) fields[`biasIh${suffix}`] = start(rows);
      if (bias) fields[`biasHh${suffix}`] = start(rows);
      if (projSize > 0) fields[`weightHr${suffix}`] = start(projSize, hiddenSize);
    }
  }

  /** The outputs of all steps, and the last state of every layer and direction. */
  protected run(x: Tensor, given: readonly Tensor[] | undefined, call: RecurrentCall): [Tensor, Tensor[]] {
    const owner = this.#owner;
    checkOptions(owner, call, ['lengths']);
    handleOf(owner, 'x', x);
    const { shape, rank } = x;
    if (!(rank === 2 || rank === 3) || shape[rank - 1] !== this.inputSize || x.size === 0) {
      const expected = this.batchFirst ? '[batch, time, features]' : '[time, batch, features]';
      throw new ShapeError(
        `[${owner}] expected ${expected}, or [time, features] without a batch, of ${this.inputSize} features, received ${formatShape(shape)}`,
      );
    }
    const inside = rank === 2 ? unsqueeze(x, 1) : this.batchFirst ? transpose(x, 0, 1) : x;
    const [time, batch] = inside.shape as [number, number];
    const states = this.#states(given, x, rank === 3 ? batch : undefined);
    const masks = this.#masks(call.lengths ?? null, inside, rank === 3);
    const last: Tensor[][] = [];
    let layerInput = inside;
    for (let layer = 0; layer < this.numLayers; layer++) {
      if (layer > 0 && this.training && this.dropout > 0) {
        layerInput = dropout(layerInput, this.dropout, { generator: this.#generator });
      }
      const outputs: Tensor[] = [];
      for (let direction = 0; direction < this.#directions; direction++) {
        const i = layer * this.#directions + direction;
        const before = states.map((state) => state[i] as Tensor);
        const order = Array.from({ length: time }, (_, t) => (direction === 0 ? t : time - 1 - t));
        const [y, after] = this.#pass(layerInput, before, this.#weights(i), order, masks);
        outputs.push(y);
        last.push(after);
      }
      layerInput = outputs.length === 1 ? (outputs[0] as Tensor) : concat(outputs, 2);
    }
    const y = rank === 2 ? squeeze(layerInput, 1) : this.batchFirst ? transpose(layerInput, 0, 1) : layerInput;
    const final = states.map((_, k) => stack(last.map((after) => after[k] as Tensor)));
    return [y, rank === 2 ? final.map((state) => squeeze(state, 1)) : final];
  }

  protected override describe(): string {
    const { numLayers, batchFirst, bidirectional } = this;
    const layers = numLayers > 1 ? `, numLayers=${numLayers}` : '';
    const flags = `${batchFirst ? ', batchFirst=true' : ''}${bidirectional ? ', bidirectional=true' : ''}`;
    return `${this.inputSize}, ${this.hiddenSize}${layers}${flags}`;
  }

  // One layer in one direction: its outputs in the order of time, and its last state.
  #pass(
    x: Tensor,
    before: readonly Tensor[],
    weights: RecurrentWeights,
    order: readonly number[],
    masks: readonly Tensor[] | undefined,
  ): [Tensor, Tensor[]] {
    const inputs = unbind(linear(x, weights.ih, weights.biasIh));
    const outputs: Tensor[] = [];
    let state = [...before];
    for (const t of order) {
      let next = this.#recurrence.step(inputs[t] as Tensor, state, weights);
      const mask = masks?.[t];
      outputs[t] = mask === undefined ? (next[0] as Tensor) : where(mask, next[0] as Tensor, 0);
      if (mask !== undefined) next = next.map((value, k) => where(mask, value, state[k] as Tensor));
      state = next;
    }
    return [stack(outputs), state];
  }

  // The states before the first step: for each tensor of a state, one entry per layer and direction, [batch, features].
  #states(given: readonly Tensor[] | undefined, x: Tensor, batch: number | undefined): Tensor[][] {
    const count = this.#suffixes.length;
    const sizes = [this.#outputSize, this.hiddenSize].slice(0, this.#recurrence.states);
    return sizes.map((size, k) => {
      const shape = batch === undefined ? [count, size] : [count, batch, size];
      const state = given?.[k];
      if (state === undefined) {
        const none = zeros([batch ?? 1, size], { dtype: x.dtype, device: x.device });
        return new Array<Tensor>(count).fill(none);
      }
      checkedState(this.#owner, k, state, shape);
      return unbind(batch === undefined ? unsqueeze(state, 1) : state);
    });
  }

  // For each step, which sequences it belongs to, [batch, 1].
  #masks(lengths: RecurrentCall['lengths'], inside: Tensor, batched: boolean): Tensor[] | undefined {
    if (lengths === null || lengths === undefined) return undefined;
    const owner = this.#owner;
    const [time, batch] = inside.shape as [number, number];
    if (!batched) throw new ArgumentError(`[${owner}] lengths are for a batch of sequences`);
    if (!isTensor(lengths)) {
      if (!Array.isArray(lengths)) {
        throw new ArgumentError(
          `[${owner}] expected an array or a tensor for 'lengths', received ${describe(lengths)}`,
        );
      }
      for (const [i, length] of lengths.entries()) {
        integerFor(owner, `lengths[${i}]`, length, 0);
        if (length > time)
          throw new ArgumentError(`[${owner}] sequence ${i} has ${length} steps, and the batch ${time}`);
      }
    } else if (lengths.dtype !== 'int64') {
      throw new DTypeError(`[${owner}] expected int64 for 'lengths', received ${lengths.dtype}`);
    }
    const counts = isTensor(lengths)
      ? lengths
      : tensor(BigInt64Array.from(lengths as readonly number[], BigInt), { device: inside.device });
    if (counts.rank !== 1 || counts.size !== batch) {
      throw new ShapeError(`[${owner}] expected ${batch} lengths, received ${formatShape(counts.shape)}`);
    }
    const steps = unsqueeze(arange(time, undefined, undefined, { device: inside.device }), 1);
    return unbind(unsqueeze(lt(steps, counts), 2));
  }

  #weights(i: number): RecurrentWeights {
    const [fields, suffix] = [this.#fields, this.#suffixes[i]];
    return {
      ih: fields[`weightIh${suffix}`] as Parameter,
      hh: fields[`weightHh${suffix}`] as Parameter,
      biasIh: fields[`biasIh${suffix}`] ?? null,
      biasHh: fields[`biasHh${suffix}`] ?? null,
      hr: fields[`weightHr${suffix}`] ?? null,
    };
  }

  // Parameters have the names of PyTorch's, which no class can list: weightIhL0, weightHhL0Reverse, ...
  get #fields(): Record<string, Parameter | undefined> {
    return this as unknown as Record<string, Parameter | undefined>;
  }

  // By layer, and within it by direction.
  get #suffixes(): string[] {
    const directions = this.bidirectional ? ['', 'Reverse'] : [''];
    return Array.from({ length: this.numLayers }, (_, layer) => directions.map((name) => `L${layer}${name}`)).flat();
  }

  get #directions(): number {
    return this.bidirectional ? 2 : 1;
  }

  get #outputSize(): number {
    return this.projSize > 0 ? this.projSize : this.hiddenSize;
  }
}

/**
 * Recurrent layers (Elman 1990): `h_t = tanh(x_t Wih^T + bih + h_(t-1) Whh^T + bhh)`, or with relu.
 *
 * ```ts
 * const rnn = new nn.RNN(10, 20, { batchFirst: true });
 * const [outputs, last] = rnn.forward(x); // [batch, time, 10] -> [batch, time, 20], [1, batch, 20]
 * ```
 *
 * States are `[numLayers directions, batch, hiddenSize]` whatever `batchFirst` says. Parameters, drawn from +-1 / sqrt(hiddenSize), are named as
 * PyTorch's: `weightIhL0`, `weightHhL0`, `biasIhL0`, `biasHhL0`, and `weightIhL0Reverse` and so on of the other direction.
 *
 * @throws ArgumentError for options out of range.
 */
export class RNN extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    checkOptions('RNN', options, [...optionNames, 'nonlinearity']);
    const { nonlinearity = 'tanh', ...others } = options;
    choiceFor('RNN', 'nonlinearity', nonlinearity, ['tanh', 'relu']);
    super('RNN', recurrences[nonlinearity], [inputSize, hiddenSize], others);
  }

  /**
   * The outputs of all steps, and the last states. States are zeros at first where none are given.
   *
   * @throws ShapeError, ArgumentError
   */
  forward(x: Tensor, h?: Tensor | null, options: RecurrentCall = {}): [outputs: Tensor, h: Tensor] {
    const [y, [last]] = this.run(x, h == null ? undefined : [h], options);
    return [y, last as Tensor];
  }
}

/**
 * Gated recurrent units (Cho et al. 2014), with the reset gate behind the product, as in PyTorch: `r, z = sigmoid(...)`,
 * `n = tanh(Win x + bin + r (Whn h + bhn))`, `h' = (1 - z) n + z h`. Rows of weights are those of r, z, n. Shapes and names are as of
 * {@link RNN}.
 *
 * @throws ArgumentError for options out of range.
 */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    checkOptions('GRU', options, optionNames);
    super('GRU', recurrences.gru, [inputSize, hiddenSize], options);
  }

  /**
   * The outputs of all steps, and the last states. States are zeros at first where none are given.
   *
   * @throws ShapeError, ArgumentError
   */
  forward(x: Tensor, h?: Tensor | null, options: RecurrentCall = {}): [outputs: Tensor, h: Tensor] {
    const [y, [last]] = this.run(x, h == null ? undefined : [h], options);
    return [y, last as Tensor];
  }
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997): `i, f, o = sigmoid(...)`, `g = tanh(...)`, `c' = f c + i g`, `h' = o tanh(c')`; with
 * `projSize` outputs and `h` are `Whr h'` (Sak et al. 2014). Rows of weights are those of i, f, g, o. Shapes and names are as of {@link RNN}; a
 * state is `[h, c]`.
 *
 * ```ts
 * const lstm = new nn.LSTM(10, 20, { numLayers: 2, batchFirst: true });
 * const [outputs, [h, c]] = lstm.forward(x, null, { lengths: [5, 3] });
 * ```
 *
 * @throws ArgumentError for options out of range.
 */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    checkOptions('LSTM', options, [...optionNames, 'projSize']);
    super('LSTM', recurrences.lstm, [inputSize, hiddenSize], options);
  }

  /**
   * The outputs of all steps, and the last states `[h, c]`. States are zeros at first where none are given.
   *
   * @throws ShapeError, ArgumentError
   */
  forward(
    x: Tensor,
    state?: readonly [h: Tensor, c: Tensor] | null,
    options: RecurrentCall = {},
  ): [outputs: Tensor, state: [h: Tensor, c: Tensor]] {
    const [y, last] = this.run(x, checkedPair('LSTM', state), options);
    return [y, last as [Tensor, Tensor]];
  }
}
