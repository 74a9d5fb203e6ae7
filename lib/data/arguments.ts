// The checks of arguments that data's classes share. Messages: "[Owner] expected NAME to be RULE but received VALUE".
import { inspect } from 'node:util';
import { ArgumentError, IndexError } from '../errors';

export function checkArgument(valid: boolean, owner: string, name: string, rule: string, received: unknown): void {
  if (valid) return;
  const value = inspect(received, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 8,
    maxStringLength: 60,
  });
  throw new ArgumentError(`[${owner}] expected ${name} to be ${rule} but received ${value}`);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function checkSeed(owner: string, seed: unknown): void {
  checkArgument(seed === undefined || isCount(seed), owner, 'seed', 'a non-negative safe integer', seed);
}

export function checkIndices(owner: string, indices: ArrayLike<number>, length: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    if (isCount(index) && index < length) continue;
    throw new IndexError(`[${owner}] expected sample indices to be from 0 to ${length - 1} but received ${index}`);
  }
}
