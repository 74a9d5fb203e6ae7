// Processes and workers that end in the middle of work that fails or takes long, at moments that differ from run to run: none crashes
// or hangs, and the exit code is the one asked for.
import assert from 'node:assert/strict';
import { describeOutcome, runScript } from './children/spawn';

const times = 20;
const atOnce = 5; // processes

// Steps and requests of which some fail, and long products between them. Nobody waits for most of it.
const busy = `
  const a = require(${JSON.stringify(require.resolve('anneal'))});
  const int64 = (values) => a.tensor(values, { dtype: 'int64' });
  const model = new a.nn.Sequential(new a.nn.Linear(16, 32), new a.nn.Tanh(), new a.nn.Linear(32, 4));
  const optimizer = new a.optim.Adam(model.parameters(), { lr: 0.01 });
  const x = a.normal([32, 16]), long = a.ones([400, 400]);
  const train = (y) => {
    const loss = a.nn.crossEntropy(model.forward(x), y);
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return loss;
  };
  const compiled = a.compile(train);
  const work = (i) => {
    const labels = int64(Array.from({ length: 32 }, (_, k) => (i % 3 === 0 && k === i % 32 ? 50 : k % 4)));
    (i % 2 ? compiled : train)(labels).item().catch(() => {});
    if (i % 4 === 0) a.ones([3]).indexSelect(0, int64([9])).data().catch(() => {});
    long.matmul(long);
  };
  const forever = () => {
    let i = 0;
    const turn = () => {
      for (let k = 0; k < 8; k++) work(i++);
      setImmediate(turn);
    };
    turn();
  };
  process.removeAllListeners('warning');
`;

/** What a process does after \`busy\`, its exit code, and what it says. */
const ends: [name: string, script: (round: number) => string, code: number, says: RegExp][] = [
  ['process.exit between turns', (round) => `forever(); setTimeout(() => process.exit(3), ${round});`, 3, /^$/],
  [
    'process.exit in a row of calls',
    (round) => `for (let i = 0; i < ${2 * round}; i++) work(i); process.exit(4);`,
    4,
    /^$/,
  ],
  [
    'an uncaught error',
    (round) => `for (let i = 0; i < ${2 * round}; i++) work(i); throw new Error('in the middle');`,
    1,
    /Error: in the middle/,
  ],
  [
    'an unhandled rejection of a read',
    (round) => `for (let i = 0; i < ${round}; i++) work(i); train(int64(Array(32).fill(60))).item(); forever();`,
    1,
    /IndexError: \[crossEntropy\] target 60 is outside/,
  ],
  [
    'process.exit while fit runs',
    (round) => `
      const trainer = new a.train.Trainer({ model, optimizer, loss: a.nn.crossEntropy, progress: false });
      const labels = Array.from({ length: 6400 }, (_, i) => (i === ${300 * round} ? 70 : i % 4));
      trainer.fit([a.normal([6400, 16]), int64(labels)], { batchSize: 32 }).catch(() => {});
      setTimeout(() => process.exit(5), ${round});`,
    5,
    /^$/,
  ],
];

describe('an end in the middle of failing work', function () {
  this.timeout(120_000);

  for (const [name, script, code, says] of ends) {
    it(`is clean, ${times} times: ${name}`, async () => {
      for (let first = 0; first < times; first += atOnce) {
        const rounds = Array.from({ length: atOnce }, (_, i) => first + i);
        for (const outcome of await Promise.all(rounds.map((round) => runScript(busy + script(round), 60)))) {
          assert.deepEqual([outcome.code, outcome.signal], [code, null], describeOutcome(outcome));
          assert.match(outcome.stderr.trim() + outcome.stdout.trim(), says);
        }
      }
    });
  }

  it(`is clean, ${times} times each: worker.terminate, process.exit and an error in a worker`, async () => {
    const script = `${busy}
      const { Worker } = require('node:worker_threads');
      const code = (end) => ${JSON.stringify(busy)} + end;
      const run = async (end, terminateAfter) => {
        const worker = new Worker(code(end), { eval: true });
        worker.on('error', () => {});
        const exit = new Promise((resolve) => worker.once('exit', resolve));
        if (terminateAfter === undefined) return exit;
        await new Promise((resolve) => worker.once('message', resolve));
        await new Promise((resolve) => setTimeout(resolve, terminateAfter));
        return worker.terminate();
      };
      const post = "require('node:worker_threads').parentPort.postMessage('running');";
      const main = async () => {
        const codes = [];
        for (let round = 0; round < ${times}; round++) {
          const rows = 'for (let i = 0; i < ' + 2 * round + '; i++) work(i);';
          for (let i = 0; i < 4; i++) work(i); // this thread's own work goes on
          codes.push(await Promise.all([
            run(post + 'forever();', round),
            run(post + 'for (let i = 0; ; i++) work(i);', round),
            run(rows + 'process.exit(6);'),
            run(rows + "throw new Error('in the middle');"),
          ]));
        }
        const sum = await a.ones([10]).sum().item();
        console.log(JSON.stringify({ codes: [...new Set(codes.map(String))], sum }));
      };
      main();`;
    const outcome = await runScript(script, 110);
    assert.deepEqual([outcome.code, outcome.signal], [0, null], describeOutcome(outcome));
    assert.deepEqual(JSON.parse(outcome.stdout), { codes: ['1,1,6,1'], sum: 10 });
  });
});
