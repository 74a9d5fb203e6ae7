// Time to load, and room on the disk.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure, FigureOptions } from '../figures';
import { launchers } from '../peers/launchers';
import { BenchError } from '../rival';
import type { PeerName } from './suite';

const root = join(__dirname, '..', '..');
const npm = join(__dirname, '..', 'peers', 'npm', 'node_modules');

/** How a peer is loaded, and its folder: named by a module of Python, or a path. */
const footprints: Partial<Record<PeerName, { load: string; module?: string; folder?: string }>> = {
  torch: { load: 'import torch', module: 'torch' },
  jax: { load: 'import jax; jax.numpy.zeros(1)', module: 'jaxlib' },
  onnxruntime: {
    load: `require(${JSON.stringify(join(npm, 'onnxruntime-node'))})`,
    folder: join(npm, 'onnxruntime-node'),
  },
  'tfjs-wasm': {
    load: `require(${JSON.stringify(join(npm, '@tensorflow', 'tfjs-backend-wasm'))})`,
    folder: join(npm, '@tensorflow'),
  },
};

/** Milliseconds in a fresh process by its own clock, which begins when the runtime has started. */
export async function loadingTime(options: FigureOptions): Promise<Figure> {
  const rivals = [{ impl: 'anneal', runtime: process.execPath, load: "require('anneal')" }];
  for (const { peer, runtime, load } of await installed(options)) rivals.push({ impl: peer, runtime, load });
  const values = rivals.map(({ impl }) => ({ impl, rounds: [] as number[] }));
  const { rounds = 11, quick } = options;
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    for (const [i, { runtime, load }] of rivals.entries()) values[i].rounds.push(millisecondsOf(runtime, load));
  }
  return { case: 'load', unit: 'ms', values };
}

/** Ours is what the package unpacks to, and the binary for this machine; others without what they depend on. */
export async function roomOnDisk(options: FigureOptions): Promise<Figure> {
  const values = [{ impl: 'anneal', rounds: [packageMegabytes()] }];
  for (const { peer, runtime, module, folder } of await installed(options)) {
    const path = folder ?? output(runtime, `import ${module}; print(${module}.__path__[0])`).trim();
    values.push({ impl: peer, rounds: [folderMegabytes(path)] });
  }
  return { case: 'disk', unit: 'MB', values };
}

async function installed({ peers, skip }: FigureOptions) {
  const found = [];
  for (const peer of peers) {
    const footprint = footprints[peer];
    const launcher = footprint ? await launchers[peer]('') : `${peer} is not loaded or installed by itself`;
    if (typeof launcher === 'string') skip(peer, launcher);
    else if (footprint) found.push({ peer, runtime: launcher.command, ...footprint });
  }
  return found;
}

function millisecondsOf(runtime: string, code: string): number {
  const inNode = `const begin = performance.now(); ${code}; console.log(performance.now() - begin)`;
  const inPython = `import time; begin = time.perf_counter(); ${code}; print(1000 * (time.perf_counter() - begin))`;
  return Number(output(runtime, runtime === process.execPath ? inNode : inPython));
}

function output(runtime: string, code: string): string {
  const args = [runtime === process.execPath ? '-e' : '-c', code];
  const { status, stdout, stderr } = spawnSync(runtime, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new BenchError(`[bench] ${runtime} ${args.join(' ')} failed:\n${stderr}`);
  return stdout;
}

function packageMegabytes(): number {
  const pack = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const npmFile = process.env.npm_execpath ?? '';
  const [program, args] = npmFile.endsWith('.js') ? [process.execPath, [npmFile, ...pack]] : ['npm', pack];
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new BenchError(`[bench] npm pack failed:\n${stderr}`);
  const [{ unpackedSize }] = JSON.parse(stdout) as { unpackedSize: number }[];
  return (unpackedSize + statSync(join(root, 'native', 'build', 'Release', 'anneal.node')).size) / 1e6;
}

function folderMegabytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0) / 1e6;
}
