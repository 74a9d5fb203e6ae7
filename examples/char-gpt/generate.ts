// Writing: one character after the other is drawn from what the network thinks likely.
import { compile, multinomial, noGrad, type Tensor, tensor, topk } from 'anneal';
import type { Gpt } from './model';

export interface Sampling {
  /** Below 1 likely characters become likelier, above 1 less so. */
  temperature: number;
  /** How many of the likeliest characters may be drawn. */
  topK: number;
  /** Only the likeliest characters that have this share together may be drawn. */
  topP: number;
}

/** logits: [characters]; gives the number of the character drawn, [1]. */
export function draw(logits: Tensor, { temperature, topK, topP }: Sampling): Tensor {
  const [scores, characters] = topk(logits.div(temperature), Math.min(topK, logits.size)); // the likeliest first
  const probabilities = scores.softmax();
  const shareBefore = probabilities.cumsum(0).sub(probabilities);
  const place = multinomial(probabilities.mul(shareBefore.lt(topP)), 1);
  return characters.indexSelect(0, place);
}

/** Continues a text; an empty one begins with the first character. Gives the numbers of the characters, as they are drawn. */
export async function* generate(model: Gpt, prompt: Int32Array, count: number, sampling: Sampling) {
  const { context } = model.options;
  const half = Math.floor(context / 2);
  model.eval();
  const caches = model.makeCaches();
  const step = compile((characters: Tensor) => noGrad(() => draw(model.continue(characters, caches), sampling)));

  const text = prompt.length > 0 ? [...prompt] : [0];
  let unread = text.slice(-half);
  let read = 0;
  for (let i = 0; i < count; i++) {
    if (read + unread.length > context) {
      // The context is full: it begins anew with its later half.
      for (const cache of caches) cache.reset();
      unread = text.slice(-half);
      read = 0;
    }
    using characters = tensor(Int32Array.from(unread), { shape: [1, unread.length] });
    using drawn = step(characters);
    const next = Number(await drawn.item());
    read += unread.length;
    text.push(next);
    unread = [next];
    yield next;
  }
  for (const cache of caches) cache.dispose();
}
