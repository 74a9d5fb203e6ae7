// The package under test runners, and beside bundles that leave it out.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../command.mjs';
import { installTools } from './stage.mjs';

const program = `import { tensor } from 'anneal';
tensor([1, 2]).mul(2).data().then((values) => console.log(values.join(' ')));
`;

const test = `const { tensor, nn } = require('anneal');
test('a product', async () => {
  expect(await tensor([1, 2]).mul(2).data()).toEqual(new Float32Array([2, 4]));
  expect(() => tensor([1, 2]).matmul(tensor([[1, 2, 3]]))).toThrow(/matmul/);
  expect(new nn.Linear(2, 3).weight.shape).toEqual([3, 2]);
});
`;

/**
 * Packages, the files of a project, and the commands that must end well: their programs lie below the tools' node_modules.
 * @type {Record<string, { packages: string[], files: Record<string, string>, commands: string[][], output?: string }>}
 */
const tools = {
  esbuild: {
    packages: ['esbuild@0.28'],
    files: { 'main.mjs': program },
    commands: [
      ['esbuild/bin/esbuild', 'main.mjs', '--bundle', '--platform=node', '--external:anneal', '--outfile=out.js'],
      ['out.js'],
    ],
    output: '2 4',
  },
  webpack: {
    packages: ['webpack@5', 'webpack-cli@6'],
    files: {
      'main.mjs': program,
      'webpack.config.js':
        "module.exports = { mode: 'production', target: 'node', entry: './main.mjs', externals: { anneal: 'commonjs anneal' }," +
        " output: { path: __dirname, filename: 'out.js' } };",
    },
    commands: [['webpack-cli/bin/cli.js'], ['out.js']],
    output: '2 4',
  },
  Jest: { packages: ['jest@30'], files: { 'product.test.js': test }, commands: [['jest/bin/jest.js']] },
  Vitest: {
    packages: ['vitest@3'],
    files: { 'product.test.js': test.replace(/const (.*) = require\((.*)\);/, 'import $1 from $2;') },
    commands: [['vitest/vitest.mjs', 'run', '--globals']],
  },
};

/**
 * @param {string} project with the package installed
 */
export async function tryTools(project) {
  const rows = [];
  for (const [name, { packages, files, commands, output }] of Object.entries(tools)) {
    const modules = join(await installTools(name.toLowerCase(), ...packages), 'node_modules');
    const folder = join(project, name.toLowerCase());
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{}');
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    let problem = '';
    let last = '';
    for (const [file = '', ...args] of commands) {
      const path = file === 'out.js' ? join(folder, file) : join(modules, file);
      // esbuild's program is none of JavaScript's where its package has replaced it.
      const ran = await run(process.execPath, [path, ...args], { cwd: folder });
      last = ran.output.trim();
      if (ran.code !== 0) problem ||= ran.output;
    }
    if (!problem && output !== undefined && last !== output) problem = `printed ${last}`;
    rows.push({ name, ok: problem === '', problem });
  }
  return rows;
}
