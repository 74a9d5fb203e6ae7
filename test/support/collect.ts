// Garbage collection on request, to see what only the collector gives back.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memory } from 'anneal';

// V8 gives `gc` only to contexts made after the flag is set.
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects, and lets finalizers run. What they free in the engine may hold other objects, so it takes some rounds. */
export async function collect(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
    // The engine lets a dead handle live for some more calls.
    for (let calls = 0; calls < 64; calls++) memory();
  }
}

/** Tensors that are still held after a collection. */
export async function liveTensors(): Promise<number> {
  await collect();
  return memory().liveTensors;
}
