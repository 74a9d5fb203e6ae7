// npm: the one that runs this script, or the one on PATH.
import { join } from 'node:path';
import { BuildError, root, run } from './command.mjs';

/** Its program and first arguments. */
export function npmCommand() {
  const npm = process.env.npm_execpath ?? '';
  return /npm-cli\.[cm]?js$/.test(npm) ? [process.execPath, npm] : ['npm'];
}

/**
 * Packs the package of a folder, without its scripts.
 * @param {string} [cwd]
 * @param {...string} options
 * @returns {Promise<{ filename: string, size: number, unpackedSize: number, files: { path: string }[] }>} what npm says of it
 */
export async function npmPack(cwd = root, ...options) {
  const [npm = '', ...first] = npmCommand();
  const { code, output } = await run(npm, [...first, 'pack', '--json', '--ignore-scripts', ...options], { cwd });
  if (code !== 0) throw new BuildError(`npm pack failed:\n${output}`);
  return JSON.parse(output.slice(output.indexOf('[')))[0];
}

/**
 * Packs it into a folder: the tarball.
 * @param {string} folder
 * @param {string} [cwd]
 */
export async function packInto(folder, cwd) {
  const { filename, ...rest } = await npmPack(cwd, '--pack-destination', folder);
  return { tarball: join(folder, filename), ...rest };
}
