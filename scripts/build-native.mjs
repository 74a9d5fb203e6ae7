// Builds anneal.node and engine_tests in native/build/Release with node-gyp. Incremental; without network where
// Node's headers lie beside its binary.
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { BuildError, findProgram, root, run, runAsProgram } from './command.mjs';
import { levelsToBuild } from './levels.mjs';
import { filesBelow, hashOf, isFresh, writeStamp } from './stamp.mjs';

const folder = 'native/build/Release';
const stamp = `${folder}/anneal.stamp`;
const products = [`${folder}/anneal.node`, `${folder}/engine_tests`];

const howToGet = `  Debian, Ubuntu:  apt-get install g++ make python3
  Fedora:          dnf install gcc-c++ make python3
  Alpine:          apk add g++ make python3
  macOS:           xcode-select --install`;

function sourceHash() {
  const sources = filesBelow('native', /\.(cc|h|def|json)$/);
  return hashOf(
    [...sources, 'native/binding.gyp', 'scripts/build-native.mjs', 'node_modules/node-addon-api/package.json'],
    process.platform,
    process.arch,
    ...levelsToBuild(),
  );
}

export function nativeIsFresh() {
  return isFresh(stamp, sourceHash(), products);
}

/** The folder that holds include/node of the running Node, or null: node-gyp then downloads the headers. */
function nodeFolder() {
  const folder = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(folder, 'include/node/common.gypi')) ? folder : null;
}

/** The environment of the build: our Node first, and the compiler that was found. */
function toolchain() {
  if (process.platform === 'win32') {
    throw new BuildError('anneal: the engine does not build on Windows itself; use the Windows Subsystem for Linux.');
  }
  const compiler = process.env.CXX || findProgram('g++', 'clang++', 'c++');
  const missing = [
    compiler ? '' : 'a C++20 compiler (g++ 11 or later, or clang++ 14 or later)',
    findProgram(process.env.MAKE || 'make', 'gmake') ? '' : 'make',
    findProgram(process.env.PYTHON || 'python3', 'python') ? '' : 'Python 3',
  ].filter(Boolean);
  if (!compiler || missing.length > 0) {
    throw new BuildError(`anneal: building the engine needs ${missing.join(', ')}, not found on PATH.\n${howToGet}`);
  }
  checkCompiler(compiler);
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, PATH: path };
  // node-gyp's makefiles assume g++ and gcc.
  if (!process.env.CXX && !compiler.endsWith('g++')) {
    env.CXX = compiler;
    env.CC ??= compiler.replace(/\+\+$/, compiler.endsWith('clang++') ? '' : 'c');
  }
  return env;
}

/** @param {string} compiler may carry arguments, as CXX does */
function checkCompiler(compiler) {
  const [program, ...args] = compiler.split(' ');
  const flags = [
    '-std=c++20',
    ...(process.arch === 'x64' ? ['-mavx512vl', '-mavx512dq'] : []),
    '-fsyntax-only',
    '-x',
    'c++',
    '-',
  ];
  try {
    const input = '#include <cstdint>\ntemplate <class T> concept Any = true;\n';
    execFileSync(program, [...args, ...flags], { input, stdio: ['pipe', 'ignore', 'pipe'] });
  } catch (error) {
    const reason = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new BuildError(
      `anneal: ${compiler} cannot compile C++20 (g++ 11 or later, or clang++ 14 or later, can):\n${reason}\n${howToGet}`,
    );
  }
}

/** Shows the file that is being compiled on a terminal, and nothing elsewhere. */
function progressLine() {
  const width = process.stderr.columns ?? 80;
  /** @param {string} text */
  const show = (text) => process.stderr.isTTY && process.stderr.write(`\r${text.slice(0, width - 1)}\x1b[K`);
  let compiled = 0;
  return {
    /** @param {string} line of make's output */
    onLine(line) {
      const match = /^ {2}CXX\(target\) Release\/obj\.target\/(\S+)\.o$/.exec(line);
      if (match) show(`  ${++compiled}  ${match[1]}`);
    },
    end() {
      show('');
      return compiled;
    },
  };
}

export async function buildNative() {
  const env = toolchain();
  const hash = sourceHash();
  const node = nodeFolder();
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  if (!existsSync(gyp)) throw new BuildError('anneal: node_modules is missing; run `npm ci` first.');

  console.error('anneal: building the native engine (some minutes the first time)');
  const begin = performance.now();
  const progress = progressLine();
  const args = [
    gyp,
    'configure',
    'build',
    '--directory=native',
    '--loglevel=warn',
    `--jobs=${process.env.JOBS || availableParallelism()}`,
  ];
  if (node) args.push(`--nodedir=${node}`);
  const { code, output } = await run(process.execPath, args, { env, onLine: progress.onLine });
  const compiled = progress.end();
  if (code !== 0) throw new BuildError(`${output}\nanneal: the native build failed; the compiler's output is above.`);
  if (/\bwarning:/.test(output)) console.error(output.replace(/^ {2}(CXX|AR|SOLINK_MODULE|LINK|COPY|TOUCH).*\n/gm, ''));
  writeStamp(stamp, hash);
  console.error(
    `anneal: native engine built, ${compiled} files in ${((performance.now() - begin) / 1000).toFixed(1)} s`,
  );
}

await runAsProgram(import.meta.url, buildNative);
