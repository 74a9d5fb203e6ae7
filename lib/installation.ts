// What is installed here, as far as it can be told without the engine: for the loader's errors and for `anneal doctor`.
import { existsSync, readFileSync } from 'node:fs';
import { release, type } from 'node:os';
import { join } from 'node:path';

/** Which binary is loaded, and why. */
export interface BinaryChoice {
  /** Null when there is none. */
  path: string | null;
  /** `ANNEAL_BINARY` comes first; without it, the first of the candidates that exists is loaded. */
  chosenBy: 'ANNEAL_BINARY' | 'candidates' | null;
  candidates: { path: string; exists: boolean }[];
}

/** The binary to load. `ANNEAL_BINARY` names one of another build, such as one with sanitizers. */
export function chooseBinary(root: string): BinaryChoice {
  const candidates = [
    join(root, 'native', 'build', 'Release', 'anneal.node'),
    join(root, 'build', 'cmake', 'Release', 'anneal.node'),
    prebuiltBinary(root),
  ].map((path) => ({ path, exists: existsSync(path) }));
  const named = process.env.ANNEAL_BINARY;
  if (named) return { path: named, chosenBy: 'ANNEAL_BINARY', candidates };
  const found = candidates.find(({ exists }) => exists);
  return { path: found?.path ?? null, chosenBy: found ? 'candidates' : null, candidates };
}

/** The binary that the package brings for this system; on Linux, one for every C library. */
export function prebuiltBinary(root: string): string {
  return join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'anneal.node');
}

/** What to do where there is no binary, in a sentence or two. */
export function howToGetBinary(root: string): string {
  if (packageName(root) !== 'anneal') {
    return (
      'This code of anneal is not in its own package: a bundler has copied it, without the binary. Keep anneal out of the bundle ' +
      "(esbuild: --external:anneal; webpack: externals: { anneal: 'commonjs anneal' }; Rollup and Vite: external: ['anneal']), " +
      'or name the file of the binary in the environment variable ANNEAL_BINARY.'
    );
  }
  const command = existsSync(join(root, 'scripts')) ? 'npm run build' : 'npx node-gyp rebuild --directory native';
  return `Build it with '${command}' in ${root} (needs Python 3, make, a C++20 compiler and the package node-addon-api)`;
}

/** What is installed, and on what. */
export interface Installation {
  /** The folder of the package. */
  root: string;
  /** Of the package; null when its package.json is missing. */
  version: string | null;
  node: string;
  platform: string;
  arch: string;
  /** The operating system with its release. */
  system: string;
  /** The C library with its version, which a binary may not fit; null off Linux. */
  cLibrary: string | null;
  binary: BinaryChoice;
}

/** The facts about the package in the folder `root`. */
export function inspectInstallation(root: string): Installation {
  return {
    root,
    version: packageVersion(root),
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    system: `${type()} ${release()}`,
    cLibrary: cLibrary(),
    binary: chooseBinary(root),
  };
}

/** The version in the package.json of the folder `root`; null when there is none. */
export function packageVersion(root: string): string | null {
  return manifestOf(root)?.version ?? null;
}

function packageName(root: string): string | null {
  return manifestOf(root)?.name ?? null;
}

function manifestOf(root: string): { name?: string; version?: string } | null {
  const file = join(root, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function cLibrary(): string | null {
  if (process.platform !== 'linux') return null;
  const report = process.report.getReport() as {
    header?: { glibcVersionRuntime?: string };
    sharedObjects?: string[];
  };
  const glibc = report.header?.glibcVersionRuntime;
  if (glibc) return `glibc ${glibc}`;
  const loader = report.sharedObjects?.find((path) => path.includes('ld-musl'));
  const version = loader === undefined ? undefined : muslVersion(loader);
  return version === undefined ? 'musl' : `musl ${version}`;
}

/** The loader of musl is a program, which tells its version when it is called without arguments. */
function muslVersion(loader: string): string | undefined {
  const { spawnSync } = process.getBuiltinModule('node:child_process'); // not above: it would load with every program
  const { stderr } = spawnSync(loader, { encoding: 'utf8' });
  return /^Version (\S+)/m.exec(stderr ?? '')?.[1];
}

/** A line of a report: a label, and one or more lines of text beside it. */
export type Row = readonly [label: string, ...lines: string[]];

/** The facts in words. */
export function installationRows({ root, version, node, platform, arch, ...rest }: Installation): Row[] {
  const { system, cLibrary, binary } = rest;
  const reasons = {
    ANNEAL_BINARY: 'ANNEAL_BINARY names it, which comes before the candidates',
    candidates: 'it is the first of the candidates that exists',
  };
  const exists = binary.path !== null && existsSync(binary.path);
  const missing = binary.chosenBy === 'ANNEAL_BINARY' && !exists ? ' (there is no such file)' : '';
  return [
    ['package', `anneal ${version ?? '(package.json is missing)'} in ${root}`],
    ['Node.js', node],
    ['platform', `${platform}-${arch}, ${system}`],
    ['C library', cLibrary ?? "the system's"],
    ['binary', binary.path === null ? 'none' : `${binary.path}${missing}`],
    ['chosen because', binary.chosenBy === null ? 'none of the candidates exists' : reasons[binary.chosenBy]],
    ['candidates', ...binary.candidates.map(({ path, exists }) => `${path} (${exists ? 'exists' : 'missing'})`)],
    ['ANNEAL_BINARY', process.env.ANNEAL_BINARY || 'not set'],
  ];
}

/** The rows with their texts below each other. */
export function alignRows(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows
    .flatMap(([label, ...lines]) => lines.map((line, i) => `${(i === 0 ? label : '').padEnd(width)}  ${line}`))
    .join('\n');
}
