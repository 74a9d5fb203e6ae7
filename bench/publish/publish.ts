// npm run bench -- report: puts results together, and writes them into the documentation as tables and plots.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { BenchError } from '../rival';
import { plotsOf } from './plots';
import { nameOf, readResults } from './results';
import { withTables } from './tables';

const documents = ['README.md', 'docs/performance.md'];

/**
 * Writes bench/results/DATE-CPU.json, the tables between the marks in the documents below `root`, and docs/images/*.svg. Without
 * files it takes those of the newest day in bench/results/local.
 */
export async function publish(root: string, files: readonly string[], tell: (line: string) => void): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    await writeFile(path, text);
    tell(`wrote ${relative(root, path)}`);
  };
  const folder = join(root, 'bench', 'results');
  const results = await readResults(files.length > 0 ? files : await newest(join(folder, 'local')));
  await write(join(folder, `${nameOf(results)}.json`), `${JSON.stringify(results, null, 1)}\n`);
  for (const document of documents) {
    const path = join(root, document);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const updated = withTables(text, results);
    if (updated !== text) await write(path, updated);
  }
  const images = join(root, 'docs', 'images');
  await mkdir(images, { recursive: true });
  for (const [name, plot] of Object.entries(await plotsOf(results))) await write(join(images, name), plot);
}

async function newest(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.jsonl')).map((name) => join(folder, name));
  const days = await Promise.all(files.map(async (file) => (await readResults([file])).runs[0].date.slice(0, 10)));
  const day = days.reduce((a, b) => (a > b ? a : b), '');
  if (day === '') throw new BenchError(`[bench] there are no results in ${folder}, where --json may put them`);
  return files.filter((_, i) => days[i] === day).sort();
}
