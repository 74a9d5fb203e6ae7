// Which instruction-set levels are compiled: all of the processor's architecture, or those that ANNEAL_LEVELS names
// (ANNEAL_LEVELS=avx512, ANNEAL_LEVELS=sse2,avx2), which takes a fraction of the time.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, root } from './command.mjs';

/** What Linux calls the features that native/cpu/dispatch.cc asks for. */
const features = {
  avx2: ['avx2', 'fma', 'bmi2'],
  avx512: ['avx2', 'fma', 'bmi2', 'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
};

/** @returns {string[]} lowest first */
function allLevels() {
  const { levels } = JSON.parse(readFileSync(join(root, 'native/sources.json'), 'utf8'));
  return levels[process.arch] ?? [];
}

/**
 * What all code but the kernels of the other levels is compiled for.
 * @returns {string | undefined}
 */
export const lowestLevel = () => allLevels()[0];

/** @returns {string[]} */
export function levelsToBuild() {
  const all = allLevels();
  const wanted = process.env.ANNEAL_LEVELS ? process.env.ANNEAL_LEVELS.split(',') : all;
  const unknown = wanted.find((level) => !all.includes(level));
  if (unknown === undefined) return all.filter((level) => wanted.includes(level));
  throw new BuildError(`anneal: ANNEAL_LEVELS names '${unknown}', but ${process.arch} has: ${all.join(', ')}`);
}

/**
 * The levels that are built and that this processor runs, as far as the system tells: only Linux does.
 * @returns {string[]}
 */
export function levelsOfProcessor() {
  const levels = levelsToBuild();
  if (!existsSync('/proc/cpuinfo')) return levels;
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
  return levels.filter((level) =>
    (features[/** @type {keyof typeof features} */ (level)] ?? []).every((feature) => flags.includes(feature)),
  );
}
