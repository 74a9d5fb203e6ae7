// A tensor that a module learns: found by walking the module's fields, updated in place by an optimizer.
import { noGrad } from '../context';
import { checkOptions } from '../options';
import { aliasInto, Tensor } from '../tensor';

/** Options of a {@link Parameter}. */
export interface ParameterOptions {
  /** Whether `backward` fills `grad`; false freezes the parameter. Default true. */
  requiresGrad?: boolean;
}

/**
 * A learnable tensor. It shares the storage of `data` where that is dense, and is a leaf of its own: the history of `data`
 * is cut off.
 *
 * ```ts
 * class Scale extends nn.Module {
 *   factor = new nn.Parameter(ones([1]));
 *   forward(x: Tensor) { return x.mul(this.factor); }
 * }
 * ```
 *
 * @throws DTypeError when `requiresGrad` and `data` is not of a floating-point dtype.
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, options: ParameterOptions = {}) {
    super();
    checkOptions('Parameter', options, ['requiresGrad']);
    // Optimizers update parameters in place and need them dense.
    aliasInto(
      this,
      noGrad(() => data.contiguous()),
    );
    this.requiresGrad = options.requiresGrad ?? true;
  }
}
