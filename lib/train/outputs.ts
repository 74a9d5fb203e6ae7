// The outputs of a model for batch after batch, joined into one of the same structure.
import { mapTensors, tensorsIn } from '../compile/structure';
import { noGrad } from '../context';
import { ArgumentError, describe } from '../errors';
import { isPlainObject } from '../kinds';
import { concat } from '../ops/shape';
import type { Tensor } from '../tensor';

/** Outputs of one structure: tensors, or tensors in arrays and plain objects. */
export class Outputs {
  #first: { output: unknown; structure: string } | undefined;
  readonly #parts: Tensor[][] = [];

  /** Takes in the output for the next batch. @throws ArgumentError when no tensor is in it, or its structure is another one. */
  add(output: unknown): void {
    const tensors = tensorsIn(output);
    if (tensors.length === 0) {
      throw new ArgumentError(`[predict] expected forward to return tensors, received ${describe(output)}`);
    }
    const structure = structureOf(output);
    this.#first ??= { output, structure };
    if (structure !== this.#first.structure) {
      throw new ArgumentError(
        `[predict] forward returned ${structure} for a batch and ${this.#first.structure} for the first one`,
      );
    }
    this.#parts.push(tensors);
  }

  /** The tensors of each place joined along the first axis; those of the batches are disposed. */
  joined(): unknown {
    if (this.#first === undefined) throw new ArgumentError('[predict] the data has no batches');
    let place = 0;
    const joined = mapTensors(this.#first.output, () => {
      const parts = this.#parts.map((tensors) => tensors[place] as Tensor);
      place++;
      return noGrad(() => concat(parts, 0));
    });
    for (const tensor of this.#parts.flat()) tensor.dispose();
    return joined;
  }
}

// In words: {logits: tensor, heads: [tensor, tensor]}.
function structureOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(structureOf).join(', ')}]`;
  if (tensorsIn(value).length === 0) return describe(value);
  if (!isPlainObject(value)) return 'tensor';
  const entries = Object.entries(value).map(([name, part]) => `${name}: ${structureOf(part)}`);
  return `{${entries.join(', ')}}`;
}
