// Rivals written in C++: compiled when they are first needed, and kept as long as nothing of them changes.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BenchError, type Launcher } from '../rival';

const execute = promisify(execFile);
const root = join(__dirname, '..', '..');
const folder = join(root, 'bench', 'results', 'local', 'programs');
const built = join(root, 'native', 'build', 'Release');

interface Recipe {
  flags: string[];
  /** What Debian calls the library, for a peer. */
  packages?: string;
}

/** How to compile and link, by the beginning of the file's name. */
function recipeOf(file: string): Recipe {
  const [name] = file.split(/[_.]/);
  const recipes: Record<string, Recipe> = {
    anneal: { flags: ['-I', join(root, 'native'), ...group(engineLibraries())] },
    peak: { flags: [process.arch === 'x64' ? '-march=native' : '-mcpu=native'] },
    openblas: { flags: ['-lopenblas'], packages: 'libopenblas-dev' },
    blis: { flags: ['-lblis'], packages: 'libblis-dev' },
    onednn: { flags: ['-ldnnl'], packages: 'libdnnl-dev' },
  };
  return recipes[name] ?? { flags: [] };
}

/** The engine and its kernels, as node-gyp left them. */
function engineLibraries(): string[] {
  const libraries = existsSync(built) ? readdirSync(built).filter((name) => name.endsWith('.a')) : [];
  return libraries.map((name) => join(built, name));
}

// They need each other: kernels call the engine's pool, and the engine names the kernels.
function group(libraries: string[]): string[] {
  return process.platform === 'linux' ? ['-Wl,--start-group', ...libraries, '-Wl,--end-group'] : libraries;
}

/** What starts the program of a file in bench/peers, or why it cannot. */
export async function native(file: string): Promise<Launcher | string> {
  const compiler = await findCompiler();
  if (compiler === undefined) return 'no C++ compiler was found; to get one: apt-get install g++';
  const { flags, packages } = recipeOf(file);
  const executable = join(folder, `${file.replace('.cc', '')}-${keyOf(file, [...compiler, ...flags])}`);
  const launcher = { command: executable, args: [], words: true };
  if (existsSync(executable)) return launcher;
  await mkdir(folder, { recursive: true });
  if (packages !== undefined && !(await links(compiler, flags))) {
    return `its library is not installed; to get it: apt-get install ${packages}`;
  }
  await compile(compiler, file, flags, executable);
  return launcher;
}

/** With the arguments that CXX may carry. */
async function findCompiler(): Promise<string[] | undefined> {
  if (process.env.CXX) return process.env.CXX.split(' ');
  const { findProgram } = await import('../../scripts/command.mjs');
  const compiler = findProgram('g++', 'clang++', 'c++');
  return compiler === null ? undefined : [compiler];
}

// Everything that the program depends on. The stamp is the hash of the engine's sources.
function keyOf(file: string, command: string[]): string {
  const sources = [file, ...readdirSync(__dirname).filter((name) => name.endsWith('.h'))];
  const stamp = join(built, 'anneal.stamp');
  const hash = createHash('sha256').update(JSON.stringify([command, cpus()[0]?.model]));
  for (const source of sources) hash.update(readFileSync(join(__dirname, source)));
  if (file.startsWith('anneal') && existsSync(stamp)) hash.update(readFileSync(stamp));
  return hash.digest('hex').slice(0, 12);
}

async function links([program, ...args]: string[], flags: string[]): Promise<boolean> {
  const output = join(folder, `probe-${process.pid}`);
  try {
    await execute(program, [...args, '-x', 'c++', '/dev/null', '-c', '-o', `${output}.o`]);
    await execute(program, [...args, '-shared', `${output}.o`, ...flags, '-o', output]);
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([rm(output, { force: true }), rm(`${output}.o`, { force: true })]);
  }
}

async function compile([program, ...args]: string[], file: string, flags: string[], executable: string): Promise<void> {
  const options = ['-std=c++20', '-O3', '-ffp-contract=fast', '-Wall', '-Wextra', '-pthread'];
  const output = `${executable}.${process.pid}`;
  try {
    await execute(program, [...args, ...options, join(__dirname, file), ...flags, '-o', output]);
  } catch (error) {
    const reason = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new BenchError(`[bench] ${file} does not compile:\n${reason}`);
  }
  const base = `${file.replace('.cc', '')}-`;
  const older = readdirSync(folder).filter((name) => name.startsWith(base) && !name.includes('.'));
  await rename(output, executable);
  await Promise.all(older.map((name) => rm(join(folder, name), { force: true })));
}
