// The TypeScript of the documentation runs: each block is a program of its own.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(__dirname, '..');

function blocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
}

describe('documentation', () => {
  for (const file of ['README.md', 'docs/architecture.md']) {
    it(`${file}: the examples run`, async function () {
      this.timeout(120_000);
      // Inside the repository, where 'anneal' resolves to the package itself.
      const directory = await mkdtemp(join(root, 'build', 'docs-'));
      try {
        for (const [i, code] of blocks(await readFile(join(root, file), 'utf8')).entries()) {
          const path = join(directory, `block-${i}.ts`);
          await writeFile(path, code);
          await run(process.execPath, ['--import', 'tsx', path], { cwd: root });
        }
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  }

  it("docs/operators.md is the engine's table", async () => {
    await run(process.execPath, [join(root, 'scripts', 'operators.mjs'), '--check'], { cwd: root });
  });

  it('lib/ops/methods.ts is what the functions marked @method say', async () => {
    await run(process.execPath, [join(root, 'scripts', 'methods.mjs'), '--check'], { cwd: root });
  });
});
