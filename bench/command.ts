// The command line of the benchmarks, `npm run bench -- ...`, and what is done for it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { outputFile, wholeNumber } from '../examples/command-line';
import { choose, namesOf, type Selection, suiteNames } from './catalog';
import { type Format, formatReport, formats } from './format';
import { measureSuites } from './measure';
import { publish } from './publish/publish';
import { BenchError } from './rival';
import { type PeerName, peerNames } from './suites/suite';

interface Options extends Selection {
  peer: PeerName[];
  json?: string;
  format: Format | 'text';
  rounds?: number;
  iterations?: number;
  list: boolean;
}

const examples = `
Examples:
  npm run bench -- --list                                       suites and their cases
  npm run bench -- mlp                                          our times
  npm run bench -- mlp --peer torch jax --json mlp.jsonl        beside those of PyTorch and JAX
  npm run bench -- gemm --case 512x512x512 --threads 2          one case
  npm run bench -- mlp --peer torch --device cuda               on a GPU
  npm run bench -- mlp --quick                                  does it run?
  npm run bench -- path/to/FILE.ts                              a suite of your own, see bench/README.md
  npm run --silent bench -- mlp --format csv > mlp.csv          a table for other programs
  npm run bench -- report mlp.jsonl                             tables and plots of the documentation

Environment:
  ANNEAL_BENCH_PYTHON   the Pythons that have peers, with the separator of PATH between them
  ANNEAL_ISA            the instruction set to use, avx2 say
`;

/** Where text goes: `print` to standard output, `tell` to standard error, a line each. */
export interface Output {
  print(line: string): void;
  tell(line: string): void;
}

/** The command line, with what to do for it. */
export function commandLine(output: Output): Command {
  const program = new Command('npm run bench --')
    .description(
      'Measures anneal and, in turns with it, other libraries. Results are checked before anything is timed.\n' +
        `Suites: ${suiteNames.join(', ')}.`,
    )
    .addArgument(new Argument('[suites...]', 'what to measure: names of suites, and files with suites of your own'))
    .addOption(new Option('--peer <names...>', 'what to compare with').choices(peerNames).default([], 'nothing'))
    .option('--case <text>', 'only the cases whose name contains the text')
    .option('--threads <n>', 'threads of each rival', wholeNumber(1), 1)
    .addOption(
      new Option('--device <name>', 'where rivals compute; on a GPU only some suites and peers do')
        .choices(['cpu', 'cuda'])
        .default('cpu'),
    )
    .option(
      '--rounds <n>',
      'measurements of each rival (default: 21, fewer in suites of long iterations)',
      wholeNumber(1),
    )
    .option('--iterations <n>', 'iterations in a measurement (default: as many as take 0.15 s)', wholeNumber(1))
    .option('--quick', 'few cases, short measurements: does it run?', false)
    .addOption(
      new Option(
        '--format <format>',
        'what to print: text as it comes, or a report at the end and progress to standard error',
      )
        .choices(['text', ...formats])
        .default('text'),
    )
    .option('--json <file>', 'also write the results to a file, one JSON object per line', outputFile)
    .option('--list', 'print suites and cases, and measure nothing', false)
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', examples)
    .action((words: string[], options: Options) =>
      options.list ? list(words, options, output) : measure(words, options, output),
    );
  program
    .command('report')
    .description('Writes what --json has left into bench/results, the tables of the documentation, and plots.')
    .argument('[files...]', 'results, one JSON object per line (default: those of the newest day in results/local)')
    .action((files: string[]) => publish(join(__dirname, '..'), files, output.print));
  return program;
}

async function list(words: readonly string[], selection: Selection, { print }: Output): Promise<void> {
  for (const choice of await choose(words, selection)) {
    print(`${choice.suite.name}: ${choice.suite.description}`);
    for (const name of namesOf(choice)) print(`  ${name}`);
  }
}

async function measure(words: readonly string[], options: Options, { print, tell }: Output): Promise<void> {
  const { format, json } = options;
  if (words.length === 0) {
    throw new BenchError(
      `[bench] name what to measure: ${suiteNames.join(', ')}, or a file with a suite of your own\n` +
        '--list prints the cases, --help the options.',
    );
  }
  const choices = await choose(words, options);
  const report = await measureSuites(choices, { ...options, tell: format === 'text' ? print : tell });
  const lines = [...report.lines, report.surroundings];
  if (json) await writeFile(json, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  if (format !== 'text') print(formatReport(report, format));
}
