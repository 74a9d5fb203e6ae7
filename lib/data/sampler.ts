// Which samples of an epoch a loader hands out.
import type { Tensor } from '../tensor';

/** Chooses samples from the order of an epoch. */
export interface Sampler {
  /** How many of `length` samples an epoch has. */
  count(length: number): number;
  /** Of `order`, int64 indices of samples, those that are handed out, in their order. */
  share(order: Tensor): Tensor;
}
