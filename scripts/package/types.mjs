// The package's declarations under TypeScript's versions and ways of resolving modules, without @types/node, and strict.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from '../command.mjs';
import { installTools } from './stage.mjs';

const ways = [
  { module: 'nodenext', moduleResolution: 'nodenext', type: 'module' },
  { module: 'nodenext', moduleResolution: 'nodenext', type: 'commonjs' },
  { module: 'esnext', moduleResolution: 'bundler', type: 'module' },
  { module: 'commonjs', moduleResolution: 'node10', type: 'commonjs' },
];

/** The oldest that is supported, those between that brought new rules, and the newest. */
export const versions = ['5.0', '5.4', '5.7', '5.9', '6.0'];

/**
 * Compiles the consumer in each way: rows of version, way, and what was wrong.
 * @param {string} project with the package installed
 * @param {string[]} chosen
 */
export async function checkTypes(project, chosen) {
  const rows = [];
  for (const version of chosen) {
    const tools = await installTools(`typescript-${version}`, `typescript@~${version}.0`);
    for (const { type, ...options } of ways) {
      const folder = join(project, `types-${version}-${options.moduleResolution}-${type}`);
      mkdirSync(folder);
      copyFileSync(join(root, 'test', 'package', 'consumer.ts'), join(folder, 'consumer.ts'));
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
      const old = Number(version) >= 6 && options.moduleResolution === 'node10' ? { ignoreDeprecations: '6.0' } : {};
      const compilerOptions = {
        ...{ ...options, ...old, target: 'es2022', strict: true, skipLibCheck: false, types: [], outDir: 'out' },
        ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true },
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
      const tsc = join(tools, 'node_modules', 'typescript', 'bin', 'tsc');
      const compiled = await run(process.execPath, [tsc, '-p', folder], { cwd: folder });
      const program = join(folder, 'out', 'consumer.js');
      // What a bundler would take is no module of Node's.
      const ran =
        compiled.code === 0 && options.moduleResolution !== 'bundler'
          ? await run(process.execPath, [program], { cwd: folder })
          : { code: 0, output: '' };
      const way = `${options.moduleResolution}, ${type}`;
      rows.push({
        version,
        way,
        ok: compiled.code + ran.code === 0,
        problem: compiled.code ? compiled.output : ran.output,
      });
    }
  }
  return rows;
}
