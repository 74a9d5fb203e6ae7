// Makes the binaries that the package brings, prebuilds/<platform>-<arch>/anneal.node, all of them on a Linux machine:
// npm run prebuild, or npm run prebuild -- --target linux-arm64 (as often as wanted).
// prebuildify names and places them; scripts/cross-build.mjs, which it calls in place of node-gyp, makes them.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
// @ts-expect-error: it brings no declarations
import prebuildify from 'prebuildify';
import { BuildError, root, runAsProgram } from './command.mjs';
import { stampPrebuild } from './prebuilds.mjs';
import { prebuiltFile, targets } from './targets.mjs';

const prebuild = promisify(prebuildify);

/** @param {string[]} args */
function chosen(args) {
  const { values } = parseArgs({ args, options: { target: { type: 'string', multiple: true } } });
  const names = values.target ?? Object.keys(targets);
  const unknown = names.find((name) => !(name in targets));
  if (unknown === undefined) return names;
  throw new BuildError(`prebuild: there is no target '${unknown}'; there are: ${Object.keys(targets).join(', ')}`);
}

await runAsProgram(import.meta.url, async () => {
  for (const name of chosen(process.argv.slice(2))) {
    const target = targets[name];
    const begin = performance.now();
    const cwd = join(root, 'build', 'prebuild', name);
    mkdirSync(cwd, { recursive: true });
    await prebuild({
      napi: true,
      name: 'anneal',
      targets: [{ runtime: 'node', target: process.versions.node }],
      platform: target.platform,
      arch: target.arch,
      tagLibc: false,
      nodeGyp: join(root, 'scripts', 'cross-build.mjs'),
      cwd,
      out: root,
    });
    stampPrebuild(name);
    const file = prebuiltFile(target);
    const megabytes = (statSync(join(root, file)).size / 1e6).toFixed(2);
    console.log(`${file}: ${megabytes} MB, ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  }
});
