// What a GPU can compute of what the CPU can: every family but those that the guide names, every operator in every dtype.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cudaInfo, type DType } from 'anneal';
import { differs, resultsOn } from './support/beside-cpu';
import { checkAll } from './support/check';
import { gpu, hasGpu, isKnownToLack, withoutKernels } from './support/gpu';
import { type Sample, samplesByOperator } from './support/samples';

const dtypes: DType[] = ['bool', 'uint8', 'int32', 'int64', 'float32', 'float64'];

/** A sample with its inputs in another dtype: those that have the dtype of the first. */
function inDtype(sample: Sample, dtype: DType): Sample {
  const [first] = sample.inputs;
  const inputs = sample.inputs.map((spec) => (spec.dtype === first?.dtype ? { ...spec, dtype } : spec));
  return { ...sample, inputs, grad: undefined, note: `in ${dtype}` };
}

/** What comes of a sample: its results, or what it fails with. */
function outcomeOn(target: typeof gpu | 'cpu', sample: Sample) {
  try {
    return { results: resultsOn(target, sample) };
  } catch (error) {
    if (isKnownToLack(error)) throw error;
    return { error: `${(error as Error).name}: ${(error as Error).message}` };
  }
}

(hasGpu ? describe : describe.skip)('kernels for GPUs', () => {
  it('are there of every family but those that docs/cuda.md names', () => {
    const missing = cudaInfo().missing.toSorted();
    assert.deepEqual(withoutKernels.toSorted(), missing, 'the table "What has no kernels" in docs/cuda.md');
  });

  it('are there for every operator in every dtype that the CPU has kernels for', function () {
    this.timeout(120_000);
    const list = [...samplesByOperator.values()].flatMap((all) => {
      const sample = all.find(({ op, inputs, inPlace }) => op !== 'toDevice' && inputs.length > 0 && !inPlace);
      return sample ? dtypes.map((dtype) => inDtype(sample, dtype)) : [];
    });
    checkAll(list, (sample) => {
      const [other, cpu] = [outcomeOn(gpu, sample), outcomeOn('cpu', sample)];
      if (other.error !== cpu.error) return `fails with ${other.error}, and on the CPU with ${cpu.error}`;
      for (const [i, result] of (other.results ?? []).entries()) {
        const problem = differs(result, cpu.results?.[i] as typeof result, sample.op);
        if (problem) return `result ${i}: ${problem}`;
      }
      return undefined;
    });
  });
});

describe('tests on a GPU', () => {
  it('are pending where they need what the guide says is missing, and fail of everything else', function () {
    this.timeout(60_000);
    const mocha = join(__dirname, '..', 'node_modules', 'mocha', 'bin', 'mocha.js');
    const pending = join(__dirname, 'support', 'gpu-pending.ts');
    const tests = join(__dirname, 'children', 'lacking.ts');
    const args = ['--import', 'tsx', mocha, '--no-config', '--reporter', 'json', '--require', pending, tests];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: join(__dirname, '..'), encoding: 'utf8' });
    const { pending: left, failures } = JSON.parse(stdout || stderr) as Record<string, { title: string }[]>;
    const titles = (list: { title: string }[] | undefined) => list?.map(({ title }) => title);
    assert.deepEqual(
      titles(left),
      withoutKernels.flatMap((family) => [`throws ${family}`, `rejects with ${family}`]),
    );
    assert.deepEqual(titles(failures), ['throws nothing known', 'throws another error']);
  });
});
