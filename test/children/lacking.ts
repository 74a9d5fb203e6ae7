// Tests that fail as those of operators without kernels for GPUs do; for test/cuda-missing.test.ts.
import { DeviceError } from 'anneal';
import { withoutKernels } from '../support/gpu';

const error = (family: string) =>
  new DeviceError(
    `[some] is not implemented on cuda:0: it has no kernels of '${family}'; compute this with .to('cpu')`,
  );

for (const family of withoutKernels) {
  it(`throws ${family}`, () => {
    throw error(family);
  });
  it(`rejects with ${family}`, async () => {
    throw error(family);
  });
}
it('throws nothing known', () => {
  throw error('pointwise');
});
it('throws another error', () => {
  throw new Error('another');
});
