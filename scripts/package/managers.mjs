// Installs the tarball with each package manager: with its defaults, and then offline with scripts forbidden.
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, root, run } from '../command.mjs';
import { npmCommand } from '../npm.mjs';
import { emptyProject, installTools } from './stage.mjs';

const node = process.execPath;

/**
 * `command` begins the manager's command line; `add` and `offline` continue it; `prepare` writes what a project needs before.
 * `lock` is what the usual installation found out, where the offline one needs it.
 * `run` starts a program of the project where that is not Node alone.
 * @typedef {object} Manager
 * @property {() => Promise<string[]>} command
 * @property {(tarball: string) => string[]} add
 * @property {(tarball: string) => string[]} offline
 * @property {NodeJS.ProcessEnv} [env] of the offline installation
 * @property {string} [lock] a file of the project
 * @property {(project: string) => void} [prepare]
 * @property {(command: string[], program: string) => string[]} [run]
 */

/** @param {string} name @param {string[]} packages @param {string} program of the last one, below node_modules */
const ofNpm = (name, packages, program) => async () => [
  node,
  join(await installTools(name, ...packages), 'node_modules', program),
];

/** @param {string} project @param {string} linker */
function writeYarnFiles(project, linker) {
  writeFileSync(join(project, 'yarn.lock'), '');
  writeFileSync(join(project, '.yarnrc.yml'), `nodeLinker: ${linker}\nenableGlobalCache: true\n`);
}

const yarn4 = {
  command: ofNpm('yarn-4', ['@yarnpkg/cli-dist@4'], '@yarnpkg/cli-dist/bin/yarn.js'),
  add: (/** @type {string} */ tarball) => ['add', `anneal@file:${tarball}`],
  offline: (/** @type {string} */ tarball) => ['add', `anneal@file:${tarball}`],
  env: { YARN_ENABLE_NETWORK: '0', YARN_ENABLE_SCRIPTS: '0' },
  lock: 'yarn.lock', // without which it asks the registry what fits `^4.2.3`, cache or not
};

const npm = {
  add: (/** @type {string} */ tarball) => ['install', '--no-audit', '--no-fund', tarball],
  offline: (/** @type {string} */ tarball) => ['install', '--offline', '--ignore-scripts', tarball],
};

/** @type {Record<string, Manager>} */
export const managers = {
  npm: { ...npm, command: async () => npmCommand() },
  'npm 12': { ...npm, command: ofNpm('npm-12', ['npm@12'], 'npm/bin/npm-cli.js') },
  'pnpm 10': {
    command: ofNpm('pnpm-10', ['pnpm@10'], 'pnpm/bin/pnpm.cjs'),
    add: (tarball) => ['add', tarball],
    offline: (tarball) => ['add', '--offline', '--ignore-scripts', tarball],
  },
  'yarn 1': {
    command: ofNpm('yarn-1', ['yarn@1'], 'yarn/bin/yarn.js'),
    add: (tarball) => ['add', `file:${tarball}`],
    offline: (tarball) => ['add', '--offline', '--ignore-scripts', `file:${tarball}`],
  },
  'yarn 4, node-modules': { ...yarn4, prepare: (project) => writeYarnFiles(project, 'node-modules') },
  'yarn 4, PnP': {
    ...yarn4,
    prepare: (project) => writeYarnFiles(project, 'pnp'),
    run: (command, program) => [...command, 'node', program],
  },
  bun: {
    // Its own package fetches the program by a script; the program's package needs none.
    command: async () => [
      join(await installTools('bun', '@oven/bun-linux-x64'), 'node_modules/@oven/bun-linux-x64/bin/bun'),
    ],
    add: (tarball) => ['add', tarball],
    offline: (tarball) => ['add', '--ignore-scripts', '--prefer-offline', tarball],
  },
};

/** The beginning of a command line without network, where the system allows it. */
async function withoutNetwork() {
  const unshare = findProgram('unshare');
  return unshare && (await run(unshare, ['-n', 'true'])).code === 0 ? [unshare, '-n'] : [];
}

/**
 * Installs the tarball into an empty project and runs the smoke there.
 * @param {Manager} manager
 * @param {string[]} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {string} [lock] what the manager's lock file holds at first
 */
async function install(manager, command, args, env, lock) {
  const project = emptyProject('install');
  try {
    manager.prepare?.(project);
    if (manager.lock && lock) writeFileSync(join(project, manager.lock), lock);
    copyFileSync(join(root, 'test/package/smoke.cjs'), join(project, 'smoke.cjs'));
    const begin = performance.now();
    const [program = '', ...rest] = [...command, ...args];
    // The manager must not take itself for a part of the npm that runs this.
    const outer = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    const installed = await run(program, rest, { cwd: project, env: { ...Object.fromEntries(outer), ...env } });
    const seconds = (performance.now() - begin) / 1000;
    if (installed.code !== 0) return { seconds, ok: false, problem: installed.output, scripts: false, lock: '' };
    const [runner = '', ...runArgs] = manager.run?.(command, 'smoke.cjs') ?? [node, 'smoke.cjs'];
    const smoke = await run(runner, runArgs, { cwd: project });
    const scripts =
      /node-gyp|build scripts/i.test(installed.output) || existsSync(join(project, 'node_modules/anneal/native/build'));
    const settled = manager.lock ? readFileSync(join(project, manager.lock), 'utf8') : '';
    return { seconds, ok: smoke.code === 0, problem: smoke.code === 0 ? '' : smoke.output, scripts, lock: settled };
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/**
 * @param {string} tarball
 * @param {string[]} names
 */
export async function tryManagers(tarball, names) {
  const isolated = await withoutNetwork();
  const rows = [];
  for (const name of names) {
    const manager = /** @type {Manager} */ (managers[name]);
    const command = await manager.command();
    const usual = await install(manager, command, manager.add(tarball), {});
    const offline = await install(
      manager,
      [...isolated, ...command],
      manager.offline(tarball),
      manager.env ?? {},
      usual.lock,
    );
    rows.push({ name, usual, offline });
  }
  return rows;
}
