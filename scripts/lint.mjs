// Types (tsc), circles of imports, generated methods, lint and format of TypeScript (biome), format of C++ (clang-format), the package.
// `--write` formats instead of checking.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, root, run, runAsProgram } from './command.mjs';
import { filesBelow } from './stamp.mjs';
import { reportTotals } from './totals.mjs';

const write = process.argv.includes('--write');

/** The clang-format of the npm package, so that versions agree; where it has none for the platform, the one on PATH. */
function clangFormat() {
  const file = join(root, `node_modules/clang-format/bin/${process.platform}_${process.arch}/clang-format`);
  return existsSync(file) ? file : findProgram('clang-format');
}

/** @returns {{ name: string, command: string[] }[]} an empty command is skipped */
function checks() {
  const node = process.execPath;
  const formatter = clangFormat();
  const native = ['native', 'bench/peers', 'cuda'].flatMap((folder) => filesBelow(folder, /\.(cc|h|cu|cuh)$/));
  const nativeCheck = {
    name: 'format of C++',
    command: formatter ? [formatter, ...(write ? ['-i'] : ['--dry-run', '--Werror']), ...native] : [],
  };
  const biomeCheck = {
    name: 'lint and format of TypeScript',
    command: [
      node,
      'node_modules/@biomejs/biome/bin/biome',
      'check',
      ...(write ? ['--write'] : ['--error-on-warnings']),
    ],
  };
  const types = { name: 'types', command: [node, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.check.json'] };
  const methods = { name: 'methods of Tensor', command: [node, 'scripts/methods.mjs', ...(write ? [] : ['--check'])] };
  const circles = { name: 'circles of imports', command: [node, 'scripts/circles.mjs'] };
  const tarball = { name: 'package', command: [node, 'scripts/lint-package.mjs'] };
  return write ? [methods, biomeCheck, nativeCheck] : [types, circles, methods, biomeCheck, nativeCheck, tarball];
}

await runAsProgram(import.meta.url, async () => {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, command } of checks()) {
    const [program, ...args] = command;
    if (!program) {
      console.log(`${name}: skipped, clang-format is not installed`);
      counts.skipped++;
      continue;
    }
    const { code, output } = await run(program, args, { show: program !== clangFormat() });
    const unformatted = new Set(
      Array.from(output.matchAll(/^(\S+?):\d+:\d+: error: code should be/gm), ([, file]) => file),
    );
    for (const file of unformatted) console.log(`${file}: not formatted; \`npm run format\` does it`);
    console.log(`${name}: ${code === 0 ? 'good' : 'failed'}`);
    counts[code === 0 ? 'passed' : 'failed']++;
  }
  reportTotals([counts]);
});
