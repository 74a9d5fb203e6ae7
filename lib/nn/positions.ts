// Positions in a sequence: learned, sinusoidal, and rotary.
import { untraced } from '../compile/trace';
import { keep, noGrad } from '../context';
import { ArgumentError, describe, ShapeError } from '../errors';
import { integerFor } from '../ops/check';
import { arange } from '../ops/create';
import { embedding } from '../ops/embedding';
import { indexSelect } from '../ops/indexing';
import { add, cos, sin } from '../ops/pointwise';
import { dropout, type Generator, normal } from '../ops/random';
import { anglesOf, rotaryAngles, rotaryEmbedding } from '../ops/rotary';
import { reshape, slice, stack, unsqueeze } from '../ops/shape';
import { checkOptions } from '../options';
import { type DType, formatShape, isTensor, type Tensor } from '../tensor';
import { Module } from './module';
import { Parameter } from './parameter';

/**
 * Where rows `[..., time, dim]` stand: the position of the first, as a number or, where a compiled function is not to be traced again for
 * each, as a 0-dimensional int64 tensor; or the position of each, `[..., time]` of an integer dtype.
 */
export type Position = number | Tensor;

// The rows of a table that stand at `time` positions.
function rowsAt(owner: string, table: Tensor, position: Position, time: number): Tensor {
  const length = table.shape[0] as number;
  if (isTensor(position)) {
    if (position.rank > 0) return embedding(position, table);
    return indexSelect(table, 0, add(arange(time, null, 1, { device: table.device }), position));
  }
  integerFor(owner, 'position', position, 0);
  if (position + time > length) {
    throw new ArgumentError(
      `[${owner}] positions ${position} to ${position + time - 1} are beyond the ${length} that there are`,
    );
  }
  return slice(table, 0, position, position + time);
}

function timeOf(owner: string, x: Tensor, dim: number): number {
  const [time, features] = x.shape.slice(-2);
  if (x.rank >= 2 && features === dim) return time as number;
  throw new ShapeError(`[${owner}] takes [..., time, ${dim}], not ${formatShape(x.shape)}`);
}

// What is computed once for each dtype and device, outside of traces and graphs.
class Tables<T extends readonly Tensor[]> {
  readonly #made = new Map<string, T>();
  readonly #make: (dtype: DType) => T;

  constructor(make: (dtype: DType) => T) {
    this.#make = make;
  }

  like({ dtype, device }: Tensor): T {
    const key = `${dtype} ${device}`;
    let found = this.#made.get(key);
    if (found === undefined) {
      found = untraced(() => noGrad(() => this.#make(dtype).map((table) => keep(table.to(device))))) as unknown as T;
      this.#made.set(key, found);
    }
    return found;
  }
}

/** Options of {@link PositionalEmbedding}. */
export interface PositionalEmbeddingOptions {
  /** Default float32. */
  dtype?: DType;
  /** Source of the initial values; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/**
 * Adds a learned row to each position of `[..., time, embeddingDim]`. The rows, `weight` `[maxLength, embeddingDim]`, start normally distributed
 * with deviation 0.02. (Radford et al. 2018, GPT)
 *
 * @throws ArgumentError
 */
export class PositionalEmbedding extends Module {
  /** How many positions there are. */
  readonly maxLength: number;
  /** Size of a row. */
  readonly embeddingDim: number;
  /** `[maxLength, embeddingDim]` */
  weight: Parameter;

  constructor(maxLength: number, embeddingDim: number, options: PositionalEmbeddingOptions = {}) {
    super();
    checkOptions('PositionalEmbedding', options, ['dtype', 'generator']);
    this.maxLength = integerFor('PositionalEmbedding', 'maxLength', maxLength, 1);
    this.embeddingDim = integerFor('PositionalEmbedding', 'embeddingDim', embeddingDim, 1);
    this.weight = new Parameter(normal([maxLength, embeddingDim], { std: 0.02, ...options }));
  }

  forward(x: Tensor, position: Position = 0): Tensor {
    const time = timeOf('PositionalEmbedding', x, this.embeddingDim);
    return add(x, rowsAt('PositionalEmbedding', this.weight, position, time));
  }

  protected override describe(): string {
    return `${this.maxLength}, ${this.embeddingDim}`;
  }
}

/** Options of {@link SinusoidalPositionalEncoding}. */
export interface SinusoidalOptions {
  /** How many positions there are. Default 5000. */
  maxLength?: number;
  /** Probability of dropout behind it, in training mode. Default 0. */
  dropout?: number;
  /** Default 10000. */
  base?: number;
}

/**
 * Adds `sin(position / base^(2 i / dim))` to feature `2 i`, and the cosine to feature `2 i + 1`, of each position of `[..., time, dim]`.
 * (Vaswani et al. 2017, section 3.5)
 *
 * @throws ArgumentError
 */
export class SinusoidalPositionalEncoding extends Module {
  /** Features of a row. */
  readonly dim: number;
  /** How many positions there are. */
  readonly maxLength: number;
  /** Probability of dropout. */
  readonly dropout: number;
  readonly #tables: Tables<[Tensor]>;

  constructor(dim: number, options: SinusoidalOptions = {}) {
    super();
    checkOptions('SinusoidalPositionalEncoding', options, ['maxLength', 'dropout', 'base']);
    const { maxLength = 5000, dropout: p = 0, base = 10_000 } = options;
    this.dim = integerFor('SinusoidalPositionalEncoding', 'dim', dim, 1);
    this.maxLength = integerFor('SinusoidalPositionalEncoding', 'maxLength', maxLength, 1);
    if (!(p >= 0 && p <= 1)) {
      throw new ArgumentError(`[SinusoidalPositionalEncoding] expected 0 <= dropout <= 1, received ${describe(p)}`);
    }
    this.dropout = p;
    this.#tables = new Tables((dtype) => {
      const angles = anglesOf(maxLength, dim, base);
      const table = reshape(stack([sin(angles), cos(angles)], -1), [maxLength, 2 * (angles.shape[1] as number)]);
      return [slice(table, 1, 0, dim).to(dtype)]; // of an odd number of features the last is a sine
    });
  }

  forward(x: Tensor, position: Position = 0): Tensor {
    const time = timeOf('SinusoidalPositionalEncoding', x, this.dim);
    const out = add(x, rowsAt('SinusoidalPositionalEncoding', this.#tables.like(x)[0], position, time));
    return dropout(out, this.dropout, { training: this.training });
  }

  protected override describe(): string {
    return `${this.dim}, maxLength=${this.maxLength}${this.dropout > 0 ? `, dropout=${this.dropout}` : ''}`;
  }
}

/** Options of {@link RotaryEmbedding}. */
export interface RotaryEmbeddingOptions {
  /** How many positions there are. Default 2048. */
  maxLength?: number;
  /** The slowest pair turns by about `1 / base` per position. Default 10000. */
  base?: number;
  /** Whether a pair is two neighbours, and not one feature of each half. Default false. */
  interleaved?: boolean;
}

/**
 * Turns the first `dim` features of queries or keys, `[..., time, features]`, by their positions: see {@link rotaryEmbedding}. Of
 * `[batch, heads, time, features]` positions may be `[batch, time]`.
 *
 * @throws ArgumentError unless `dim` is even.
 */
export class RotaryEmbedding extends Module {
  /** Features that are turned. */
  readonly dim: number;
  /** How many positions there are. */
  readonly maxLength: number;
  /** Whether a pair is two neighbours. */
  readonly interleaved: boolean;
  readonly #tables: Tables<[Tensor, Tensor]>;

  constructor(dim: number, options: RotaryEmbeddingOptions = {}) {
    super();
    checkOptions('RotaryEmbedding', options, ['maxLength', 'base', 'interleaved']);
    const { maxLength = 2048, base = 10_000, interleaved = false } = options;
    if (integerFor('RotaryEmbedding', 'dim', dim, 2) % 2 !== 0) {
      throw new ArgumentError(`[RotaryEmbedding] expected an even number for 'dim', received ${dim}`);
    }
    if (!(base > 0))
      throw new ArgumentError(`[RotaryEmbedding] expected a number above 0 for 'base', received ${describe(base)}`);
    this.dim = dim;
    this.maxLength = integerFor('RotaryEmbedding', 'maxLength', maxLength, 1);
    this.interleaved = interleaved;
    this.#tables = new Tables((dtype) => rotaryAngles(maxLength, dim, { base, dtype }));
  }

  forward(x: Tensor, position: Position = 0): Tensor {
    if (x.rank < 2) throw new ShapeError(`[RotaryEmbedding] takes [..., time, features], not ${formatShape(x.shape)}`);
    const time = x.shape.at(-2) as number;
    const [cosines, sines] = this.#tables.like(x).map((table) => {
      const rows = rowsAt('RotaryEmbedding', table, position, time);
      return rows.rank > 2 && rows.rank === x.rank - 1 ? unsqueeze(rows, -3) : rows;
    }) as [Tensor, Tensor];
    return rotaryEmbedding(x, cosines, sines, { interleaved: this.interleaved });
  }

  protected override describe(): string {
    return `${this.dim}, maxLength=${this.maxLength}${this.interleaved ? ', interleaved=true' : ''}`;
  }
}
