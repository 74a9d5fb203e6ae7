// The bits of every operator and of its gradients depend on the values of its inputs, not on where they lie in memory: a compiled
// function lays its arguments out densely, and is to give the bits of eager code.
// The one exception: a row times a matrix adds along the matrix' rows or down its columns, whichever are contiguous. The other way would
// take several times as long, for the matrix is read once. On a GPU that goes for all products.
import { noGrad, type Tensor } from 'anneal';
import { checkAll } from './support/check';
import { onGpu } from './support/gpu';
import { gradSample, makeInputs, runSample, type Sample, samplesByOperator } from './support/samples';

/** The same values with all strides in reverse. */
function reversed(x: Tensor): Tensor {
  const order = x.shape.map((_, axis) => x.rank - 1 - axis);
  return noGrad(() => x.permute(order).clone().permute(order));
}

function results(sample: Sample, lay: (x: Tensor) => Tensor): Buffer[] {
  const inputs = makeInputs(sample).map((x) => {
    const laid = noGrad(() => lay(x)).detach();
    laid.requiresGrad = x.requiresGrad;
    return laid;
  });
  const outputs = runSample(sample, inputs);
  const all = sample.grad ? [...outputs, ...gradSample(sample, inputs, outputs)] : outputs;
  return all.map((tensor) => {
    const { buffer, byteOffset, byteLength } = tensor.dataSync();
    return Buffer.from(buffer, byteOffset, byteLength);
  });
}

describe('layouts', () => {
  for (const [op, list] of samplesByOperator) {
    // What is written in place keeps its memory.
    const samples = list.filter(
      ({ inPlace, inputs }) =>
        !inPlace &&
        inputs.some(({ shape }) => shape.length > 1) &&
        !(op === 'matmul' && (onGpu || inputs[0]?.shape.length === 1)),
    );
    if (samples.length === 0) continue;
    it(`${op} gives the same bits for each`, () => {
      checkAll(samples, (sample) => {
        const dense = results(sample, (x) => x.clone());
        const other = results(sample, reversed);
        const at = dense.findIndex((bytes, i) => !bytes.equals(other[i] as Buffer));
        return at < 0 ? undefined : `result ${at} has other bits`;
      });
    });
  }
});
