// The files of the package are those of a list, test/package-files.txt: nothing slips in, and nothing is forgotten.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Packed, packed } from './support/pack';

const root = join(__dirname, '..');

// Of a path in which `**/` stands for any folders and `*` for any part of a name.
function patternOf(line: string): RegExp {
  const escaped = line.replace(/[.+()[\]{}^$|\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('**/', '(.*/)?').replace(/(?<!\.)\*/g, '[^/]*')}$`);
}

/** What is packed although no line allows it, and the lines without a file. */
function compare(files: readonly string[], lines: readonly string[]): { extra: string[]; missing: string[] } {
  const patterns = lines.map((line) => ({ line, pattern: patternOf(line) }));
  return {
    extra: files.filter((file) => !patterns.some(({ pattern }) => pattern.test(file))),
    missing: patterns.filter(({ pattern }) => !files.some((file) => pattern.test(file))).map(({ line }) => line),
  };
}

describe('the files of the package', function () {
  this.timeout(60_000);
  let listed: Packed;
  const paths = () => listed.files.map(({ path }) => path);

  before(() => {
    listed = packed();
  });

  it('are those of the list', () => {
    const text = readFileSync(join(__dirname, 'package-files.txt'), 'utf8');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const { extra, missing } = compare(paths(), lines);
    assert.deepEqual(extra, [], 'no line of test/package-files.txt allows these');
    assert.deepEqual(
      missing.filter((line) => !line.startsWith('prebuilds/')),
      [],
      'these lines of test/package-files.txt have no file',
    );
  });

  it('have a declaration for each source', () => {
    const below = (files: string[], end: string) =>
      files.filter((file) => file.endsWith(end)).map((file) => file.slice(0, -end.length));
    const packedBelowDist = paths()
      .filter((path) => path.startsWith('dist/'))
      .map((path) => path.slice('dist/'.length));
    const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' });
    assert.deepEqual(below(packedBelowDist, '.d.ts').sort(), below(sources, '.ts').sort());
  });

  it('are told from others', () => {
    const lines = ['dist/index.js', 'lib/**/*.ts', 'native/core/**/*.h'];
    const good = ['dist/index.js', 'lib/index.ts', 'lib/nn/linear.ts', 'native/core/kernels/sgd.h'];
    assert.deepEqual(compare(good, lines), { extra: [], missing: [] });
    const wrong = ['dist/index_js', 'lib/index.tsx', 'native/core/a.cc', 'other/lib/index.ts'];
    assert.deepEqual(compare([...good.slice(1), ...wrong], lines), { extra: wrong, missing: ['dist/index.js'] });
  });
});
