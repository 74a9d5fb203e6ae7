// Prints a digest of the results and gradients of all samples, computed on the default device.
import { createHash } from 'node:crypto';
import { gradSample, makeInputs, runSample, samples } from '../support/samples';

const hash = createHash('sha256');
for (const sample of samples) {
  const inputs = makeInputs(sample);
  const outputs = runSample(sample, inputs);
  const gradients = sample.grad ? gradSample(sample, inputs, outputs) : [];
  for (const result of [...outputs, ...gradients]) {
    hash.update(`${sample.key} ${result.shape}`);
    hash.update(Buffer.from(result.dataSync().buffer));
  }
}
console.log(hash.digest('hex'));
