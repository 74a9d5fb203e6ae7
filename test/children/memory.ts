// Loops that never dispose and never turn the event loop. Prints the growth of resident memory after a warm-up, in MB.
import { add, memory, ones, scope, synchronize } from 'anneal';
import { network } from './network';

const MB = 2 ** 20;
const elements = (megabytes: number) => [(megabytes * MB) / 4];

const small = ones([4]);
const large = ones(elements(4));

/** Bodies of the loops by name, with the number of rounds. */
const loops: Record<string, [rounds: number, body: (i: number) => unknown]> = {
  add: [1_000_000, () => add(small, small)],
  chain: [200_000, () => small.add(small).mul(0.5).sub(1)],
  train: [10_000, trainBody()],
  large: [5_000, (i) => large.slice(0, 0, elements(1 + (i % 4))[0]).add(1)],
  // The tensor that had the memory is disposed; a view of it is left to the collector.
  views: [3_000, () => scope(() => ones(elements(1)).reshape([-1, 1024]))],
  // What the loss keeps is the graph behind it.
  graphs: [3_000, graphBody()],
};

function trainBody(): () => unknown {
  const { step } = network();
  return step;
}

function graphBody(): () => unknown {
  const weight = ones(elements(1), { requiresGrad: true });
  return () => scope(() => weight.mul(weight).mul(weight).sum());
}

async function main(): Promise<void> {
  const [rounds, body] = loops[process.argv[2] as string] as [number, (i: number) => unknown];
  const warm = rounds / 10;
  for (let i = 0; i < warm; i++) body(i);
  const before = process.memoryUsage.rss();
  let most = before;
  for (let i = 0; i < rounds; i++) {
    body(i);
    if (i % (rounds / 50) === 0) most = Math.max(most, process.memoryUsage.rss());
  }
  const after = process.memoryUsage.rss();
  await synchronize();
  console.log(
    JSON.stringify({ grown: (after - before) / MB, most: (most - before) / MB, rss: after / MB, ...memory() }),
  );
}

void main();
