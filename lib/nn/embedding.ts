// Embedding and EmbeddingBag: tables of learned rows.
import { noGrad } from '../context';
import { ArgumentError, describe, ShapeError } from '../errors';
import { type BagMode, embedding, embeddingBag } from '../ops/embedding';
import { type Generator, normal } from '../ops/random';
import { checkOptions } from '../options';
import { type DType, formatShape, isTensor, type Tensor } from '../tensor';
import { Module } from './module';
import { Parameter } from './parameter';

/** Options of {@link Embedding}. */
export interface EmbeddingOptions {
  /** A row that starts with zeros and has no gradient; negative numbers count from the end. Default none. */
  paddingIdx?: number | null;
  /** Default float32. */
  dtype?: DType;
  /** Source of the initial values; default: the one that `manualSeed` seeds. */
  generator?: Generator;
}

/** Options of {@link EmbeddingBag}. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** How the rows of a bag are joined. Default mean. */
  mode?: BagMode;
  /** Whether the last offset is the end of the last bag. Default false. */
  includeLastOffset?: boolean;
}

/** Options of `fromPretrained`. */
export interface PretrainedOptions {
  /** Whether the rows have no gradient. Default true. */
  freeze?: boolean;
  /** A row that has no gradient; it keeps its values. Default none. */
  paddingIdx?: number | null;
}

function checkedSize(owner: string, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new ArgumentError(`[${owner}] expected a positive integer for ${name}, received ${String(value)}`);
}

function checkedPadding(owner: string, padding: number | null | undefined, entries: number): number | null {
  if (padding == null) return null;
  if (!Number.isInteger(padding) || padding < -entries || padding >= entries) {
    throw new ArgumentError(`[${owner}] paddingIdx ${describe(padding)} is no row of ${entries}`);
  }
  return padding < 0 ? padding + entries : padding;
}

abstract class Table extends Module {
  /** Number of rows. */
  readonly numEmbeddings: number;
  /** Size of a row. */
  readonly embeddingDim: number;
  /** The row that has no gradient, counted from the beginning; null without one. */
  readonly paddingIdx: number | null;
  /** `[numEmbeddings, embeddingDim]`, normally distributed at first. */
  weight: Parameter;

  constructor(owner: string, numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions) {
    super();
    this.numEmbeddings = checkedSize(owner, 'numEmbeddings', numEmbeddings);
    this.embeddingDim = checkedSize(owner, 'embeddingDim', embeddingDim);
    this.paddingIdx = checkedPadding(owner, options.paddingIdx, numEmbeddings);
    const { dtype, generator } = options;
    this.weight = new Parameter(normal([numEmbeddings, embeddingDim], { dtype, generator }));
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.assign(this.weight.withAt(paddingIdx, 0)));
  }

  protected override describe(): string {
    const padding = this.paddingIdx === null ? '' : `, paddingIdx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}${padding}`;
  }
}

// The table as a layer made for it has it.
function adoptTable<T extends Table>(
  owner: string,
  weight: Tensor,
  options: PretrainedOptions,
  make: (sizes: [number, number]) => T,
): T {
  if (!isTensor(weight)) throw new ArgumentError(`[${owner}] expected a Tensor, received ${describe(weight)}`);
  if (weight.rank !== 2)
    throw new ShapeError(`[${owner}] the weight is [entries, size], not ${formatShape(weight.shape)}`);
  const layer = make(weight.shape as [number, number]);
  layer.weight = new Parameter(weight, { requiresGrad: !(options.freeze ?? true) });
  return layer;
}

/**
 * A learned row for each of `numEmbeddings` numbers: indices of any shape and an integer dtype become `[...index, embeddingDim]`. Row
 * `paddingIdx` starts with zeros, and training leaves it as it is.
 *
 * @throws ArgumentError
 */
export class Embedding extends Table {
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}) {
    checkOptions('Embedding', options, ['paddingIdx', 'dtype', 'generator']);
    super('Embedding', numEmbeddings, embeddingDim, options);
  }

  /** A layer with a table that is there, `[entries, size]`: frozen unless `freeze` is false. @throws ShapeError, ArgumentError */
  static fromPretrained(weight: Tensor, options: PretrainedOptions = {}): Embedding {
    checkOptions('Embedding.fromPretrained', options, ['freeze', 'paddingIdx']);
    const { paddingIdx } = options;
    return adoptTable('Embedding', weight, options, ([entries, size]) => new Embedding(entries, size, { paddingIdx }));
  }

  forward(index: Tensor): Tensor {
    return embedding(index, this.weight, { paddingIdx: this.paddingIdx });
  }
}

/**
 * The mean, sum or maximum of the learned rows of bags of indices: `[bags, length]`, or a vector with `offsets` at which bags begin, becomes
 * `[bags, embeddingDim]`. Indices `paddingIdx` do not count.
 *
 * @throws ArgumentError
 */
export class EmbeddingBag extends Table {
  /** How rows are joined. */
  readonly mode: BagMode;
  /** Whether the last offset is the end of the last bag. */
  readonly includeLastOffset: boolean;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagOptions = {}) {
    checkOptions('EmbeddingBag', options, ['paddingIdx', 'dtype', 'generator', 'mode', 'includeLastOffset']);
    super('EmbeddingBag', numEmbeddings, embeddingDim, options);
    const { mode = 'mean', includeLastOffset = false } = options;
    if (!['mean', 'sum', 'max'].includes(mode)) {
      throw new ArgumentError(`[EmbeddingBag] expected mean, sum or max for mode, received ${describe(mode)}`);
    }
    this.mode = mode;
    this.includeLastOffset = includeLastOffset;
  }

  forward(index: Tensor, offsets?: Tensor | null, perSampleWeights?: Tensor | null): Tensor {
    const { paddingIdx, mode, includeLastOffset } = this;
    return embeddingBag(index, this.weight, { paddingIdx, mode, offsets, perSampleWeights, includeLastOffset });
  }

  protected override describe(): string {
    return `${super.describe()}, mode=${this.mode}`;
  }
}
