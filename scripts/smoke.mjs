// Installs a tarball of the package into an empty project and runs it there: npm run test:smoke -- path/to/anneal-X.Y.Z.tgz. Without a
// path it takes the one that `npm run test:package` leaves. It needs nothing but Node and npm, so it runs on every system.
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BuildError, root, run, runAsProgram } from './command.mjs';
import { npmCommand } from './npm.mjs';
import { emptyProject, folder, must } from './package/stage.mjs';

/** @param {string | undefined} given */
function tarball(given) {
  if (given !== undefined) return resolve(given);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.tgz')) : [];
  if (names.length === 1) return join(folder, names[0]);
  const found = names.length === 0 ? 'none' : names.join(', ');
  throw new BuildError(`test-smoke: expected one tarball in ${folder}, found ${found}; name the one to test`);
}

await runAsProgram(import.meta.url, async () => {
  const file = tarball(process.argv[2]);
  const project = emptyProject('smoke');
  try {
    const [npm, ...first] = npmCommand();
    await must(npm, [...first, 'install', '--ignore-scripts', '--no-audit', '--no-fund', file], { cwd: project });
    copyFileSync(join(root, 'test/package/smoke.cjs'), join(project, 'smoke.cjs'));
    const { code, output } = await run(process.execPath, ['smoke.cjs'], { cwd: project });
    if (code !== 0)
      throw new BuildError(`${output}\ntest-smoke: the installed package fails on this system, see above`);
    console.log(`${process.platform}-${process.arch}, Node ${process.version}: ${output.trim()}`);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});
