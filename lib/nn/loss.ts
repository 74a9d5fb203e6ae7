// Losses as modules; the functions themselves are in ops/loss and are exported here under the names PyTorch gives them.

import {
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type CrossEntropyOptions,
  crossEntropy,
  type HuberOptions,
  huber,
  type LossOptions,
  l1,
  mse,
  type NllOptions,
  nll,
} from '../ops/loss';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { Module } from './module';

export {
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  type CrossEntropyOptions,
  crossEntropy,
  type HuberOptions,
  huber as huberLoss,
  type LossOptions,
  l1 as l1Loss,
  mse as mseLoss,
  type NllOptions,
  nll as nllLoss,
};

/** Cross-entropy of logits `[batch, classes]` with class indices `[batch]` or class probabilities; see `crossEntropy`. */
export class CrossEntropyLoss extends Module {
  /** As given; see the function. */
  readonly options: CrossEntropyOptions;
  constructor(options: CrossEntropyOptions = {}) {
    super();
    checkOptions('CrossEntropyLoss', options, ['weight', 'reduction', 'ignoreIndex', 'labelSmoothing']);
    this.options = options;
  }
  forward(logits: Tensor, target: Tensor): Tensor {
    return crossEntropy(logits, target, this.options);
  }
}

/** Negative log-likelihood of log-probabilities `[batch, classes]` with class indices `[batch]`; see `nllLoss`. */
export class NLLLoss extends Module {
  /** As given; see the function. */
  readonly options: NllOptions;
  constructor(options: NllOptions = {}) {
    super();
    checkOptions('NLLLoss', options, ['weight', 'reduction', 'ignoreIndex']);
    this.options = options;
  }
  forward(logProbabilities: Tensor, target: Tensor): Tensor {
    return nll(logProbabilities, target, this.options);
  }
}

/** `(x - target)^2`, reduced; see `mseLoss`. */
export class MSELoss extends Module {
  /** As given; see the function. */
  readonly options: LossOptions;
  constructor(options: LossOptions = {}) {
    super();
    checkOptions('MSELoss', options, ['reduction']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return mse(x, target, this.options);
  }
}

/** `|x - target|`, reduced; see `l1Loss`. */
export class L1Loss extends Module {
  /** As given; see the function. */
  readonly options: LossOptions;
  constructor(options: LossOptions = {}) {
    super();
    checkOptions('L1Loss', options, ['reduction']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return l1(x, target, this.options);
  }
}

/** Quadratic near zero and linear beyond `delta`, reduced; see `huberLoss`. */
export class HuberLoss extends Module {
  /** As given; see the function. */
  readonly options: HuberOptions;
  constructor(options: HuberOptions = {}) {
    super();
    checkOptions('HuberLoss', options, ['reduction', 'delta']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return huber(x, target, this.options);
  }
}

/** Binary cross-entropy of probabilities; see `binaryCrossEntropy`. */
export class BCELoss extends Module {
  /** As given; see the function. */
  readonly options: BinaryCrossEntropyOptions;
  constructor(options: BinaryCrossEntropyOptions = {}) {
    super();
    checkOptions('BCELoss', options, ['weight', 'reduction']);
    this.options = options;
  }
  forward(probabilities: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(probabilities, target, this.options);
  }
}

/** Binary cross-entropy of logits, in the stable form; see `binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends Module {
  /** As given; see the function. */
  readonly options: BinaryCrossEntropyWithLogitsOptions;
  constructor(options: BinaryCrossEntropyWithLogitsOptions = {}) {
    super();
    checkOptions('BCEWithLogitsLoss', options, ['weight', 'posWeight', 'reduction']);
    this.options = options;
  }
  forward(logits: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(logits, target, this.options);
  }
}
