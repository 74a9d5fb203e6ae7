// The divergence of two distributions.
import { ArgumentError, describe } from '../errors';
import { where } from '../ops/pointwise';
import type { Tensor } from '../tensor';
import { Exponential, Laplace, LogNormal, Normal, Uniform } from './continuous';
import { Bernoulli, Categorical, Geometric } from './discrete';
import { Distribution } from './distribution';
import { Independent } from './independent';

type Rule<D> = [Kind: abstract new (...args: never[]) => D, divergence: (p: D, q: D) => Tensor];

const rule = <D extends Distribution>(...args: Rule<D>) => args as unknown as Rule<Distribution>;

function ofNormals(p: Normal | LogNormal, q: Normal | LogNormal): Tensor {
  const ratio = p.scale.div(q.scale).square();
  const distance = p.loc.sub(q.loc).div(q.scale).square();
  return ratio.add(distance).sub(1).sub(ratio.log()).mul(0.5);
}

/** Where `logProb` is linear in the value, its mean is that of the mean value. */
function atTheMean(p: Distribution, q: Distribution): Tensor {
  return q.logProb(p.mean).neg().sub(p.entropy());
}

const rules: readonly Rule<Distribution>[] = [
  rule(Normal, ofNormals),
  rule(LogNormal, ofNormals),
  rule(Bernoulli, atTheMean),
  rule(Geometric, atTheMean),
  rule(Categorical, (p, q) => p.probs.mul(p.logits.sub(q.logits)).sum(-1)),
  rule(Exponential, (p, q) => {
    const ratio = q.rate.div(p.rate);
    return ratio.sub(1).sub(ratio.log());
  }),
  rule(Laplace, (p, q) => {
    const distance = p.loc.sub(q.loc).abs();
    const ratio = p.scale.div(q.scale);
    return distance
      .div(q.scale)
      .add(ratio.mul(distance.div(p.scale).neg().exp()))
      .sub(ratio.log())
      .sub(1);
  }),
  rule(Uniform, (p, q) => {
    const inside = q.low.le(p.low).logicalAnd(p.high.le(q.high));
    return where(inside, q.entropy().sub(p.entropy()), Number.POSITIVE_INFINITY);
  }),
  rule(Independent, (p, q) => {
    if (p.dimensions !== q.dimensions) {
      throw new ArgumentError(
        `[klDivergence] draws have ${p.dimensions} and ${q.dimensions} dimensions of their batches`,
      );
    }
    return p.sum(klDivergence(p.base, q.base));
  }),
];

/**
 * The divergence of Kullback and Leibler of p from q, in nats: the mean of `log p(x) - log q(x)` over draws x of p, in closed form. Both are of one
 * kind: Normal, LogNormal, Laplace, Uniform, Exponential, Bernoulli, Geometric, Categorical, or Independent of those.
 *
 * @throws ArgumentError for other distributions, and two of different kinds.
 */
export function klDivergence(p: Distribution, q: Distribution): Tensor {
  for (const [name, distribution] of Object.entries({ p, q })) {
    if (!(distribution instanceof Distribution)) {
      throw new ArgumentError(
        `[klDivergence] expected a distribution for '${name}', received ${describe(distribution)}`,
      );
    }
  }
  const found = rules.find(([Kind]) => p instanceof Kind && q instanceof Kind);
  if (found === undefined) {
    throw new ArgumentError(
      `[klDivergence] there is no closed form here for ${p.kind} and ${q.kind}: average logProb over draws`,
    );
  }
  return found[1](p, q);
}
