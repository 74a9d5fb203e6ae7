// Random orders of samples, drawn by the engine's generator, so that a seed means the same everywhere.
import { Generator, randperm, uniform } from '../ops/random';
import type { Tensor, TypedArray } from '../tensor';

/** The numbers 0 ... length - 1 in random order, int64; without a seed, the default generator decides. */
export function randomOrder(length: number, seed?: number | bigint): Tensor {
  return seed === undefined ? randperm(length) : randperm(length, { generator: new Generator(seed) });
}

/** As {@link randomOrder}, read. */
export function permutation(length: number, seed?: number | bigint): Promise<TypedArray> {
  return readAll(randomOrder(length, seed));
}

/** The values of an order, which is then disposed. */
export async function readAll(order: Tensor): Promise<TypedArray> {
  try {
    return await order.data();
  } finally {
    order.dispose();
  }
}

/** A seed drawn from the default generator, which `manualSeed` sets. Below 2^48: a safe integer, so that JSON keeps it. */
export async function drawSeed(): Promise<number> {
  const draw = uniform([2]);
  try {
    const [high = 0, low = 0] = Array.from(await draw.data(), Number);
    return Math.floor(high * 2 ** 24) * 2 ** 24 + Math.floor(low * 2 ** 24);
  } finally {
    draw.dispose();
  }
}

/**
 * The seed of one epoch. Mixed, since `seed + epoch` would give two runs with neighbouring seeds the same orders.
 * Source: SplitMix64's output function (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
 */
export function epochSeed(seed: number, epoch: number): bigint {
  return mix(mix(BigInt(seed)) + BigInt(epoch));
}

function mix(value: bigint): bigint {
  const wrap = (x: bigint) => BigInt.asUintN(64, x);
  let z = wrap(value + 0x9e3779b97f4a7c15n);
  z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
