// Activation functions as modules, for Sequential.

import type { GeluApproximation } from '../ops/activation';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** `max(x, 0)`. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** `x > 0 ? x : negativeSlope * x`. */
export class LeakyReLU extends Module {
  /** Slope below 0. */
  readonly negativeSlope: number;
  constructor(options: { negativeSlope?: number } = {}) {
    super();
    checkOptions('LeakyReLU', options, ['negativeSlope']);
    const { negativeSlope = 0.01 } = options;
    this.negativeSlope = negativeSlope;
  }
  forward(x: Tensor): Tensor {
    return x.leakyRelu(this.negativeSlope);
  }
}

/** `x > 0 ? x : alpha * (exp(x) - 1)`. */
export class ELU extends Module {
  /** Minus the limit far below 0. */
  readonly alpha: number;
  constructor(options: { alpha?: number } = {}) {
    super();
    checkOptions('ELU', options, ['alpha']);
    const { alpha = 1 } = options;
    this.alpha = alpha;
  }
  forward(x: Tensor): Tensor {
    return x.elu(this.alpha);
  }
}

/** `1 / (1 + exp(-x))`. */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** `x * Phi(x)`, Phi the normal distribution function; `approximate: 'tanh'` uses the tanh form of Hendrycks & Gimpel. */
export class GELU extends Module {
  /** none for the exact form, or tanh. */
  readonly approximate: GeluApproximation;
  constructor(options: { approximate?: GeluApproximation } = {}) {
    super();
    checkOptions('GELU', options, ['approximate']);
    const { approximate = 'none' } = options;
    this.approximate = approximate;
  }
  forward(x: Tensor): Tensor {
    return x.gelu(this.approximate);
  }
}

/** `x * sigmoid(x)`, also called swish. */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return x.silu();
  }
}

/** `log(1 + exp(beta x)) / beta`, and x itself where `beta x > threshold`. */
export class Softplus extends Module {
  /** Steepness of the bend. */
  readonly beta: number;
  /** Where `beta x` is above it, the result is x. */
  readonly threshold: number;
  constructor(options: { beta?: number; threshold?: number } = {}) {
    super();
    checkOptions('Softplus', options, ['beta', 'threshold']);
    const { beta = 1, threshold = 20 } = options;
    this.beta = beta;
    this.threshold = threshold;
  }
  forward(x: Tensor): Tensor {
    return x.softplus(this.beta, this.threshold);
  }
}

/** `x / (1 + |x|)`. */
export class Softsign extends Module {
  forward(x: Tensor): Tensor {
    return x.softsign();
  }
}

/** `exp(x) / sum(exp(x))` along `axis`, the last one by default. */
export class Softmax extends Module {
  /** Axis along which the results add up to 1. */
  readonly axis: number;
  constructor(options: { axis?: number } = {}) {
    super();
    checkOptions('Softmax', options, ['axis']);
    const { axis = -1 } = options;
    this.axis = axis;
  }
  forward(x: Tensor): Tensor {
    return x.softmax(this.axis);
  }
}

/** `x - log(sum(exp(x)))` along `axis`, the last one by default. */
export class LogSoftmax extends Module {
  /** Axis along which the exponentials of the results add up to 1. */
  readonly axis: number;
  constructor(options: { axis?: number } = {}) {
    super();
    checkOptions('LogSoftmax', options, ['axis']);
    const { axis = -1 } = options;
    this.axis = axis;
  }
  forward(x: Tensor): Tensor {
    return x.logSoftmax(this.axis);
  }
}
