// RNNCell, LSTMCell and GRUCell: one step of a recurrence, for loops of one's own.
import { ShapeError } from '../errors';
import { choiceFor, integerFor } from '../ops/check';
import { zeros } from '../ops/create';
import { linear } from '../ops/matmul';
import type { Generator } from '../ops/random';
import { squeeze, unsqueeze } from '../ops/shape';
import { checkOptions } from '../options';
import { type DType, formatShape, handleOf, type Tensor } from '../tensor';
import { Module } from './module';
import type { Parameter } from './parameter';
import { checkedPair, checkedState, type Recurrence, recurrences, starter } from './recurrent-step';

/** Options of {@link GRUCell} and {@link LSTMCell}. */
export interface CellOptions {
  /** Whether there are biases. Default true. */
  bias?: boolean;
  /** Default float32. */
  dtype?: DType;
  /** Source of the initial values; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  /** Default tanh. */
  nonlinearity?: 'tanh' | 'relu';
}

abstract class Cell extends Module {
  /** Features of an input. */
  readonly inputSize: number;
  /** Features of a state. */
  readonly hiddenSize: number;
  /** `[gates hiddenSize, inputSize]` */
  weightIh: Parameter;
  /** `[gates hiddenSize, hiddenSize]` */
  weightHh: Parameter;
  /** `[gates hiddenSize]`, or null without biases. */
  biasIh: Parameter | null;
  /** `[gates hiddenSize]`, or null without biases. */
  biasHh: Parameter | null;
  readonly #owner: string;
  readonly #recurrence: Recurrence;

  constructor(owner: string, recurrence: Recurrence, sizes: [input: number, hidden: number], options: CellOptions) {
    super();
    const { bias = true, dtype, generator } = options;
    const [inputSize, hiddenSize] = sizes;
    for (const [name, value] of Object.entries({ inputSize, hiddenSize })) integerFor(owner, name, value, 1);
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.#owner = owner;
    this.#recurrence = recurrence;
    const rows = recurrence.gates * hiddenSize;
    const start = starter(hiddenSize, { dtype, generator });
    this.weightIh = start(rows, inputSize);
    this.weightHh = start(rows, hiddenSize);
    this.biasIh = bias ? start(rows) : null;
    this.biasHh = bias ? start(rows) : null;
  }

  /** The state after x. */
  protected step(x: Tensor, given: readonly Tensor[] | undefined): Tensor[] {
    const owner = this.#owner;
    handleOf(owner, 'x', x);
    const { shape, rank } = x;
    if (!(rank === 1 || rank === 2) || shape[rank - 1] !== this.inputSize) {
      throw new ShapeError(
        `[${owner}] expected [batch, ${this.inputSize}], or [${this.inputSize}] without a batch, received ${formatShape(shape)}`,
      );
    }
    const expected = [...shape.slice(0, -1), this.hiddenSize];
    const before = Array.from({ length: this.#recurrence.states }, (_, k) => {
      const state = given?.[k];
      if (state !== undefined) return checkedState(owner, k, state, expected);
      return zeros(expected, { dtype: x.dtype, device: x.device });
    });
    const rows = (tensor: Tensor) => (rank === 1 ? unsqueeze(tensor, 0) : tensor);
    const { weightIh: ih, weightHh: hh, biasIh, biasHh } = this;
    const input = linear(rows(x), ih, biasIh);
    const after = this.#recurrence.step(input, before.map(rows), { ih, hh, biasIh, biasHh, hr: null });
    return rank === 1 ? after.map((state) => squeeze(state, 0)) : after;
  }

  protected override describe(): string {
    return `${this.inputSize}, ${this.hiddenSize}`;
  }
}

/**
 * One step of {@link RNN}: `h' = tanh(x Wih^T + bih + h Whh^T + bhh)`, or with relu.
 *
 * @throws ArgumentError for options out of range.
 */
export class RNNCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    checkOptions('RNNCell', options, ['bias', 'nonlinearity', 'dtype', 'generator']);
    const { nonlinearity = 'tanh' } = options;
    choiceFor('RNNCell', 'nonlinearity', nonlinearity, ['tanh', 'relu']);
    super('RNNCell', recurrences[nonlinearity], [inputSize, hiddenSize], options);
  }

  /** The state after x; zeros come before it where none is given. @throws ShapeError */
  forward(x: Tensor, h?: Tensor | null): Tensor {
    return this.step(x, h == null ? undefined : [h])[0] as Tensor;
  }
}

/** One step of {@link GRU}. @throws ArgumentError for options out of range. */
export class GRUCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    checkOptions('GRUCell', options, ['bias', 'dtype', 'generator']);
    super('GRUCell', recurrences.gru, [inputSize, hiddenSize], options);
  }

  /** The state after x; zeros come before it where none is given. @throws ShapeError */
  forward(x: Tensor, h?: Tensor | null): Tensor {
    return this.step(x, h == null ? undefined : [h])[0] as Tensor;
  }
}

/** One step of {@link LSTM}. @throws ArgumentError for options out of range. */
export class LSTMCell extends Cell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    checkOptions('LSTMCell', options, ['bias', 'dtype', 'generator']);
    super('LSTMCell', recurrences.lstm, [inputSize, hiddenSize], options);
  }

  /** The state `[h, c]` after x; zeros come before it where none is given. @throws ShapeError, ArgumentError */
  forward(x: Tensor, state?: readonly [h: Tensor, c: Tensor] | null): [h: Tensor, c: Tensor] {
    return this.step(x, checkedPair('LSTMCell', state)) as [Tensor, Tensor];
  }
}
