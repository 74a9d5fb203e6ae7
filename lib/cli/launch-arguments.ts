// The command line of `anneal launch`: options, then the script, then what is the script's.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { LaunchOptions } from './launch';

const options = {
  processes: { type: 'string', short: 'n' },
  'max-restarts': { type: 'string' },
  min: { type: 'string' },
  nodes: { type: 'string' },
  node: { type: 'string' },
  address: { type: 'string' },
  port: { type: 'string' },
} as const;

/** What is wrong with a command line. */
export class Misuse extends Error {}

/** @throws Misuse */
export function parseLaunch(args: readonly string[]): LaunchOptions {
  const at = scriptAt(args);
  const script = args[at];
  if (script === undefined) throw new Misuse('launch needs a script: anneal launch -n 2 train.js');
  const values = parse(args.slice(0, at));
  const processes = integer('processes', values.processes, 1, availableParallelism());
  const nodes = integer('nodes', values.nodes, 1, 1);
  const node = integer('node', values.node, 0, 0);
  if (node >= nodes) throw new Misuse(`--node ${node} is not below --nodes ${nodes}`);
  if (nodes > 1 && (values.address === undefined || values.port === undefined)) {
    throw new Misuse('several nodes need --address and --port, where process 0 listens');
  }
  const min = values.min === undefined ? undefined : integer('min', values.min, 1, 1);
  if (min !== undefined && (min > processes || nodes > 1)) {
    throw new Misuse(`--min ${min} is for one node with at least as many processes`);
  }
  return {
    processes,
    nodes,
    node,
    address: values.address ?? '127.0.0.1',
    port: integer('port', values.port, 1, 0),
    maxRestarts: integer('max-restarts', values['max-restarts'], 0, 0),
    min,
    script,
    args: args.slice(at + 1),
  };
}

// The first argument that is neither an option nor an option's value.
function scriptAt(args: readonly string[]): number {
  let at = 0;
  while (args[at]?.startsWith('-')) at += args[at]?.includes('=') || /^-n\d/.test(args[at] as string) ? 1 : 2;
  return at;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new Misuse((error as Error).message.split('. ')[0]);
  }
}

function integer(name: string, text: string | undefined, least: number, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new Misuse(`expected an integer of at least ${least} for --${name}, received '${text}'`);
}
