// Tests the package as it is shipped: npm run test:package, of which a part can be named: binaries, kernels, runtimes, managers,
// types, tools.
// With --short: this machine's own build in place of the prebuilt binaries, npm only, the oldest and the newest TypeScript.
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BuildError, findProgram, root, run, runAsProgram } from './command.mjs';
import { npmCommand } from './npm.mjs';
import { tryTools } from './package/bundlers.mjs';
import { testKernels } from './package/kernels.mjs';
import { managers, tryManagers } from './package/managers.mjs';
import { trials, tryRuntime } from './package/runtimes.mjs';
import { emptyProject, folder, must, packTarball } from './package/stage.mjs';
import { checkTypes, versions } from './package/types.mjs';
import { prebuiltFile, targets } from './targets.mjs';
import { reportTotals } from './totals.mjs';

const mostBytes = 12e6;

/** What may be exported: the functions that Node looks for. */
const entryPoints = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

/** Libraries of the systems, which every machine has. Of Linux's, those that musl takes for its own: not the loader of glibc. */
const systemLibraries =
  /^(lib(c|m|dl|pthread|rt)\.so(\.\d)?|\/usr\/lib\/libSystem\.B\.dylib|\/usr\/lib\/libc\+\+.*|node\.exe|kernel32\.dll|ntdll\.dll|ucrtbase\.dll|api-ms-win-.*\.dll|psapi\.dll|advapi32\.dll|ws2_32\.dll)$/i;

/** @type {{ passed: number, failed: number, skipped: number }} */
const totals = { passed: 0, failed: 0, skipped: 0 };

/**
 * Prints a row of a table, with what went wrong below it, and counts it.
 * @param {string[]} cells
 * @param {boolean | null} ok null: could not be tried here
 * @param {string} [problem]
 */
function row(cells, ok, problem = '') {
  totals[ok === null ? 'skipped' : ok ? 'passed' : 'failed'] += 1;
  console.log(`| ${cells.join(' | ')} | ${ok === null ? 'not tried' : ok ? 'ok' : 'FAILED'} |`);
  if (problem && ok !== true)
    console.log(
      problem
        .trim()
        .split('\n')
        .slice(-12)
        .map((line) => `    ${line}`)
        .join('\n'),
    );
}

/** @param {string} title @param {string[]} heads */
function table(title, ...heads) {
  console.log(`\n${title}\n\n| ${[...heads, 'result'].join(' | ')} |\n|${'---|'.repeat(heads.length + 1)}`);
}

/** A project with the package installed by npm, without network or scripts, and the programs to run there. @param {string} tarball */
async function installed(tarball) {
  const project = emptyProject('package');
  const [npm = '', ...first] = npmCommand();
  const args = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball];
  await must(npm, [...first, ...args], { cwd: project });
  copyFileSync(join(root, 'test/package/smoke.cjs'), join(project, 'smoke.cjs'));
  return project;
}

async function checkBinaries() {
  const lief = join(folder, 'lief');
  const python = findProgram('python3') ?? 'python3';
  if (!existsSync(lief)) await must(python, ['-m', 'pip', 'install', '--quiet', '--target', lief, 'lief==0.17.0']);
  const files = Object.entries(targets).map(([name, target]) => [name, prebuiltFile(target)]);
  const env = { ...process.env, PYTHONPATH: lief };
  const script = join(root, 'scripts/package/binaries.py');
  const all = JSON.parse(await must(python, [script, ...files.map(([, file = '']) => file)], { env }));
  table('What the binaries are', 'target', 'format', 'needs at least', 'hardened');
  for (const [name = '', file = ''] of files) {
    const facts = all[file];
    const problems = [];
    const others = facts.exports.filter((/** @type {string} */ symbol) => !entryPoints.includes(symbol));
    if (others.length > 0 || facts.exports.length !== entryPoints.length)
      problems.push(`exports ${facts.exports.join(' ')}`);
    const libraries = facts.needs.filter((/** @type {string} */ library) => !systemLibraries.test(library));
    if (libraries.length > 0) problems.push(`needs ${libraries.join(' ')}`);
    if (facts.glibc && facts.glibc.localeCompare('2.28', undefined, { numeric: true }) > 0)
      problems.push('glibc after 2.28');
    if (Number.parseFloat(facts.system) > 11) problems.push('macOS after 11');
    if (facts.format === 'Mach-O' && !facts.nodeApi) problems.push('takes no function of Node-API');
    for (const property of ['relro', 'stackProtector', 'stripped', 'stays', 'signed']) {
      if (facts[property] === false) problems.push(`not ${property}`);
    }
    const hardening = ['relro', 'stackProtector', 'stripped', 'signed'].filter((property) => facts[property]);
    const least = facts.glibc ? `glibc ${facts.glibc}` : facts.system ? `macOS ${facts.system}` : '';
    row(
      [name, `${facts.format} ${facts.arch}`, least, hardening.join(', ')],
      problems.length === 0,
      problems.join('; '),
    );
  }
}

async function checkKernels() {
  table('Native tests with the kernels of each compiler', 'target', 'says');
  for (const { target, ok, said, problem } of await testKernels()) row([target, said], ok, problem);
}

/** @param {string} tarball */
async function checkRuntimes(tarball) {
  const project = await installed(tarball);
  table('What runs here', 'target', 'in', 'seconds', 'says');
  for (const trial of trials) {
    const { target, name, ok, said, seconds } = await tryRuntime(trial, project);
    // What the smoke says; systems warn before it of what they lack.
    row(
      [target, name, seconds.toFixed(1), ok === false ? '' : (said.split('\n').at(-1) ?? '')],
      ok,
      ok === false ? said : '',
    );
  }
  rmSync(project, { recursive: true, force: true });
}

/** @param {string} tarball @param {string[]} names */
async function checkManagers(tarball, names) {
  table('Installation', 'manager', 'seconds', 'scripts run', 'offline, scripts forbidden');
  for (const { name, usual, offline } of await tryManagers(tarball, names)) {
    const ok = usual.ok && offline.ok && !usual.scripts;
    const cells = [name, usual.seconds.toFixed(1), usual.scripts ? 'yes' : 'none', offline.ok ? 'works' : 'fails'];
    row(cells, ok, usual.problem || offline.problem);
  }
}

/** @param {string} project @param {string[]} chosen */
async function checkDeclarations(project, chosen) {
  table('Declarations', 'TypeScript', 'way');
  for (const { version, way, ok, problem } of await checkTypes(project, chosen)) row([version, way], ok, problem);
}

/** @param {string} project */
async function checkTools(project) {
  table('Test runners and bundlers', 'tool');
  for (const { name, ok, problem } of await tryTools(project)) row([name], ok, problem);
}

/** Both ways of loading the package. @param {string} project */
async function checkModules(project) {
  table('Modules', 'way');
  const code = "tensor([1, 2]).mul(2).data().then((v) => console.log(v.join(' ')))";
  for (const [way, args] of Object.entries({
    import: ['--input-type=module', '-e', `import { tensor } from 'anneal'; ${code}`],
    require: ['-e', `const { tensor } = require('anneal'); ${code}`],
    smoke: ['smoke.cjs'],
  })) {
    const { code: status, output } = await run(process.execPath, args, { cwd: project });
    row([way], status === 0 && (way === 'smoke' || output.trim() === '2 4'), status === 0 ? '' : output);
  }
}

await runAsProgram(import.meta.url, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { short: { type: 'boolean', default: false } },
  });
  const parts = ['binaries', 'kernels', 'runtimes', 'managers', 'types', 'tools'];
  const unknown = positionals.find((part) => !parts.includes(part));
  if (unknown) throw new BuildError(`test-package: there is no part '${unknown}'; there are: ${parts.join(', ')}`);
  const wants = (/** @type {string} */ part) => positionals.length === 0 || positionals.includes(part);
  const short = values.short;

  const { tarball, size, unpackedSize } = await packTarball(short);
  table('The tarball', 'packed', 'unpacked');
  row([`${(size / 1e6).toFixed(2)} MB`, `${(unpackedSize / 1e6).toFixed(2)} MB`], size <= mostBytes);
  const project = await installed(tarball);
  try {
    await checkModules(project);
    if (wants('binaries') && !short) await checkBinaries();
    if (wants('kernels') && !short) await checkKernels();
    if (wants('runtimes') && !short) await checkRuntimes(tarball);
    if (wants('managers')) await checkManagers(tarball, short ? ['npm'] : Object.keys(managers));
    if (wants('types')) await checkDeclarations(project, short ? [versions[0] ?? '', versions.at(-1) ?? ''] : versions);
    if (wants('tools') && !short) await checkTools(project);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
  reportTotals([totals]);
});
