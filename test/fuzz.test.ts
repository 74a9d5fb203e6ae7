// Random input, each property in a process of its own: an error or a right result, never a crash. A failure names the seed:
// node --import tsx test/children/fuzz.ts <property> <seed> <runs> <file>. ANNEAL_FUZZ_SEED and ANNEAL_FUZZ_RUNS (a factor)
// search further than the fixed seed does.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from './children/spawn';

const seed = process.env.ANNEAL_FUZZ_SEED ?? '20250101';
const factor = Number(process.env.ANNEAL_FUZZ_RUNS ?? 1);

const runs: Record<string, number> = {
  operators: 1500,
  functions: 500,
  methods: 500,
  objects: 400,
  values: 300,
  buffers: 300,
  bytes: 300,
  addon: 1500,
  views: 300,
  broadcasting: 200,
  products: 150,
};

describe(`fuzzing with seed ${seed}`, function () {
  this.timeout(120_000 * Math.max(1, factor));
  const folder = mkdtempSync(join(tmpdir(), 'anneal-fuzz-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const [property, count] of Object.entries(runs)) {
    it(`survives: ${property}`, async () => {
      const file = join(folder, property);
      const args = [property, seed, String(Math.round(count * factor)), file];
      const { code, signal, stdout, stderr } = await runChild('fuzz', args, 100 * Math.max(1, factor));
      if (code === 0 && /survived/.test(stdout)) return;
      const last = signal || code !== 1 ? `\nthe last input was ${readFileSync(file, 'utf8')}` : '';
      assert.fail(`fuzz.ts ${args.join(' ')}: exit ${signal ?? code}${last}\n${stderr}`);
    });
  }
});
