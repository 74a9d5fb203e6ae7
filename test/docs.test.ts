// The TypeScript of the documentation: each block is a program of its own, which type-checks, runs, and prints what the block of
// text below it says, if there is one.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { nn, Tensor } from 'anneal';
import { separator } from './children/blocks';
import { named } from './support/breadth';

const run = promisify(execFile);
const root = join(__dirname, '..');

interface Block {
  path: string;
  prints: string | undefined;
}

const guides = readdirSync(join(root, 'docs', 'guides'));
const pages = [
  'README.md',
  'docs/architecture.md',
  'docs/distributed.md',
  'docs/from-pytorch.md',
  ...guides.map((name) => `docs/guides/${name}`),
];

describe('documentation', function () {
  this.timeout(120_000);
  let folder: string;

  // Inside the repository, where 'anneal' resolves to the package itself.
  before(async () => {
    folder = await mkdtemp(join(root, 'build', 'docs-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function writeBlocks(page: string, markdown: string): Promise<Block[]> {
    const pattern = /^```ts\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```$)?/gm;
    const blocks = Array.from(markdown.matchAll(pattern), ([, code, prints], i) => {
      return { path: join(folder, `${page}-${i + 1}.mts`), code: code as string, prints };
    });
    for (const { path, code } of blocks) await writeFile(path, code);
    return blocks;
  }

  // All in one process, since most of a short program's time is its start.
  async function runBlocks(blocks: readonly Block[]): Promise<void> {
    const paths = blocks.map(({ path }) => path);
    const program = join(__dirname, 'children', 'blocks.ts');
    const { stdout } = await run(process.execPath, ['--import', 'tsx', program, ...paths], { cwd: folder });
    const printed = stdout.split(`${separator}\n`);
    assert.equal(
      printed.length,
      blocks.length + 1,
      `${basename(paths[printed.length - 1] ?? '')} does not come to its end`,
    );
    for (const [i, { path, prints }] of blocks.entries()) {
      if (prints !== undefined) assert.equal(printed[i], prints, `${basename(path)} prints something else`);
    }
  }

  it('the examples of every page run', async () => {
    const blocks: Block[] = [];
    for (const page of pages) {
      blocks.push(...(await writeBlocks(basename(page, '.md'), await readFile(join(root, page), 'utf8'))));
    }
    await runBlocks(blocks);
  });

  // After the former, which wrote the blocks.
  it('the examples of every page type-check', async () => {
    const compilerOptions = {
      rootDir: '.',
      noEmit: true,
      declaration: false,
      emitDeclarationOnly: false,
    };
    const config = { extends: '../../tsconfig.json', compilerOptions, include: ['*.mts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]).catch(
      (error) => {
        assert.fail(error.stdout);
      },
    );
  });

  it('an example that fails, does not end or prints something else is found', async () => {
    const page = (code: string, prints: string) => `\`\`\`ts\n${code}\n\`\`\`\n\n\`\`\`text\n${prints}\n\`\`\`\n`;
    const check = async (second: string, prints: string, message: RegExp) => {
      const blocks = await writeBlocks('wrong', page('console.log(1);', '1') + page(second, prints));
      await assert.rejects(runBlocks(blocks), message);
      for (const { path } of blocks) await rm(path);
    };
    await check("throw new Error('this block');", '', /wrong-2\.mts[\s\S]*this block/);
    await check('await new Promise(() => {});', '', /wrong-2\.mts does not come to its end/);
    await check('console.log(2);', '3', /wrong-2\.mts prints something else/);
  });

  it('docs/from-pytorch.md names nothing that is not there', async () => {
    const page = await readFile(join(root, 'docs', 'from-pytorch.md'), 'utf8');
    const table = page.slice(page.indexOf('## Equivalents'), page.indexOf('## Side by side'));
    const cells = Array.from(table.matchAll(/^\| .* \| (.*) \|$/gm), ([, cell]) => cell as string);
    const names = cells.flatMap((cell) => Array.from(cell.matchAll(/`([\w.]+)`/g), ([, name]) => name as string));
    assert.ok(names.length > 200, `${names.length} names`);
    const has = (name: string) => named(name) !== undefined || name in Tensor.prototype || name in nn.Module.prototype;
    assert.deepEqual(
      names.filter((name) => !has(name)),
      [],
    );
  });

  it('docs/README.md lists every guide', async () => {
    const list = await readFile(join(root, 'docs', 'README.md'), 'utf8');
    for (const name of guides) assert.ok(list.includes(`(guides/${name})`), name);
  });

  it('links between pages lead somewhere', async () => {
    const others = ['CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md', 'CHANGELOG.md', 'bench/README.md'];
    for (const page of [...pages, ...others, 'docs/README.md', 'docs/performance.md']) {
      const text = await readFile(join(root, page), 'utf8');
      for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        assert.ok(existsSync(join(root, dirname(page), target as string)), `${page} links to ${target}`);
      }
    }
  });

  it("docs/operators.md is the engine's table", async () => {
    await run(process.execPath, [join(root, 'scripts', 'operators.mjs'), '--check'], { cwd: root });
  });

  it('lib/ops/methods.ts is what the functions marked @method say', async () => {
    await run(process.execPath, [join(root, 'scripts', 'methods.mjs'), '--check'], { cwd: root });
  });
});
