// Packs the package as npm would, and lets publint and arethetypeswrong look at the tarball. Neither needs the network.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BuildError, root, run, runAsProgram } from './command.mjs';
import { packInto } from './npm.mjs';

await runAsProgram(import.meta.url, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-package-'));
  try {
    const { tarball } = await packInto(folder);
    const checks = [
      ['publint/src/cli.js', 'run', tarball, '--strict'],
      [
        '@arethetypeswrong/cli/dist/index.js',
        tarball,
        '--no-definitely-typed',
        '--format',
        'ascii',
        '--no-emoji',
        '--no-color',
      ],
    ];
    for (const [program, ...args] of checks) {
      const { code, output } = await run(process.execPath, [join(root, 'node_modules', program), ...args]);
      if (code !== 0) throw new BuildError(output);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
