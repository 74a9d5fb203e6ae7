// Values of JavaScript that processes tell each other.
import { noGrad, scope } from '../context';
import { ArgumentError, describe } from '../errors';
import { gatherFrom } from '../ops/collective';
import { tensor } from '../ops/create';
import { currentSize } from './group';

/**
 * `value` of all processes, in their order: numbers, strings, booleans, null, arrays and plain objects of these, as JSON has them. For
 * configurations, file names, figures; tensors go by `allGather`.
 *
 * @throws ArgumentError for a value that JSON does not have; DistributedError as `allReduce`.
 */
export async function allGatherObject<T>(value: T): Promise<T[]> {
  const text = JSON.stringify(value);
  if (text === undefined) throw new ArgumentError(`[allGatherObject] JSON has no ${describe(value)}`);
  const bytes = new TextEncoder().encode(text);
  const sizes = await rows(new Int32Array([bytes.length]), 'size of an object');
  const width = Math.max(...sizes.map(([size]) => size as number));
  const padded = new Uint8Array(width);
  padded.set(bytes);
  const all = await rows(padded, 'object');
  return all.map((row, i) => JSON.parse(new TextDecoder().decode(row.subarray(0, sizes[i]?.[0]))) as T);
}

async function rows<A extends Int32Array | Uint8Array>(own: A, name: string): Promise<A[]> {
  const gathered = scope(() => noGrad(() => gatherFrom(tensor(own), currentSize(), name)));
  const values = (await gathered.data()) as A;
  gathered.dispose();
  return Array.from(
    { length: values.length / own.length },
    (_, i) => values.subarray(i * own.length, (i + 1) * own.length) as A,
  );
}
