// The libraries with GPU kernels as files: what they show to others, what the addon knows of CUDA, and what nvcc says of the kernels.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtAddon } from './support/addon';

const root = join(__dirname, '..');
const inBuild = (...names: string[]) => join(root, 'build', ...names);
const emulated = inBuild('cuda', 'libanneal_cuda_emulated.so');
const library = inBuild('cuda', 'libanneal_cuda.so');
const report = inBuild('cuda', 'kernels.json');

/** Names that a file gives to others, or wants of them. */
function symbols(file: string, which: '--defined-only' | '--undefined-only'): string[] {
  const { status, stdout, stderr } = spawnSync('nm', ['-D', which, file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.trim().split(/\s+/).at(-1) as string);
}

const hasNm = spawnSync('nm', ['--version']).status === 0;
const where = (condition: boolean) => (condition ? it : it.skip);

describe('the libraries of GPU kernels', () => {
  for (const file of [emulated, library]) {
    where(hasNm && existsSync(file))(`have one symbol: ${file.slice(root.length + 1)}`, () => {
      assert.deepEqual(symbols(file, '--defined-only'), ['annealCudaTable']);
    });
  }

  where(hasNm && process.platform === 'linux')('are none that the addon links to', () => {
    const wanted = symbols(builtAddon, '--undefined-only');
    assert.deepEqual(
      wanted.filter((name) => /^cu|cuda|cublas/i.test(name)),
      [],
    );
  });

  // The kernels are no part of the package for the CPU: what opens them is.
  const objects = ['engine/cuda/devices.o', 'engine/cuda/library.o', 'anneal/binding/cuda.o'].map((name) =>
    join(dirname(builtAddon), 'obj.target', name),
  );
  where(hasNm && objects.every(existsSync))('add less than 100 kB to the addon', () => {
    const { stdout } = spawnSync('size', objects, { encoding: 'utf8' });
    const sizes = Array.from(stdout.matchAll(/^(?:\s*\d+){3}\s+(\d+)\s/gm), ([, bytes]) => Number(bytes));
    assert.equal(sizes.length, objects.length, stdout);
    const sum = sizes.reduce((total, bytes) => total + bytes, 0);
    assert.ok(sum < 100e3, stdout);
  });

  where(existsSync(library))('take at most 8 MB', () => {
    assert.ok(statSync(library).size <= 8 << 20, `${statSync(library).size} bytes`);
  });

  // Kernels that need more registers than there are for 256 threads of their kind: none but these may use memory instead.
  const spilling = [/5tiles/];
  where(existsSync(report))('keep their values in registers', () => {
    type Row = { kernel: string; architecture: string; registers: number; spills: number };
    const rows = JSON.parse(readFileSync(report, 'utf8')) as Row[];
    assert.ok(rows.length > 300, `${rows.length} kernels`);
    const spilled = rows.filter(({ kernel, spills }) => spills > 0 && !spilling.some((name) => name.test(kernel)));
    assert.deepEqual(
      spilled.map(({ kernel, architecture, spills }) => `${kernel} on ${architecture}: ${spills} bytes`),
      [],
    );
  });
});
