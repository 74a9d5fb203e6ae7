// The command `anneal doctor`: what anneal runs on here, and whether it works.
import { alignRows, type Installation, inspectInstallation, installationRows, type Row } from '../installation';
import { messageOf } from '../kinds';
import { type Library, nameWidth, type Outcome, selfTest } from './self-test';

/** What `anneal doctor --json` prints. */
interface Report {
  /** Whether the engine loads and every test has passed. */
  ok: boolean;
  installation: Installation;
  /** Environment variables that anneal reads; null where one is not set. */
  environment: Record<string, string | null>;
  /** What the engine says of itself; null when it does not start. */
  engine: Engine | null;
  /** Why the engine does not start; null when it does. */
  problem: string | null;
  selfTest: Outcome[];
}

type Engine = ReturnType<Library['engineInfo']> & { devices: string[]; cuda: ReturnType<Library['cudaInfo']> };

/**
 * Prints the report of the package in the folder `root`, which `load` loads. Gives the exit code.
 * What is known is printed at once: should the engine crash, the last line says in which test.
 */
export async function doctor(root: string, load: () => Library, json: boolean): Promise<number> {
  const print = (text: string) => {
    if (!json) process.stdout.write(text);
  };
  const names = ['ANNEAL_BINARY', 'ANNEAL_CUDA_LIBRARY', 'ANNEAL_DEVICE', 'ANNEAL_ISA', 'ANNEAL_NUM_THREADS'];
  const report: Report = {
    ok: false,
    installation: inspectInstallation(root),
    environment: Object.fromEntries(names.map((name) => [name, process.env[name] || null])),
    engine: null,
    problem: null,
    selfTest: [],
  };
  const rows = installationRows(report.installation);
  try {
    const anneal = load();
    report.engine = { ...anneal.engineInfo(), devices: anneal.devices(), cuda: anneal.cudaInfo() };
    print(`${alignRows([...rows, ...engineRows(report.engine)])}\n\nself-test\n`);
    report.selfTest = await selfTest(
      anneal,
      (name) => print(`${name.padEnd(nameWidth)}  `),
      ({ milliseconds, problem }) => print(problem === null ? `ok, ${milliseconds} ms\n` : `failed: ${problem}\n`),
    );
  } catch (error) {
    report.problem = messageOf(error).split('\n\n')[0] as string; // the loader's goes on with rows that are printed here
    print(`${alignRows([...rows, ['engine', 'does not start']])}\n`);
  }
  const failed = report.selfTest.filter(({ ok }) => !ok).length;
  report.ok = report.problem === null && failed === 0;
  if (report.problem !== null) print(`\nanneal does not work here: ${report.problem}\n`);
  else print(failed === 0 ? '\nanneal works here\n' : `\n${failed} of ${report.selfTest.length} tests failed\n`);
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return report.ok ? 0 : 1;
}

function engineRows(engine: Engine): Row[] {
  const { isa, compiledIsas, threads, threadsFrom, affinity, quota, cgroupMemoryLimit, availableMemory, devices } =
    engine;
  const origins = {
    affinity: 'as many as the affinity mask of the process has processors',
    quota: "as many as the cgroup's CPU quota comes to",
    ANNEAL_NUM_THREADS: 'set by ANNEAL_NUM_THREADS',
    setNumThreads: 'set by setNumThreads',
  };
  const { ANNEAL_ISA, ANNEAL_NUM_THREADS } = process.env;
  const ignored = ANNEAL_NUM_THREADS && threadsFrom !== 'ANNEAL_NUM_THREADS' ? ', ignored: not a number above 0' : '';
  return [
    ['instruction set', `${isa}, ${ANNEAL_ISA ? 'set by ANNEAL_ISA' : 'the highest that binary and processor have'}`],
    ['in the binary', compiledIsas.join(', ')],
    ['threads', `${threads}, ${origins[threadsFrom]}`],
    ['affinity mask', `${affinity} processors`],
    ['cgroup quota', quota === null ? 'none' : `${quota} processors`],
    ['ANNEAL_NUM_THREADS', ANNEAL_NUM_THREADS ? `${ANNEAL_NUM_THREADS}${ignored}` : 'not set'],
    ['memory limit', cgroupMemoryLimit === null ? 'none' : `${inGigabytes(cgroupMemoryLimit)}, of the cgroup`],
    ['available memory', availableMemory === null ? 'unknown' : inGigabytes(availableMemory)],
    ['devices', devices.join(', ')],
    ...cudaRows(engine.cuda),
  ];
}

function cudaRows({ problem, found, emulated, runtime, driver, architectures, gpus }: Engine['cuda']): Row[] {
  if (!found) return [['CUDA', problem?.includes('not installed') ? 'no library' : `${problem}`]];
  const version = (number: number) => `${Math.floor(number / 1000)}.${(number % 1000) / 10}`;
  const rows: Row[] = gpus.map(({ name, capability, memory }, i) => [
    `cuda:${i}`,
    `${name}, compute capability ${capability}, ${inGigabytes(memory)}`,
  ]);
  const library = emulated ? 'an emulated GPU, for tests' : `for CUDA ${version(runtime)} and ${architectures}`;
  const drivers = driver === 0 ? 'no driver' : `a driver for CUDA ${version(driver)}`;
  return [['CUDA', `${library}; ${problem ?? drivers}`], ...rows];
}

function inGigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
