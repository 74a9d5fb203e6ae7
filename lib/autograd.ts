// Gradients as values: the functional form of backward.
import { ArgumentError, describe } from './errors';
import { native } from './native';
import { handlesOf, optionalHandle } from './ops/call';
import { adopt, Tensor } from './tensor';

/** Options of {@link grad}. */
export interface GradOptions {
  /** What to start from, one for each output; may be left out for scalars. */
  gradOutputs?: readonly (Tensor | null)[] | Tensor | null;
  /** Keeps the graph for another pass. Default: `createGraph`. */
  retainGraph?: boolean;
  /** Records the computation of the gradients, so that they can be differentiated. Default false. */
  createGraph?: boolean;
}

/**
 * Gradients of `outputs` by `inputs`: for each input the sum over outputs of the vector-Jacobian product, or null where no output
 * depends on it. `grad` of tensors is left as it is.
 *
 * ```ts
 * const [dx] = grad(x.square().sum(), x);   // 2 x
 * ```
 *
 * @throws AutogradError as {@link Tensor.backward} does.
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  { gradOutputs, createGraph = false, retainGraph = createGraph }: GradOptions = {},
): (Tensor | null)[] {
  const list = (value: Tensor | readonly Tensor[]) => (value instanceof Tensor ? [value] : value);
  const sources = handlesOf('grad', 'inputs', list(inputs));
  const targets = handlesOf('grad', 'outputs', list(outputs));
  const seeds = gradOutputs instanceof Tensor ? [gradOutputs] : (gradOutputs ?? []);
  if (!Array.isArray(seeds) || seeds.length > targets.length) {
    throw new ArgumentError(`[grad] expected at most ${targets.length} gradOutputs, received ${describe(seeds)}`);
  }
  const seedHandles = seeds.map((seed) => optionalHandle('grad', 'gradOutputs', seed));
  const outs = sources.map(() => new Tensor());
  const handles = native.gradients(outs, targets, sources, seedHandles, retainGraph, createGraph);
  return outs.map((out, i) => ((handles[i] as number) < 0 ? null : adopt(out, handles[i] as number)));
}
