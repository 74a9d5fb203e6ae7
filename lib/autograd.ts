// Gradients as values: the functional form of backward.
import { ArgumentError, AutogradError, describe } from './errors';
import { native } from './native';
import { handlesOf, optionalHandle } from './ops/call';
import { checkOptions } from './options';
import { adopt, Tensor } from './tensor';

/** Options of {@link grad}. */
export interface GradOptions {
  /** What to start from, one for each output; may be left out for scalars. */
  gradOutputs?: readonly (Tensor | null)[] | Tensor | null;
  /** Keeps the graph for another pass. Default: `createGraph`. */
  retainGraph?: boolean;
  /** Records the computation of the gradients, so that they can be differentiated. Default false. */
  createGraph?: boolean;
  /** Gives null for an input that no output depends on, instead of throwing. Default false. */
  allowUnused?: boolean;
}

/** One gradient for each input. */
type Gradients<Inputs, Gradient> = Inputs extends readonly Tensor[]
  ? { -readonly [I in keyof Inputs]: Gradient }
  : [Gradient];

/**
 * Gradients of `outputs` by `inputs`: for each input the sum over outputs of the vector-Jacobian product. `grad` of tensors is
 * left as it is.
 *
 * ```ts
 * const [dx] = grad(x.square().sum(), x);   // 2 x
 * ```
 *
 * @throws AutogradError as {@link Tensor.backward} does, and for an input that no output depends on unless `allowUnused`.
 */
export function grad<const Inputs extends Tensor | readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: Inputs,
  options?: GradOptions & { allowUnused?: false },
): Gradients<Inputs, Tensor>;
export function grad<const Inputs extends Tensor | readonly Tensor[]>(
  outputs: Tensor | readonly Tensor[],
  inputs: Inputs,
  options: GradOptions,
): Gradients<Inputs, Tensor | null>;
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
): unknown {
  checkOptions('grad', options, ['gradOutputs', 'retainGraph', 'createGraph', 'allowUnused']);
  const { gradOutputs, createGraph = false, retainGraph = createGraph, allowUnused = false } = options;
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
  const gradients = outs.map((out, i) => ((handles[i] as number) < 0 ? null : adopt(out, handles[i] as number)));
  const unused = gradients.indexOf(null);
  if (unused >= 0 && !allowUnused) {
    for (const gradient of gradients) gradient?.dispose();
    throw new AutogradError(`[grad] no output depends on input ${unused}; allowUnused: true gives null for it`);
  }
  return gradients;
}
