// Every operator of the table on its samples, and their gradients, inside a compiled function: the bits of eager code.
import { compile, type Tensor } from 'anneal';
import { checkAll } from './support/check';
import { onGpu } from './support/gpu';
import { gradSample, makeInputs, runSample, type Sample, samplesByOperator } from './support/samples';

function results(sample: Sample, inputs: (Tensor | null)[]): Tensor[] {
  const outputs = runSample(sample, inputs as never);
  return sample.grad ? [...outputs, ...gradSample(sample, inputs as never, outputs)] : outputs;
}

function bytes(tensor: Tensor): Buffer {
  const { buffer, byteOffset, byteLength } = tensor.dataSync();
  return Buffer.from(buffer, byteOffset, byteLength);
}

describe('compiled operators', () => {
  for (const [op, list] of samplesByOperator) {
    // Compiled functions move nothing between devices, and the samples move to the CPU.
    if (op === 'toDevice' && onGpu) continue;
    it(op, () => {
      checkAll(list, (sample) => {
        // Anew for each: some operators write into their inputs.
        const eager = results(sample, makeInputs(sample));
        const inputs = makeInputs(sample);
        const compiled = compile(() => results(sample, inputs))();
        for (const [i, expected] of eager.entries()) {
          const actual = compiled[i];
          if (`${actual.shape}` !== `${expected.shape}` || actual.dtype !== expected.dtype) {
            return `result ${i} is ${actual.dtype} [${actual.shape}], not ${expected.dtype} [${expected.shape}]`;
          }
          if (!bytes(actual).equals(bytes(expected))) return `result ${i}: ${actual} is not ${expected}`;
        }
        return undefined;
      });
    });
  }
});
