// Random walks among failures in several threads at once: node --import tsx test/children/failure-walks.ts [walks] [threads] [seed]
// Prints JSON: how many walks, reads and lost results, the seconds, and what differs from the model, if anything does.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Seen } from '../support/failure-walk';
import { sumOf, walkMany } from '../support/failure-walks';

interface Task {
  first: number;
  count: number;
  step: number;
}

process.removeAllListeners('warning'); // of updates that failures prevent

// Through CommonJS: Node 20 does not pass --import on to workers.
const code = `require('tsx/cjs'); require(${JSON.stringify(__filename)});`;

async function inWorker(task: Task): Promise<Seen> {
  const worker = new Worker(code, { eval: true, workerData: task });
  const [seen] = (await once(worker, 'message')) as [Seen];
  return seen;
}

async function main(): Promise<void> {
  const [walks = 1000, threads = 1, seed = 1] = process.argv.slice(2).map(Number);
  const start = performance.now();
  const tasks = Array.from({ length: threads }, (_, i) => ({
    first: seed + i,
    count: Math.ceil((walks - i) / threads),
    step: threads,
  }));
  const [own, ...others] = tasks as [Task, ...Task[]];
  const seen = sumOf(await Promise.all([...others.map(inWorker), walkMany(own.first, own.count, own.step)]));
  console.log(JSON.stringify({ walks, ...seen, seconds: (performance.now() - start) / 1000 }));
}

if (isMainThread) void main();
else {
  const { first, count, step } = workerData as Task;
  void walkMany(first, count, step).then((seen) => parentPort?.postMessage(seen));
}
