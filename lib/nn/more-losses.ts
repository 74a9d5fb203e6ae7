// The other losses as modules; the functions themselves are in ops/more-losses.
import type { LossOptions } from '../ops/loss';
import {
  cosineEmbedding,
  type GaussianNllOptions,
  gaussianNll,
  hingeEmbedding,
  type KlDivOptions,
  klDiv,
  type MarginOptions,
  type MultilabelSoftMarginOptions,
  type MultiMarginOptions,
  marginRanking,
  multilabelMargin,
  multilabelSoftMargin,
  multiMargin,
  type PoissonNllOptions,
  poissonNll,
  type SmoothL1Options,
  smoothL1,
  softMargin,
  type TripletDistanceOptions,
  type TripletMarginOptions,
  tripletMargin,
  tripletMarginWithDistance,
} from '../ops/more-losses';
import {
  type CosineSimilarityOptions,
  cosineSimilarity,
  type PairwiseDistanceOptions,
  pairwiseDistance,
} from '../ops/norm';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** See `smoothL1`. */
export class SmoothL1Loss extends Module {
  /** As given; see the function. */
  readonly options: SmoothL1Options;
  constructor(options: SmoothL1Options = {}) {
    super();
    checkOptions('SmoothL1Loss', options, ['reduction', 'beta']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return smoothL1(x, target, this.options);
  }
}

/** See `klDiv`. */
export class KLDivLoss extends Module {
  /** As given; see the function. */
  readonly options: KlDivOptions;
  constructor(options: KlDivOptions = {}) {
    super();
    checkOptions('KLDivLoss', options, ['reduction', 'logTarget']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return klDiv(x, target, this.options);
  }
}

/** See `poissonNll`. */
export class PoissonNLLLoss extends Module {
  /** As given; see the function. */
  readonly options: PoissonNllOptions;
  constructor(options: PoissonNllOptions = {}) {
    super();
    checkOptions('PoissonNLLLoss', options, ['reduction', 'logInput', 'full', 'eps']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return poissonNll(x, target, this.options);
  }
}

/** See `gaussianNll`. */
export class GaussianNLLLoss extends Module {
  /** As given; see the function. */
  readonly options: GaussianNllOptions;
  constructor(options: GaussianNllOptions = {}) {
    super();
    checkOptions('GaussianNLLLoss', options, ['reduction', 'full', 'eps']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor, variance: Tensor): Tensor {
    return gaussianNll(x, target, variance, this.options);
  }
}

/** See `hingeEmbedding`. */
export class HingeEmbeddingLoss extends Module {
  /** As given; see the function. */
  readonly options: MarginOptions;
  constructor(options: MarginOptions = {}) {
    super();
    checkOptions('HingeEmbeddingLoss', options, ['reduction', 'margin']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return hingeEmbedding(x, target, this.options);
  }
}

/** See `marginRanking`. */
export class MarginRankingLoss extends Module {
  /** As given; see the function. */
  readonly options: MarginOptions;
  constructor(options: MarginOptions = {}) {
    super();
    checkOptions('MarginRankingLoss', options, ['reduction', 'margin']);
    this.options = options;
  }
  forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return marginRanking(a, b, target, this.options);
  }
}

/** See `softMargin`. */
export class SoftMarginLoss extends Module {
  /** As given; see the function. */
  readonly options: LossOptions;
  constructor(options: LossOptions = {}) {
    super();
    checkOptions('SoftMarginLoss', options, ['reduction']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return softMargin(x, target, this.options);
  }
}

/** See `cosineEmbedding`. */
export class CosineEmbeddingLoss extends Module {
  /** As given; see the function. */
  readonly options: MarginOptions;
  constructor(options: MarginOptions = {}) {
    super();
    checkOptions('CosineEmbeddingLoss', options, ['reduction', 'margin']);
    this.options = options;
  }
  forward(a: Tensor, b: Tensor, target: Tensor): Tensor {
    return cosineEmbedding(a, b, target, this.options);
  }
}

/** See `tripletMargin`. */
export class TripletMarginLoss extends Module {
  /** As given; see the function. */
  readonly options: TripletMarginOptions;
  constructor(options: TripletMarginOptions = {}) {
    super();
    checkOptions('TripletMarginLoss', options, ['reduction', 'margin', 'p', 'eps', 'swap']);
    this.options = options;
  }
  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMargin(anchor, positive, negative, this.options);
  }
}

/** See `tripletMarginWithDistance`. */
export class TripletMarginWithDistanceLoss extends Module {
  /** As given; see the function. */
  readonly options: TripletDistanceOptions;
  constructor(options: TripletDistanceOptions = {}) {
    super();
    checkOptions('TripletMarginWithDistanceLoss', options, ['reduction', 'margin', 'distance', 'swap']);
    this.options = options;
  }
  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginWithDistance(anchor, positive, negative, this.options);
  }
}

/** See `multiMargin`. */
export class MultiMarginLoss extends Module {
  /** As given; see the function. */
  readonly options: MultiMarginOptions;
  constructor(options: MultiMarginOptions = {}) {
    super();
    checkOptions('MultiMarginLoss', options, ['reduction', 'margin', 'p', 'weight']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return multiMargin(x, target, this.options);
  }
}

/** See `multilabelMargin`. */
export class MultiLabelMarginLoss extends Module {
  /** As given; see the function. */
  readonly options: LossOptions;
  constructor(options: LossOptions = {}) {
    super();
    checkOptions('MultiLabelMarginLoss', options, ['reduction']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return multilabelMargin(x, target, this.options);
  }
}

/** See `multilabelSoftMargin`. */
export class MultiLabelSoftMarginLoss extends Module {
  /** As given; see the function. */
  readonly options: MultilabelSoftMarginOptions;
  constructor(options: MultilabelSoftMarginOptions = {}) {
    super();
    checkOptions('MultiLabelSoftMarginLoss', options, ['reduction', 'weight']);
    this.options = options;
  }
  forward(x: Tensor, target: Tensor): Tensor {
    return multilabelSoftMargin(x, target, this.options);
  }
}

/** See `cosineSimilarity`. */
export class CosineSimilarity extends Module {
  /** As given; see the function. */
  readonly options: CosineSimilarityOptions;
  constructor(options: CosineSimilarityOptions = {}) {
    super();
    checkOptions('CosineSimilarity', options, ['axis', 'eps']);
    this.options = options;
  }
  forward(a: Tensor, b: Tensor): Tensor {
    return cosineSimilarity(a, b, this.options);
  }
}

/** See `pairwiseDistance`. */
export class PairwiseDistance extends Module {
  /** As given; see the function. */
  readonly options: PairwiseDistanceOptions;
  constructor(options: PairwiseDistanceOptions = {}) {
    super();
    checkOptions('PairwiseDistance', options, ['p', 'eps', 'keepDims']);
    this.options = options;
  }
  forward(a: Tensor, b: Tensor): Tensor {
    return pairwiseDistance(a, b, this.options);
  }
}
