// The command `anneal`, as a process of its own: the report of `anneal doctor`, here and where the engine does not load.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as library from 'anneal';
import { engineInfo, getNumThreads, setNumThreads, type Tensor } from 'anneal';
import { type Library, type Outcome, selfTest } from '../lib/cli/self-test';
import { builtAddon } from './support/addon';
import { hasGpu } from './support/gpu';

const root = join(__dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  bin: { anneal: string };
};
const program = join(root, manifest.bin.anneal);

function anneal(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

interface Report {
  ok: boolean;
  installation: { version: string; binary: { path: string; chosenBy: string; candidates: { path: string }[] } };
  environment: Record<string, string | null>;
  engine: (ReturnType<typeof engineInfo> & { devices: string[]; cuda: library.CudaReport }) | null;
  problem: string | null;
  selfTest: Outcome[];
}

function report(env: NodeJS.ProcessEnv = {}): Report & { status: number | null } {
  const { status, stdout, stderr } = anneal(['doctor', '--json'], env);
  assert.equal(stderr, '');
  return { ...(JSON.parse(stdout) as Report), status };
}

/** The text beside a label of the report, with the lines that continue it. */
function beside(label: string, text: string): string {
  const found = new RegExp(`^${label} {2,}(.*(?:\\n {4,}.*)*)`, 'm').exec(text)?.[1];
  assert.ok(found !== undefined, `${label} in ${text}`);
  return found;
}

describe('anneal doctor', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'anneal-doctor-'));
  after(() => rmSync(folder, { recursive: true }));

  (hasGpu ? it : it.skip)('names the GPUs', () => {
    const { stdout } = anneal(['doctor'], {});
    assert.match(beside('devices', stdout), /^cpu, cuda:0/);
    assert.match(beside('cuda:0', stdout), /, compute capability \d+\.\d, \d+\.\d GB$/);
  });

  it('says what anneal runs on, and that it works', () => {
    const { status, stdout, stderr } = anneal(['doctor'], {
      ANNEAL_NUM_THREADS: '',
      ANNEAL_DEVICE: '',
      ANNEAL_CUDA_LIBRARY: '/nowhere/libanneal_cuda.so',
    });
    assert.equal(stderr, '');
    assert.equal(status, 0, stdout);
    const { isa, compiledIsas, affinity, quota } = engineInfo();
    assert.ok(beside('package', stdout).startsWith(`anneal ${manifest.version} in ${root}`));
    assert.equal(beside('Node\\.js', stdout), process.version);
    assert.ok(beside('platform', stdout).startsWith(`${process.platform}-${process.arch}, `));
    if (process.platform === 'linux') assert.match(beside('C library', stdout), /^(glibc|musl) [\d.]+$/);
    assert.ok(beside('instruction set', stdout).startsWith(`${isa}, `));
    assert.equal(beside('in the binary', stdout), compiledIsas.join(', '));
    assert.equal(Number.parseInt(beside('threads', stdout), 10), Math.min(affinity, quota ?? affinity));
    assert.equal(beside('affinity mask', stdout), `${affinity} processors`);
    assert.equal(beside('ANNEAL_NUM_THREADS', stdout), 'not set');
    assert.equal(beside('devices', stdout), 'cpu');
    assert.equal(beside('CUDA', stdout), 'no library');
    const tests = stdout.slice(stdout.indexOf('self-test\n')).split('\n').slice(1, 7);
    for (const line of tests) assert.match(line, /\S {2,}ok, \d+ ms$/);
    assert.ok(stdout.endsWith('\nanneal works here\n'));
    // The texts stand below each other.
    const [facts = ''] = stdout.split('\n\n');
    const columns = facts.split('\n').map((line) => /^(?:\S+(?: \S+)*)? {2,}/.exec(line)?.[0].length);
    assert.equal(new Set(columns).size, 1, facts);
  });

  it('is JSON for machines', () => {
    const { status, ok, problem, installation, environment, engine, selfTest } = report({ ANNEAL_NUM_THREADS: '3' });
    assert.deepEqual([status, ok, problem], [0, true, null]);
    assert.equal(installation.version, manifest.version);
    assert.equal(environment.ANNEAL_NUM_THREADS, '3');
    assert.deepEqual([engine?.threads, engine?.threadsFrom], [3, 'ANNEAL_NUM_THREADS']);
    assert.equal(engine?.devices[0], 'cpu');
    assert.equal(engine?.cuda.problem === null, engine?.devices.includes('cuda:0'));
    assert.equal(selfTest.length, 6);
    for (const test of selfTest) assert.deepEqual([test.ok, test.problem], [true, null], test.name);
    // The limit, with what a busy machine adds to it.
    assert.ok(selfTest.reduce((sum, { milliseconds }) => sum + milliseconds, 0) < 2100);
  });

  it('says which binary is loaded, and why', () => {
    const usual = report({ ANNEAL_BINARY: '' }).installation.binary;
    assert.deepEqual([usual.path, usual.chosenBy], [builtAddon, 'candidates']);
    const named = report({ ANNEAL_BINARY: usual.path }).installation.binary;
    assert.deepEqual([named.path, named.chosenBy], [usual.path, 'ANNEAL_BINARY']);
    assert.deepEqual(
      usual.candidates.map(({ path }) => path.slice(root.length + 1)),
      [
        join('native', 'build', 'Release', 'anneal.node'),
        join('build', 'cmake', 'Release', 'anneal.node'),
        join('prebuilds', `${process.platform}-${process.arch}`, 'anneal.node'),
      ],
    );
  });

  it('says that a binary is missing', () => {
    const missing = join(folder, 'missing.node');
    const { status, stdout, stderr } = anneal(['doctor'], { ANNEAL_BINARY: missing });
    assert.deepEqual([status, stderr], [1, '']);
    assert.equal(beside('binary', stdout), `${missing} (there is no such file)`);
    assert.equal(beside('ANNEAL_BINARY', stdout), missing);
    assert.equal(beside('engine', stdout), 'does not start');
    assert.match(stdout, /\nanneal does not work here: anneal's binary .*missing\.node does not load on \S+: .+\n$/);
  });

  it('says what is wrong with a binary that is none', () => {
    const text = join(folder, 'text.node');
    writeFileSync(text, 'no binary\n'.repeat(1000));
    const { status, ok, engine, problem, selfTest } = report({ ANNEAL_BINARY: text });
    assert.deepEqual([status, ok, engine, selfTest], [1, false, null, []]);
    assert.match(problem as string, process.platform === 'linux' ? /invalid ELF header/ : /does not load/);
  });

  it('gives the facts of the report in the error of the loader too', () => {
    const env = { ...process.env, ANNEAL_BINARY: join(folder, 'missing.node') };
    const code = "try { require('anneal') } catch (error) { console.log(error.message) }";
    const said = spawnSync(process.execPath, ['-e', code], { cwd: root, encoding: 'utf8', env }).stdout;
    const reported = anneal(['doctor'], env).stdout;
    const [, facts = ''] = said.trimEnd().split('\n\n');
    // The report has longer labels as well, and so wider gaps.
    const lines = (text: string) => text.split('\n').map((line) => line.replace(/ {2,}/g, '  '));
    assert.equal(lines(facts).length, 10, said);
    assert.deepEqual(lines(facts), lines(reported).slice(0, 10));
  });

  it('is content with a reader that goes away', async () => {
    const child = spawn(process.execPath, [program, 'doctor'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const problems = child.stderr.setEncoding('utf8').toArray();
    assert.deepEqual(await once(child, 'close'), [0, null]);
    assert.deepEqual(await problems, []);
  });

  it('says that the engine does not start, and why', () => {
    const { status, engine, problem } = report({ ANNEAL_ISA: 'mmx' });
    assert.deepEqual([status, engine], [1, null]);
    assert.match(problem as string, /^ANNEAL_ISA is 'mmx', but this build has for this processor: \w+/);
  });
});

describe('the self-test of anneal doctor', () => {
  const loaded = library as unknown as Library; // the same by its declarations in dist
  const run = (changed: Partial<Library>) =>
    selfTest(
      { ...loaded, ...changed },
      () => {},
      () => {},
    );

  it('names the test that fails, and goes on', async () => {
    const compile = (fn: (x: Tensor) => Tensor) => (x: Tensor) => fn(x).add(1);
    const outcomes = await run({ compile: compile as unknown as Library['compile'] });
    const failed = outcomes.filter(({ ok }) => !ok);
    assert.deepEqual(
      failed.map(({ name }) => name),
      ['compiled call, bits of the eager one'],
    );
    assert.match(failed[0]?.problem as string, /^element 0 is \S+ instead of \S+, or has other bits$/);
    assert.equal(outcomes.length, 6);
  });

  it('ends after two seconds, also when a result never comes', async () => {
    const start = performance.now();
    const outcomes = await run({ io: { ...loaded.io, serialize: () => new Promise(() => {}) } });
    assert.ok(performance.now() - start >= 1990); // a timer may come a little early
    const problems = outcomes.map(({ problem }) => problem);
    const notRun = 'not run: the tests before it took 2 s';
    assert.deepEqual(problems.slice(3), ['not done after the 2 s that all tests have', notRun, notRun]);
    assert.deepEqual(new Set(problems.slice(0, 3)), new Set([null]));
  });
});

describe('the command anneal', () => {
  it('refuses what it does not know, with exit code 2', () => {
    const wrong: [string[], string][] = [
      [['docter'], "there is no command 'docter'; did you mean 'doctor'?"],
      [['train'], "there is no command 'train'"],
      [[], 'a command is missing'],
      [['doctor', '--jsn'], "Unknown option '--jsn'"],
      [['doctor', 'here'], "doctor takes no arguments, received 'here'"],
    ];
    for (const [args, problem] of wrong) {
      const { status, stdout, stderr } = anneal(args);
      assert.deepEqual([status, stdout], [2, ''], args.join(' '));
      assert.equal(stderr, `anneal: ${problem}\n'anneal --help' lists commands and options.\n`);
    }
  });

  it('tells usage and version, also without an engine', () => {
    const env = { ANNEAL_BINARY: '/nowhere' };
    const help = anneal(['--help'], env);
    assert.deepEqual([help.status, help.stderr], [0, '']);
    assert.match(help.stdout, /^Usage: anneal <command>/);
    assert.match(help.stdout, /^ {2}doctor {2,}\S/m);
    assert.deepEqual(anneal(['--version'], env), { status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it('is a program', () => {
    assert.match(readFileSync(program, 'utf8'), /^#!\/usr\/bin\/env node\n/);
    assert.equal(statSync(program).mode & 0o111, 0o111);
  });
});

describe('engineInfo', () => {
  it('says where the number of threads comes from, and which memory there is', () => {
    const threads = getNumThreads();
    setNumThreads(threads);
    const info = engineInfo();
    assert.deepEqual([info.threads, info.threadsFrom], [threads, 'setNumThreads']);
    assert.ok(info.compiledIsas.includes(info.isa));
    assert.ok(Number.isInteger(info.affinity) && info.affinity >= 1);
    assert.ok(info.quota === null || info.quota >= 1);
    if (process.platform === 'linux') assert.ok((info.availableMemory as number) > 1e6);
    assert.ok(info.cgroupMemoryLimit === null || info.cgroupMemoryLimit >= (info.availableMemory as number));
  });
});
