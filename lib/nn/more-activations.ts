// The other activation functions as modules, for Sequential.
import { ArgumentError } from '../errors';
import { full } from '../ops/create';
import type { Generator } from '../ops/random';
import { checkOptions } from '../options';
import type { DType, Tensor } from '../tensor';
import { Module } from './module';
import { Parameter } from './parameter';

/** `min(max(x, 0), 6)`. */
export class ReLU6 extends Module {
  forward(x: Tensor): Tensor {
    return x.relu6();
  }
}

/** `min(max(x, low), high)`. */
export class Hardtanh extends Module {
  /** Least result. */
  readonly low: number;
  /** Largest result. */
  readonly high: number;
  constructor(options: { low?: number; high?: number } = {}) {
    super();
    checkOptions('Hardtanh', options, ['low', 'high']);
    const { low = -1, high = 1 } = options;
    this.low = low;
    this.high = high;
  }
  forward(x: Tensor): Tensor {
    return x.hardtanh(this.low, this.high);
  }
}

/** `min(max(x + 3, 0), 6) / 6`. */
export class Hardsigmoid extends Module {
  forward(x: Tensor): Tensor {
    return x.hardsigmoid();
  }
}

/** `x * hardsigmoid(x)`. (Howard et al. 2019) */
export class Hardswish extends Module {
  forward(x: Tensor): Tensor {
    return x.hardswish();
  }
}

/** `scale * (x > 0 ? x : alpha * (exp(x) - 1))`, with the constants of Klambauer et al. 2017. */
export class SELU extends Module {
  forward(x: Tensor): Tensor {
    return x.selu();
  }
}

/** `x > 0 ? x : alpha * (exp(x / alpha) - 1)`. */
export class CELU extends Module {
  /** Minus the limit far below 0. */
  readonly alpha: number;
  constructor(options: { alpha?: number } = {}) {
    super();
    checkOptions('CELU', options, ['alpha']);
    const { alpha = 1 } = options;
    this.alpha = alpha;
  }
  forward(x: Tensor): Tensor {
    return x.celu(this.alpha);
  }
}

/** `log(sigmoid(x))`. */
export class LogSigmoid extends Module {
  forward(x: Tensor): Tensor {
    return x.logSigmoid();
  }
}

/** `x * tanh(log(1 + exp(x)))`. (Misra 2019) */
export class Mish extends Module {
  forward(x: Tensor): Tensor {
    return x.mish();
  }
}

/** `x` moved by `lambda` towards 0. */
export class Softshrink extends Module {
  /** How far. */
  readonly lambda: number;
  constructor(options: { lambda?: number } = {}) {
    super();
    checkOptions('Softshrink', options, ['lambda']);
    const { lambda = 0.5 } = options;
    this.lambda = lambda;
  }
  forward(x: Tensor): Tensor {
    return x.softshrink(this.lambda);
  }
}

/** `x`, and 0 from `-lambda` to `lambda`. */
export class Hardshrink extends Module {
  /** Ends of what becomes 0. */
  readonly lambda: number;
  constructor(options: { lambda?: number } = {}) {
    super();
    checkOptions('Hardshrink', options, ['lambda']);
    const { lambda = 0.5 } = options;
    this.lambda = lambda;
  }
  forward(x: Tensor): Tensor {
    return x.hardshrink(this.lambda);
  }
}

/** `x - tanh(x)`. */
export class Tanhshrink extends Module {
  forward(x: Tensor): Tensor {
    return x.tanhshrink();
  }
}

/** `x` where it is above `bound`, else `value`. */
export class Threshold extends Module {
  /** What x has to be above. */
  readonly bound: number;
  /** What stands for the rest. */
  readonly value: number;
  constructor(bound: number, value: number) {
    super();
    this.bound = bound;
    this.value = value;
  }
  forward(x: Tensor): Tensor {
    return x.threshold(this.bound, this.value);
  }
}

/**
 * `x > 0 ? x : weight * x`, with a slope that is learned: one for all, or one for each of `numParameters` channels. (He et al. 2015)
 *
 * @throws ArgumentError unless the number is a positive integer.
 */
export class PReLU extends Module {
  /** The slopes, `[numParameters]`; 0.25 at first. */
  weight: Parameter;
  constructor(options: { numParameters?: number; init?: number; dtype?: DType } = {}) {
    super();
    checkOptions('PReLU', options, ['numParameters', 'init', 'dtype']);
    const { numParameters = 1, init = 0.25, dtype } = options;
    if (!Number.isSafeInteger(numParameters) || numParameters < 1) {
      throw new ArgumentError(
        `[PReLU] expected a positive integer for numParameters, received ${String(numParameters)}`,
      );
    }
    this.weight = new Parameter(full([numParameters], init, { dtype }));
  }
  forward(x: Tensor): Tensor {
    return x.prelu(this.weight);
  }
}

/** A leaky ReLU with random slopes from `lower` to `upper` while training, and with their mean otherwise. */
export class RReLU extends Module {
  /** Least slope. */
  readonly lower: number;
  /** Largest slope. */
  readonly upper: number;
  readonly #generator: Generator | undefined;
  constructor(options: { lower?: number; upper?: number; generator?: Generator } = {}) {
    super();
    checkOptions('RReLU', options, ['lower', 'upper', 'generator']);
    const { lower = 1 / 8, upper = 1 / 3, generator } = options;
    this.lower = lower;
    this.upper = upper;
    this.#generator = generator;
  }
  forward(x: Tensor): Tensor {
    const { lower, upper, training } = this;
    return x.rrelu({ lower, upper, training, generator: this.#generator });
  }
}

/** The first half along `axis` times the sigmoid of the second. (Dauphin et al. 2017) */
export class GLU extends Module {
  /** Axis that it works along. */
  readonly axis: number;
  constructor(options: { axis?: number } = {}) {
    super();
    checkOptions('GLU', options, ['axis']);
    const { axis = -1 } = options;
    this.axis = axis;
  }
  forward(x: Tensor): Tensor {
    return x.glu(this.axis);
  }
}

/** `exp(-x) / sum(exp(-x))` along `axis`, the last one by default. */
export class Softmin extends Module {
  /** Axis that it works along. */
  readonly axis: number;
  constructor(options: { axis?: number } = {}) {
    super();
    checkOptions('Softmin', options, ['axis']);
    const { axis = -1 } = options;
    this.axis = axis;
  }
  forward(x: Tensor): Tensor {
    return x.softmin(this.axis);
  }
}

/** Softmax over the channels of `[batch, channels, height, width]`. */
export class Softmax2d extends Module {
  forward(x: Tensor): Tensor {
    return x.softmax(-3);
  }
}
