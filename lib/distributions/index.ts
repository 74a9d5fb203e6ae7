// distributions: probability distributions with parameters that can be learned.
export { Cauchy, Exponential, Gumbel, Laplace, LogNormal, Normal, Uniform } from './continuous';
export { Bernoulli, Categorical, type CategoricalOptions, Geometric, type SuccessOptions } from './discrete';
export { Distribution, type SampleOptions } from './distribution';
export { klDivergence } from './divergence';
export { Independent } from './independent';
