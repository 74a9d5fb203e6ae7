// The ddp suite on our side. This process is rank 0, answers, and tells the other ranks, which it starts, what comes next.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { compile, distributed, io, nn, optim, synchronize, type Tensor } from 'anneal';
import { freePort } from '../../lib/cli/launch';
import type { Job } from '../rival';
import { network, versions } from './anneal_setup';
import { type Contender, serve } from './serve';

class Ranks implements Contender {
  readonly #job: Job;
  readonly #inputs: Record<string, Tensor>;
  readonly #others: readonly ChildProcess[];
  #step: () => Tensor;

  constructor(job: Job, inputs: Record<string, Tensor>, others: readonly ChildProcess[]) {
    this.#job = job;
    this.#inputs = inputs;
    this.#others = others;
    this.#step = this.#start();
  }

  #tell(order: string): void {
    for (const other of this.#others) other.stdin?.write(`${order}\n`);
  }

  /** Lets the others end. They wait for this process to leave the group at its end, so it does not wait for them. */
  close(): void {
    for (const other of this.#others) {
      other.stdin?.end();
      other.unref();
    }
  }

  #start(): () => Tensor {
    const { images, labels, ...weights } = this.#inputs as { images: Tensor; labels: Tensor };
    const single = network(this.#job.widths as readonly number[], weights);
    const model = distributed.isInitialized() ? new distributed.DistributedDataParallel(single) : single;
    const optimizer = new optim.SGD(model.parameters(), { lr: Number(this.#job.lr) });
    return compile(() => {
      const loss = nn.crossEntropy(model.forward(images), labels);
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return loss;
    });
  }

  reset(): void {
    this.#tell('reset');
    this.#step = this.#start();
  }

  async check(): Promise<number[]> {
    this.#tell('run 5');
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push(await this.#step().item());
    return losses;
  }

  async run(iterations: number): Promise<void> {
    this.#tell(`run ${iterations}`);
    for (let i = 0; i < iterations; i++) this.#step().dispose();
    await synchronize();
  }
}

async function prepare(job: Job, rank: number, port: number): Promise<Ranks> {
  const size = Number(job.processes);
  const others: ChildProcess[] = [];
  for (let other = 1; rank === 0 && other < size; other++) {
    const args = [...process.execArgv, __filename, 'rank', String(other), String(port), JSON.stringify(job)];
    others.push(spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'] }));
  }
  if (size > 1) await distributed.init({ transport: 'tcp', rank, size, port, timeout: 60 });
  return new Ranks(job, await io.load(String(job.inputs)), others);
}

async function follow(rank: number, port: number, job: Job): Promise<void> {
  const ranks = await prepare(job, rank, port);
  for await (const order of createInterface(process.stdin)) {
    const [word, count] = order.split(' ');
    if (word === 'reset') ranks.reset();
    else await ranks.run(Number(count));
  }
}

async function lead(): Promise<void> {
  let ranks: Ranks | undefined;
  await serve(async (job) => {
    ranks = await prepare(job, 0, await freePort());
    return ranks;
  }, versions);
  ranks?.close();
}

const [, , role, rank, port, job] = process.argv;
if (role === 'rank') void follow(Number(rank), Number(port), JSON.parse(job as string) as Job);
else void lead();
