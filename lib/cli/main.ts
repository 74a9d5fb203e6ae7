#!/usr/bin/env node
// The command `anneal`: reads the command line, and ends with an exit code of 0 (good), 1 (something is wrong here) or 2 (misuse).
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageVersion } from '../installation';
import { closest } from '../misspelling';
import { doctor } from './doctor';
import { launch } from './launch';
import { Misuse, parseLaunch } from './launch-arguments';
import { buildShim } from './mpi';
import type { Library } from './self-test';

const usage = `Usage: anneal <command> [options]

Commands:
  doctor         says what anneal runs on here, and tests whether it works
  launch [options] SCRIPT [arguments]
                 starts a script as several processes that train together
  mpi build      compiles what anneal needs to use the MPI library of this machine

Options:
  --json         of doctor: print the report as JSON
  -n, --processes N
                 of launch: how many (default: as many as there are processors)
  --max-restarts N
                 of launch: how often all start again when one fails (default 0)
  --min N        of launch: leave out those that failed, down to N
  --nodes N --node I --address HOST --port P
                 of launch: the machines, which of them this is, and where process 0 listens
  -h, --help     print this
  -v, --version  print the version of the package
`;

const commands = ['doctor', 'launch', 'mpi'];
const root = join(__dirname, '..', '..');

/** The package beside this file. Loaded here only: what needs no engine must run without one. */
function load(): Library {
  return require('../index') as Library;
}

function misuse(problem: string): number {
  process.stderr.write(`anneal: ${problem}\n'anneal --help' lists commands and options.\n`);
  return 2;
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', short: 'v', default: false },
    },
  });
}

// What follows the script is the script's.
function startLaunch(args: readonly string[]): Promise<number> | number {
  try {
    return launch(parseLaunch(args));
  } catch (error) {
    if (error instanceof Misuse) return misuse(error.message);
    throw error;
  }
}

async function main(): Promise<number> {
  if (process.argv[2] === 'launch' && !['-h', '--help'].includes(process.argv[3] ?? '')) {
    return startLaunch(process.argv.slice(3));
  }
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    const [problem = ''] = (error as Error).message.split('. '); // what follows is about file names
    return misuse(problem);
  }
  const { help, version, json } = parsed.values;
  const [command, ...rest] = parsed.positionals;
  if (help || version) {
    process.stdout.write(help ? usage : `${packageVersion(root)}\n`);
    return 0;
  }
  if (command === undefined) return misuse('a command is missing');
  if (!commands.includes(command)) {
    const near = closest(command, commands);
    return misuse(`there is no command '${command}'${near === undefined ? '' : `; did you mean '${near}'?`}`);
  }
  if (command === 'mpi') {
    return rest.join(' ') === 'build' ? buildShim(root) : misuse("mpi has one command: 'anneal mpi build'");
  }
  if (rest.length > 0) return misuse(`doctor takes no arguments, received '${rest.join(' ')}'`);
  return doctor(root, load, json);
}

// A reader that has seen enough (`anneal doctor | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// Not left to end by itself: a read that never comes would keep the process alive.
void main().then((code) => process.exit(code));
