// Functions with a gradient of their own, written in TypeScript.
import { isGradEnabled, noGrad } from './context';
import type { Device } from './device';
import { type DType, isFloating } from './dtype';
import { ArgumentError, describe, ShapeError } from './errors';
import { zeros } from './ops/create';
import { add, sub } from './ops/pointwise';
import { sum } from './ops/reduce';
import { cast, reshape, slice } from './ops/shape';
import { formatShape, handleOf, isTensor, type Tensor } from './tensor';

/** What a function given to {@link customGradient} returns. */
export interface WithGradient<Value extends Tensor | readonly Tensor[]> {
  /** The result, or results. */
  value: Value;
  /**
   * From the gradients of the results those of the inputs, one for each in an array, or alone for a single one; null where there is
   * none. A result that nothing depends on has zeros.
   */
  gradient(...gradients: Tensor[]): Tensor | readonly (Tensor | null)[];
}

/**
 * Makes a function whose gradient is what you say it is, in place of that of the operators it is made of:
 *
 * ```ts
 * // Rounds, and lets the gradient through as if it had not.
 * const roundThrough = customGradient((x: Tensor) => ({ value: x.round(), gradient: (dout) => dout }));
 * ```
 *
 * `fn` runs without recording. `gradient` is recorded in a backward with `createGraph`, and can so be differentiated again: compute
 * it from the inputs and the gradients that it is given, not from tensors that were made inside `fn`.
 *
 * @throws ArgumentError, and as operators do, when the function is called. A gradient of another shape than its input throws ShapeError
 * in backward.
 */
export function customGradient<Inputs extends Tensor[], Value extends Tensor | readonly Tensor[]>(
  fn: (...inputs: Inputs) => WithGradient<Value>,
): (...inputs: Inputs) => Value {
  if (typeof fn !== 'function') {
    throw new ArgumentError(`[customGradient] expected a function, received ${describe(fn)}`);
  }
  return (...inputs) => {
    for (const [i, x] of inputs.entries()) handleOf('customGradient', `inputs[${i}]`, x);
    const found: WithGradient<Value> = noGrad(() => fn(...inputs));
    if (typeof found?.gradient !== 'function' || !(isTensor(found.value) || Array.isArray(found.value))) {
      throw new ArgumentError('[customGradient] expected the function to return { value, gradient }');
    }
    const { value, gradient } = found;
    const outputs = linked(inputs, isTensor(value) ? [value] : (value as readonly Tensor[]), gradient);
    return (isTensor(value) ? outputs[0] : outputs) as Value;
  };
}

type GradientFunction = WithGradient<Tensor>['gradient'];

/**
 * The values, as results of the inputs: backward goes from each value to a number that is 0, and from there to a view of each input,
 * where a hook puts what `gradient` says in the place of what arrives.
 */
export function linked(inputs: readonly Tensor[], values: readonly Tensor[], gradient: GradientFunction): Tensor[] {
  for (const [i, value] of values.entries()) handleOf('customGradient', `value[${i}]`, value);
  const wants = isGradEnabled() ? inputs.map((x) => x.requiresGrad) : [];
  if (!wants.includes(true))
    return values.map((value) => (inputs.includes(value) ? reshape(value, value.shape) : value));
  const pass = new Pass(inputs.map(specOf), values.map(specOf), gradient);
  let link: Tensor | undefined;
  for (const [i, x] of inputs.entries()) {
    if (!wants[i]) continue;
    const view = reshape(x, x.shape);
    view.registerHook(hookOf(pass, i));
    const none = sum(slice(reshape(view, [x.size]), 0, 0, 0));
    link = link ? add(link, cast(none, link.dtype)) : none;
  }
  return values.map((value, j) => {
    if (!isFloating(value.dtype)) return value;
    // Less 0, which keeps -0 as it is.
    const output = sub(value.detach(), cast(link as Tensor, value.dtype));
    output.registerHook((dout) => pass.arrived(j, dout));
    return output;
  });
}

// Apart, so that the hook holds the pass alone.
const hookOf = (pass: Pass, i: number) => (): Tensor => pass.gradientOf(i);

/** What zeros in the place of a gradient are like. */
interface Spec {
  shape: number[];
  dtype: DType;
  device: Device;
}

const specOf = ({ shape, dtype, device }: Tensor): Spec => ({ shape, dtype, device });
const zerosOf = ({ shape, ...options }: Spec): Tensor => zeros(shape, options);

/** One application of a function, and the gradients of one backward through it. */
class Pass {
  readonly #inputs: readonly Spec[];
  readonly #values: readonly Spec[];
  readonly #gradient: GradientFunction;
  #arrived: (Tensor | undefined)[] = [];
  #gradients: readonly (Tensor | null)[] | undefined;

  constructor(inputs: readonly Spec[], values: readonly Spec[], gradient: GradientFunction) {
    this.#inputs = inputs;
    this.#values = values;
    this.#gradient = gradient;
  }

  /** The gradient of a result; those of all results come before one is asked for. */
  arrived(j: number, dout: Tensor): undefined {
    if (this.#gradients) [this.#arrived, this.#gradients] = [[], undefined]; // of the backward before
    this.#arrived[j] = dout;
  }

  gradientOf(i: number): Tensor {
    this.#gradients ??= this.#compute();
    return this.#gradients[i] ?? zerosOf(this.#inputs[i] as Spec);
  }

  #compute(): readonly (Tensor | null)[] {
    const result = this.#gradient(...this.#values.map((spec, j) => this.#arrived[j] ?? zerosOf(spec)));
    const list = isTensor(result) ? [result] : result;
    if (!Array.isArray(list) || list.length !== this.#inputs.length) {
      const received = Array.isArray(list) ? `${list.length}` : describe(list);
      throw new ArgumentError(`[customGradient] expected ${this.#inputs.length} gradients, received ${received}`);
    }
    for (const [i, found] of list.entries()) {
      if (found === null) continue;
      handleOf('customGradient', `gradient[${i}]`, found);
      const { shape } = this.#inputs[i] as Spec;
      if (String(found.shape) !== String(shape)) {
        throw new ShapeError(
          `[customGradient] gradient ${i} is ${formatShape(found.shape)}, its input ${formatShape(shape)}`,
        );
      }
    }
    return list;
  }
}
