// Builds the libraries with the kernels for GPUs from cuda/: build/cuda/libanneal_cuda_emulated.so with the C++ compiler, which runs
// them on the CPU, for tests; and libanneal_cuda.so with nvcc, where that is. Incremental: an object is made again when one of the
// files that it was made from has changed.
//
// With `checked`, libanneal_cuda_checked.so and faults_test: the former with checks of every access to memory.
//
//   node scripts/build-cuda.mjs [emulated] [checked] [gpu]     the first and the last without arguments
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { BuildError, findProgram, root, run, runAsProgram } from './command.mjs';
import { filesBelow, hashOf, isFresh, writeStamp } from './stamp.mjs';

const folder = 'build/cuda';
export const emulatedLibrary = `${folder}/libanneal_cuda_emulated.so`;
export const checkedLibrary = `${folder}/libanneal_cuda_checked.so`;
export const gpuLibrary = `${folder}/libanneal_cuda.so`;
export const faultsTest = `${folder}/faults_test`;

/** Whether the emulation runs on this system and processor. */
export function emulates() {
  return process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
}

/** Of the engine, which the kernels share. */
const shared = ['dtype', 'error', 'format', 'pointwise'].map((name) => `native/core/${name}.cc`);
const includes = ['-Icuda', '-Inative'];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/**
 * One file and the command that compiles it, without its output.
 * @typedef {{ source: string, object: string, command: string[] }} Unit
 */

/** @returns {string[]} program and arguments */
function compiler() {
  return (process.env.CXX ?? findProgram('g++', 'clang++', 'c++') ?? 'g++').split(' ');
}

/** @param {string} architectures */
const defines = (architectures) => [`-DANNEAL_VERSION="${version}"`, `-DANNEAL_ARCHITECTURES="${architectures}"`];

/**
 * Contraction is off for kernels: they say where a product is not rounded before it is added to. `checked`: with the calls that
 * cuda/emulation/checks.cc defines around every access of a kernel to memory.
 * @param {boolean} checked
 * @param {string[]} more
 */
function emulatedUnits(checked = false, more = []) {
  const checks = (/** @type {string} */ source) => {
    if (!checked) return [];
    const kernels = /^cuda\/([^/]+\.cu|test\/.*)$/.test(source);
    return [
      '-DANNEAL_CHECKS',
      ...(kernels ? ['-fsanitize=thread', '--param', 'tsan-instrument-func-entry-exit=0'] : []),
    ];
  };
  const flags = ['-std=c++20', '-O1', '-fPIC', '-fvisibility=hidden', '-pthread', '-Wall', '-Wextra', ...includes];
  const arithmetic = ['-ffp-contract=off', ...(process.arch === 'x64' ? ['-mfma'] : []), ...defines('emulated')];
  const emulation = filesBelow('cuda/emulation', /\.cc$/).filter((file) => checked || !file.endsWith('/checks.cc'));
  const sources = [...filesBelow('cuda', /\.cu$/), ...emulation, ...shared, ...more];
  return sources.map((source) => ({
    source,
    object: `${folder}/${checked ? 'checked' : 'emulated'}/${source.replaceAll('/', '_')}.o`,
    command: [...compiler(), ...flags, ...arithmetic, ...checks(source), '-x', 'c++', '-c', source],
  }));
}

/**
 * Compiles what is not fresh, a few files at a time.
 * @param {Unit[]} units
 * @returns {Promise<number>} how many were compiled
 */
async function compile(units) {
  const stale = units.filter((unit) => !isFresh(`${unit.object}.stamp`, hashOfUnit(unit), [unit.object]));
  const queue = [...stale];
  const work = async () => {
    for (let unit = queue.shift(); unit; unit = queue.shift()) {
      mkdirSync(join(root, unit.object, '..'), { recursive: true });
      const [program = '', ...args] = unit.command;
      const { code, output } = await run(program, [...args, '-o', unit.object, '-MMD', '-MF', `${unit.object}.d`]);
      if (code !== 0) throw new BuildError(`${output}\nanneal: ${unit.source} does not compile`);
      writeFileSync(join(root, `${unit.object}.log`), output);
      if (/\bwarning\b/i.test(output)) console.error(output);
      writeStamp(`${unit.object}.stamp`, hashOfUnit(unit));
    }
  };
  await Promise.all(Array.from({ length: Number(process.env.JOBS) || availableParallelism() }, work));
  return stale.length;
}

/**
 * Of the command and of the files of ours that the object was made from.
 * @param {Unit} unit
 */
function hashOfUnit({ source, object, command }) {
  const list = `${object}.d`;
  const made = existsSync(join(root, list)) ? readFileSync(join(root, list), 'utf8') : source;
  const files = made.split(/[\s\\]+/).filter((file) => /^(cuda|native)\//.test(file) && existsSync(join(root, file)));
  return hashOf(files.length > 0 ? files : [source], ...command);
}

/**
 * @param {string} name
 * @param {Unit[]} units
 * @param {(objects: string[], library: string) => string[]} link the command
 */
async function build(name, units, link) {
  const begin = performance.now();
  const library = `${folder}/${name}`;
  const compiled = await compile(units);
  const objects = units.map(({ object }) => object);
  const stamp = `${library}.stamp`;
  const hash = hashOf([...objects, 'cuda/exports.map', 'scripts/build-cuda.mjs']);
  if (compiled === 0 && isFresh(stamp, hash, [library])) return;
  const [program = '', ...args] = link(objects, library);
  const { code, output } = await run(program, args);
  if (code !== 0) throw new BuildError(`${output}\nanneal: ${library} does not link`);
  writeStamp(stamp, hash);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.error(`anneal: ${basename(library)} built, ${compiled} files in ${seconds} s`);
}

/**
 * @param {string[]} objects
 * @param {string} library
 */
const linkEmulated = (objects, library) => [
  ...compiler(),
  ...[
    '-shared',
    '-pthread',
    '-static-libstdc++',
    '-static-libgcc',
    '-Wl,--version-script=cuda/exports.map',
    '-Wl,--no-undefined',
  ],
  ...[...objects, '-o', library],
];

/** The library that computes on the CPU, for tests. */
export async function buildEmulated() {
  await build('libanneal_cuda_emulated.so', emulatedUnits(), linkEmulated);
}

/** The same with checks of every access to memory, and the program that tests those. */
export async function buildChecked() {
  await build('libanneal_cuda_checked.so', emulatedUnits(true), linkEmulated);
  const test = 'cuda/test/faults_test.cc';
  const units = emulatedUnits(true, [test]).filter(({ source }) => !/^cuda\/[^/]+\.cu$|library\.cu$/.test(source));
  await build('faults_test', units, (objects, program) => [...compiler(), '-pthread', ...objects, '-o', program]);
}

/** What is compiled: a GPU runs the code of its own generation, and later ones translate the last (PTX). */
const architectures = ['75', '80', '86', '89', '90', '100', '120'];

/** The architectures to compile for: all, or those that ANNEAL_CUDA_ARCHITECTURES names (80; 80,90). */
function wantedArchitectures() {
  const wanted = process.env.ANNEAL_CUDA_ARCHITECTURES?.split(',') ?? architectures;
  const unknown = wanted.find((one) => !architectures.includes(one));
  if (unknown === undefined) return wanted;
  throw new BuildError(
    `anneal: ANNEAL_CUDA_ARCHITECTURES names '${unknown}', but there is code for: ${architectures.join(', ')}`,
  );
}

/** @param {string} nvcc */
function gpuUnits(nvcc) {
  const wanted = wantedArchitectures();
  const codes = wanted.map((one) => `--generate-code=arch=compute_${one},code=sm_${one}`);
  const last = wanted.at(-1);
  const flags = [
    '-std=c++20',
    '-O3',
    '-fmad=false',
    '--compress-mode=size',
    ...codes,
    `--generate-code=arch=compute_${last},code=compute_${last}`,
  ];
  const host = ['-Xcompiler=-fPIC,-fvisibility=hidden,-Wall', '-Werror=all-warnings', '-Xptxas=-v', ...includes];
  const sources = [...filesBelow('cuda', /\.cu$/), ...shared];
  return sources.map((source) => ({
    source,
    object: `${folder}/gpu/${source.replaceAll('/', '_')}.o`,
    command: [nvcc, ...flags, ...host, ...defines(`sm_${wanted.join(' sm_')}`), '-c', source],
  }));
}

/** The library for GPUs, where there is nvcc. Gives false where there is none. */
export async function buildGpu() {
  const nvcc = findProgram('nvcc') ?? findProgram('/usr/local/cuda/bin/nvcc');
  if (!nvcc) return false;
  const units = gpuUnits(nvcc);
  await build('libanneal_cuda.so', units, (objects, library) => [
    ...[nvcc, '-shared', '-cudart=static', '-Xcompiler=-static-libstdc++,-static-libgcc'],
    ...['-Xlinker=--version-script=cuda/exports.map', '-Xlinker=--strip-all', ...objects, '-o', library],
  ]);
  writeFileSync(join(root, folder, 'kernels.json'), `${JSON.stringify(reportOfKernels(units), null, 2)}\n`);
  return true;
}

/**
 * What ptxas says of each kernel on each architecture: registers of a thread, and bytes that go through memory for want of them.
 * @param {Unit[]} units
 */
function reportOfKernels(units) {
  const rows = [];
  for (const { source, object } of units) {
    const log = existsSync(join(root, `${object}.log`)) ? readFileSync(join(root, `${object}.log`), 'utf8') : '';
    const pattern =
      /Compiling entry function '(\S+)' for '(\S+)'[\s\S]*?(\d+) bytes spill stores, (\d+) bytes spill loads[\s\S]*?Used (\d+) registers/g;
    for (const [, kernel, architecture, stores, loads, registers] of log.matchAll(pattern)) {
      rows.push({ source, kernel, architecture, registers: Number(registers), spills: Number(stores) + Number(loads) });
    }
  }
  return rows;
}

await runAsProgram(import.meta.url, async () => {
  const wanted = process.argv.slice(2);
  if (wanted.length === 0 || wanted.includes('emulated')) await buildEmulated();
  if (wanted.includes('checked')) await buildChecked();
  if (wanted.length > 0 && !wanted.includes('gpu')) return;
  if (!(await buildGpu())) console.error('anneal: nvcc was not found, so the library for GPUs is not built');
});
