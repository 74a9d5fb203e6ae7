// GPT (Radford et al. 2018, 2019), with rotary positions (Su et al. 2021): a transformer that sees only what comes before, and says what
// comes next.
import { nn, scaledDotProductAttention, type Tensor } from 'anneal';

export interface GptOptions {
  /** How many different characters there are. */
  characters: number;
  /** How many characters it sees at most. */
  context: number;
  size: number;
  heads: number;
  layers: number;
  dropout: number;
}

class Attention extends nn.Module {
  input: nn.Linear;
  output: nn.Linear;
  rotary: nn.RotaryEmbedding;
  readonly heads: number;
  readonly dropout: number;

  constructor({ context, size, heads, dropout }: GptOptions) {
    super();
    this.rotary = new nn.RotaryEmbedding(size / heads, { maxLength: context });
    this.input = new nn.Linear(size, 3 * size);
    this.output = new nn.Linear(size, size);
    this.heads = heads;
    this.dropout = dropout;
  }

  /** x: [batch, time, size] */
  forward(x: Tensor): Tensor {
    const [queries, keys, values] = this.#project(x, 0);
    const dropout = this.training ? this.dropout : 0;
    return this.#join(scaledDotProductAttention(queries, keys, values, { isCausal: true, dropout }));
  }

  /** x: [1, time, size], which comes behind what is in the cache. */
  continue(x: Tensor, cache: nn.KeyValueCache): Tensor {
    const [queries, newKeys, newValues] = this.#project(x, cache.position);
    const { keys, values, mask } = cache.append(newKeys, newValues);
    return this.#join(scaledDotProductAttention(queries, keys, values, { mask }));
  }

  // Queries, keys and values, [batch, heads, time, size / heads] each. Queries and keys are turned by their positions.
  #project(x: Tensor, position: nn.Position): [Tensor, Tensor, Tensor] {
    const [batch, time, size] = x.shape;
    const parts = this.input.forward(x).split(size, -1);
    const [queries, keys, values] = parts.map((part) => part.reshape([batch, time, this.heads, -1]).transpose(1, 2));
    return [this.rotary.forward(queries, position), this.rotary.forward(keys, position), values];
  }

  #join(x: Tensor): Tensor {
    return this.output.forward(x.transpose(1, 2).flatten(2));
  }
}

class Block extends nn.Module {
  attentionNorm: nn.LayerNorm;
  attention: Attention;
  networkNorm: nn.LayerNorm;
  network: nn.Sequential;
  dropout: nn.Dropout;

  constructor(options: GptOptions) {
    super();
    const { size, dropout } = options;
    this.attentionNorm = new nn.LayerNorm(size);
    this.attention = new Attention(options);
    this.networkNorm = new nn.LayerNorm(size);
    this.network = new nn.Sequential(new nn.Linear(size, 4 * size), new nn.GELU(), new nn.Linear(4 * size, size));
    this.dropout = new nn.Dropout(dropout);
  }

  forward(x: Tensor): Tensor {
    return this.#feed(x.add(this.dropout.forward(this.attention.forward(this.attentionNorm.forward(x)))));
  }

  continue(x: Tensor, cache: nn.KeyValueCache): Tensor {
    return this.#feed(x.add(this.attention.continue(this.attentionNorm.forward(x), cache)));
  }

  #feed(x: Tensor): Tensor {
    return x.add(this.dropout.forward(this.network.forward(this.networkNorm.forward(x))));
  }
}

export class Gpt extends nn.Module {
  readonly options: GptOptions;
  characters: nn.Embedding;
  dropout: nn.Dropout;
  blocks: Block[];
  norm: nn.LayerNorm;
  output: nn.Linear;

  constructor(options: GptOptions) {
    super();
    const { characters, size, layers, dropout } = options;
    this.options = options;
    this.characters = new nn.Embedding(characters, size);
    this.dropout = new nn.Dropout(dropout);
    this.blocks = Array.from({ length: layers }, () => new Block(options));
    this.norm = new nn.LayerNorm(size);
    this.output = new nn.Linear(size, characters, { bias: false });
    for (const [name, parameter] of this.namedParameters()) {
      // As GPT-2 begins: small weights, and smaller ones where a residual is added.
      const std = /(attention\.output|network\.2)\.weight$/.test(name) ? 0.02 / Math.sqrt(2 * layers) : 0.02;
      if (parameter.rank > 1) nn.init.normal(parameter, { std });
      else if (name.endsWith('.bias')) nn.init.zeros(parameter);
    }
  }

  /** characters: [batch, time]; gives logits of the character that follows each, [batch, time, characters]. */
  forward(characters: Tensor): Tensor {
    let x = this.dropout.forward(this.characters.forward(characters));
    for (const block of this.blocks) x = block.forward(x);
    return this.output.forward(this.norm.forward(x));
  }

  /** Caches for `continue`, one for each block. They have room for the whole context. */
  makeCaches(): nn.KeyValueCache[] {
    const { context, size, heads } = this.options;
    return this.blocks.map(() => new nn.KeyValueCache(1, heads, context, size / heads));
  }

  /**
   * characters: [1, time], which come behind those that the caches know; gives logits of the one that follows the last, [characters].
   * Only these characters are computed: of earlier ones the caches have what is needed.
   */
  continue(characters: Tensor, caches: readonly nn.KeyValueCache[]): Tensor {
    let x = this.characters.forward(characters);
    for (const [i, block] of this.blocks.entries()) x = block.continue(x, caches[i]);
    return this.output.forward(this.norm.forward(x.slice(1, -1))).flatten();
  }
}
