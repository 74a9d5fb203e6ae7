// An update in place that a failure prevents, at the end of a process or a worker. The argument says which, or that the failure is
// read. Prints how long the end took.
import { isMainThread, Worker } from 'node:worker_threads';
import { noGrad, tensor } from 'anneal';

async function skip(read: boolean): Promise<void> {
  const target = tensor([1, 2, 3]);
  const lost = tensor([1, 2, 3]).indexSelect(0, tensor([70], { dtype: 'int64' }));
  noGrad(() => target.assign(target.add(lost)));
  await target.data();
  if (read) await lost.data().catch(() => {});
}

if (isMainThread) {
  let begun = performance.now();
  process.on('exit', () => console.log(JSON.stringify({ milliseconds: performance.now() - begun })));
  if (process.argv[2] === 'in a worker') {
    const worker = new Worker(`require('tsx/cjs'); require(${JSON.stringify(__filename)});`, { eval: true });
    worker.on('online', () => {
      begun = performance.now();
    });
  } else {
    void skip(process.argv[2] === 'read');
  }
} else {
  void skip(false);
}
