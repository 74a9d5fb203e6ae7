// Finds imports that go in circles, in lib, bench and examples: those of types too, for files in a circle can only be
// understood together.
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { BuildError, root, runAsProgram } from './command.mjs';
import { filesBelow } from './stamp.mjs';

const folders = ['lib', 'bench', 'examples'];

/**
 * The files that each file imports, of those that are given.
 * @param {readonly string[]} files
 * @param {(file: string) => string} read
 * @returns {Promise<Map<string, string[]>>}
 */
export async function importsOf(files, read) {
  const { default: ts } = await import('typescript');
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const targets = ts.preProcessFile(read(file)).importedFiles.flatMap(({ fileName }) => {
        const path = posix.join(dirname(file), fileName);
        const target = [path, `${path}.ts`, `${path}/index.ts`].find((candidate) => known.has(candidate));
        return target === undefined || !fileName.startsWith('.') ? [] : [target];
      });
      return [file, [...new Set(targets)]];
    }),
  );
}

/**
 * One circle for each file from which a walk comes back to itself: the files in order, the first one again at the end.
 * @param {ReadonlyMap<string, readonly string[]>} imports
 * @returns {string[][]}
 */
export function findCircles(imports) {
  /** @type {string[][]} */
  const circles = [];
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  /** @param {string} file */
  const visit = (file) => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return circles;
}

await runAsProgram(import.meta.url, async () => {
  const files = folders
    .flatMap((folder) => filesBelow(folder, /\.m?ts$/))
    .filter((file) => !/\/(results|own)\//.test(file));
  const circles = findCircles(await importsOf(files, (file) => readFileSync(join(root, file), 'utf8')));
  if (circles.length > 0) {
    throw new BuildError(circles.map((circle) => `imports go in a circle: ${circle.join(' -> ')}`).join('\n'));
  }
});
