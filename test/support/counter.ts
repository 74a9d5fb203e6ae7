// Numbers that tests and the scripts in fixtures (counter.py) both make, so that none has to be stored.

/** `count` numbers in [0, 1): the 32-bit finalizer of MurmurHash3 over a counter. */
export function counterUniform(seed: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i, 0x9e3779b1) + Math.imul(seed, 0x85ebca77)) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
  });
}

/** In [low, high). */
export function counterValues(seed: number, count: number, low: number, high: number): Float64Array {
  return counterUniform(seed, count).map((u) => low + (high - low) * u);
}
