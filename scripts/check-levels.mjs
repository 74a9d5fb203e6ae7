// No code of one instruction-set level may be reachable from another: the linker keeps one copy of an inline function or
// template, and if that is the AVX one, an older CPU dies in baseline code. So every symbol that a kernel object defines
// for others must live in the level's own namespace. The lowest level may define what it likes: it runs wherever the rest does.
// Linux with nm only.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BuildError, findProgram, root, runAsProgram } from './command.mjs';
import { levelsToBuild, lowestLevel } from './levels.mjs';

// Addresses for the unwinder (personality routine, caught types): data, and the same in every object.
const harmless = /^DW\.ref\./;

/**
 * Mangled names of namespace anneal::<level>: functions, variables, what is local to them, and type information.
 * @param {string} level
 */
function belongsTo(level) {
  return new RegExp(`^_Z(?:T[VTIS]|GV)?Z*NK?6anneal${level.length}${level}`);
}

/** @returns {string | null} why the check cannot run here */
export function levelsUncheckable() {
  if (process.platform !== 'linux') return 'object files are read on Linux only';
  return findProgram('nm') ? null : 'nm is not installed';
}

/** @returns {string[]} one line a leak */
export function findLeaks() {
  const { kernels } = JSON.parse(readFileSync(join(root, 'native/sources.json'), 'utf8'));
  const higher = levelsToBuild().filter((level) => level !== lowestLevel());
  return higher.flatMap((level) => {
    const own = belongsTo(level);
    return kernels.flatMap((/** @type {string} */ source) => {
      const object = `native/build/Release/obj.target/kernels_${level}/${source.replace(/\.cc$/, '.o')}`;
      if (!existsSync(join(root, object))) throw new BuildError(`check-levels: ${object} is missing; build first.`);
      const lines = execFileSync('nm', ['--defined-only', '--extern-only', object], { cwd: root, encoding: 'utf8' });
      return lines
        .split('\n')
        .map((line) => line.trim().split(/\s+/).at(-1) ?? '')
        .filter((symbol) => symbol !== '' && !own.test(symbol) && !harmless.test(symbol))
        .map((symbol) => `${level}: ${basename(source)} defines ${demangle(symbol)} outside anneal::${level}`);
    });
  });
}

/** @param {string} symbol */
function demangle(symbol) {
  return findProgram('c++filt') ? execFileSync('c++filt', [symbol], { encoding: 'utf8' }).trim() : symbol;
}

await runAsProgram(import.meta.url, () => {
  const reason = levelsUncheckable();
  if (reason) return console.log(`check-levels: skipped, ${reason}`);
  const leaks = findLeaks();
  if (leaks.length > 0) throw new BuildError(leaks.join('\n'));
  console.log('check-levels: kernels define nothing outside their levels');
});
