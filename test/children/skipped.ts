// An update in place that a failure prevents, at the end of a process or a worker. The argument says which, or that the failure is
// read. Prints the timers that keep the thread alive before it ends, which should be none.
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker } from 'node:worker_threads';
import { noGrad, tensor } from 'anneal';

async function skip(read: boolean): Promise<void> {
  const target = tensor([1, 2, 3]);
  const lost = tensor([1, 2, 3]).indexSelect(0, tensor([70], { dtype: 'int64' }));
  noGrad(() => target.assign(target.add(lost)));
  await target.data();
  if (read) await lost.data().catch(() => {});
  await sleep(100); // by then the failure has been announced
  console.log(JSON.stringify(process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout')));
}

if (isMainThread && process.argv[2] === 'in a worker') {
  new Worker(`require('tsx/cjs'); require(${JSON.stringify(__filename)});`, { eval: true });
} else {
  void skip(process.argv[2] === 'read');
}
