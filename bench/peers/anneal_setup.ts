// What our side of several suites shares: the network, and the versions.
import { readFileSync } from 'node:fs';
import { compile, nn, type Tensor } from 'anneal';

/** Linear layers with ReLU between them. */
export function network(widths: readonly number[], weights: Record<string, Tensor>): nn.Sequential {
  const layers: nn.Layer[] = [];
  for (let i = 0; i + 1 < widths.length; i++) layers.push(new nn.Linear(widths[i], widths[i + 1]), new nn.ReLU());
  const model = new nn.Sequential(...layers.slice(0, -1));
  model.loadStateDict(weights);
  return model;
}

const { version } = JSON.parse(readFileSync(require.resolve('anneal/package.json'), 'utf8')) as { version: string };

export const versions = { anneal: version, node: process.versions.node };

/** `fn` as this program runs it: compiled, unless it was started as anneal-eager. */
export function maybeCompiled<Args extends unknown[], Result>(
  fn: (...args: Args) => Result,
): (...args: Args) => Result {
  return process.argv[2] === 'anneal-eager' ? fn : compile(fn);
}
