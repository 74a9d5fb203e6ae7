// Gradient clipping, between backward and step. Gradients are replaced and not written into: two parameters may share one
// (both operands of an addition do), and so may code that has read `grad`.
import { noGrad, scope } from '../context';
import { ArgumentError, describe } from '../errors';
import { zeros } from '../ops/create';
import { stack } from '../ops/shape';
import { checkOptions } from '../options';
import { Tensor } from '../tensor';

/**
 * Scales all gradients by `min(1, maxNorm / (norm + 1e-6))`, where `norm` is that of all gradients as one vector, and
 * returns the norm before scaling as a scalar tensor. Nothing is read back: clipping does not wait for the device.
 *
 * @param options.normType order of the norm, above 0; Infinity for the largest magnitude. Default 2.
 * @throws ArgumentError when maxNorm is negative or normType not above 0.
 */
export function clipGradNorm(
  parameters: Iterable<Tensor> | Tensor,
  maxNorm: number,
  options: { normType?: number } = {},
): Tensor {
  checkOptions('clipGradNorm', options, ['normType']);
  const { normType = 2 } = options;
  if (!(maxNorm >= 0)) throw new ArgumentError(`[clipGradNorm] expected maxNorm >= 0, received ${String(maxNorm)}`);
  if (!(normType > 0)) throw new ArgumentError(`[clipGradNorm] expected normType > 0, received ${String(normType)}`);
  return scope(() =>
    noGrad(() => {
      const held = withGradients(parameters);
      if (held.length === 0) return zeros([]);
      const norms = held.map(({ grad }) => norm(grad, normType));
      const total = norms.length === 1 ? (norms[0] as Tensor) : norm(stack(norms), normType);
      const factor = total.add(1e-6).pow(-1).mul(maxNorm).clamp(undefined, 1);
      for (const { parameter, grad } of held) parameter.grad = grad.mul(factor);
      return total;
    }),
  );
}

/**
 * Limits every element of every gradient to [-clipValue, clipValue].
 *
 * @throws ArgumentError when clipValue is negative.
 */
export function clipGradValue(parameters: Iterable<Tensor> | Tensor, clipValue: number): void {
  if (!(clipValue >= 0)) {
    throw new ArgumentError(`[clipGradValue] expected clipValue >= 0, received ${String(clipValue)}`);
  }
  scope(() =>
    noGrad(() => {
      for (const { parameter, grad } of withGradients(parameters)) parameter.grad = grad.clamp(-clipValue, clipValue);
    }),
  );
}

function withGradients(parameters: Iterable<Tensor> | Tensor): { parameter: Tensor; grad: Tensor }[] {
  const held: { parameter: Tensor; grad: Tensor }[] = [];
  for (const parameter of parameters instanceof Tensor ? [parameters] : parameters) {
    if (!(parameter instanceof Tensor)) {
      throw new ArgumentError(`[clipGrad] expected parameters, received ${describe(parameter)}`);
    }
    const { grad } = parameter;
    if (grad !== null) held.push({ parameter, grad });
  }
  return held;
}

function norm(x: Tensor, order: number): Tensor {
  if (order === Number.POSITIVE_INFINITY) return x.abs().max();
  if (order === 1) return x.abs().sum();
  if (order === 2) return x.square().sum().sqrt();
  return x
    .abs()
    .pow(order)
    .sum()
    .pow(1 / order);
}
