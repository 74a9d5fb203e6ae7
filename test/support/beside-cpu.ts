// What a GPU computes beside the CPU: the same bits, or as close as sums in another order come.
import { type Device, defaultDevice, grad, setDefaultDevice, type Tensor } from 'anneal';
import { floatingOf, makeCotangents, makeInputs, runSample, type Sample } from './samples';

/** The bits of a tensor's elements, as text. */
export const bitsOf = (x: Tensor): string => Buffer.from(x.dataSync().buffer).toString('hex');

/** Results and gradients of a sample with its inputs on a device. */
export function resultsOn(target: Device, sample: Sample): Tensor[] {
  const before = defaultDevice();
  setDefaultDevice(target);
  try {
    const inputs = makeInputs(sample);
    const outputs = runSample(sample, inputs);
    if (!sample.grad) return outputs;
    const sources = sample.grad.map((i) => inputs[i] as Tensor);
    const gradients = grad(floatingOf(outputs), sources, { gradOutputs: makeCotangents(outputs), allowUnused: true });
    return [...outputs, ...gradients].flatMap((result) => (result ? [result] : []));
  } finally {
    setDefaultDevice(before);
  }
}

/** Operators whose results are the CPU's to the bit in every dtype: they move, count, compare, or draw. */
const exact = new Set(
  `arange bernoulli cast clone concat copy dropout equal eq eye flip full gather ge gt le linspace logicalAnd logicalNot
   logicalOr logicalXor lt ne normal oneHot pad permute randint randperm reshape roll select slice split squeeze stack transpose uniform
   unsqueeze where assign argmax argmin indexSelect selectAdd scatterAdd max min toDevice`.split(/\s+/),
);
/** Sums, products and float64 functions: the order of additions, and the library's last bit, differ. */
const closeEnough: Record<string, number> = { float32: 2e-5, float64: 1e-12 };

/** How a result differs from that on the CPU by more than it may, in words. */
export function differs(a: Tensor, b: Tensor, op: string): string | undefined {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return 'another dtype or shape';
  if (bitsOf(a) === bitsOf(b)) return undefined;
  const numbers = (of: Tensor) => Array.from(of.dataSync() as ArrayLike<number | bigint>, Number);
  const [x, y] = [numbers(a), numbers(b)];
  const allowed = closeEnough[a.dtype];
  if (allowed === undefined || exact.has(op)) return `${a.dtype} differs: ${x[0]} and ${y[0]}`;
  const size = Math.max(1, ...y.map((v) => (Number.isFinite(v) ? Math.abs(v) : 0)));
  for (const [i, p] of x.entries()) {
    const q = y[i] as number;
    if (p === q || (Number.isNaN(p) && Number.isNaN(q))) continue;
    if (!(Math.abs(p - q) <= allowed * size)) return `element ${i} is ${p} and on the CPU ${q}`;
  }
  return undefined;
}
