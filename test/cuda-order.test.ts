// The emulated GPU runs threads in any order, and work as late as it can: all results have the same bits. Part of `npm run test:cuda`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cudaInfo } from 'anneal';
import { onGpu } from './support/gpu';

function digest(env: Record<string, string>): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'children', 'gpu-digest.ts')],
    { env: { ...process.env, ANNEAL_DEVICE: 'cuda', ...env }, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return stdout;
}

(onGpu && cudaInfo().emulated ? describe : describe.skip)('kernels on the emulated GPU', function () {
  this.timeout(600_000);

  it('give the same bits in every order of threads, and when work runs late', () => {
    const forward = digest({ ANNEAL_EMULATION_ORDER: 'forward' });
    assert.match(forward, /^[0-9a-f]{64}\n$/);
    assert.equal(digest({ ANNEAL_EMULATION_ORDER: 'reverse' }), forward, 'reverse');
    assert.equal(digest({ ANNEAL_EMULATION_ORDER: 'random' }), forward, 'random');
    assert.equal(digest({ ANNEAL_EMULATION_STREAM: 'lazy' }), forward, 'lazy');
  });
});
