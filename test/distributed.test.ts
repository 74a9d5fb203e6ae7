// Several processes: collectives, data parallelism, and what becomes of a process that is gone, late or does something else.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { distributed, tensor } from 'anneal';
import { found, onceReady, runRanks } from './support/ranks';

interface Training {
  runs: { losses: number[]; digest: string }[];
}

describe('several processes', function () {
  this.timeout(120_000);

  it('reduce, broadcast and gather, eagerly and compiled', async () => {
    const outcomes = await found<Record<string, unknown>>('collectives', 2);
    for (const [rank, outcome] of outcomes.entries()) {
      assert.deepEqual(outcome, {
        rank,
        size: 2,
        sum: [3, 10, -1],
        kept: [rank + 1, 10 * rank, 0 - rank],
        mean: [1.5, 5, -0.5],
        min: [1, 0, -1],
        max: [2, 10, 0],
        integers: [2 ** 41, 14],
        turned: [2, 6, 4, 8],
        broadcast: [2, 10, -1],
        gathered: [2, 1, 2],
        gather: [0, 1, 1, 1],
        large: true,
        compiled: [
          [7, 21, -1],
          [11, 25, 3],
          [15, 29, 7],
        ],
        dtype:
          'ERR_DTYPE: [allReduceStart] expected numbers, received bool; convert it to uint8, and reduce by min or max',
        again: 'ERR_DISTRIBUTED: [init] this process is in a group already: finalize() leaves it',
        collectives: 14,
      });
    }
  });

  it('train as one process with the joint batch, with the same bits each time', async () => {
    const [alone] = (await found<Training>('training', 1)) as [Training];
    const twice = [await found<Training>('training', 2), await found<Training>('training', 2)];
    for (const [first, second] of twice as [Training, Training][]) {
      assert.deepEqual(
        first.runs.map(({ digest }) => digest),
        second.runs.map(({ digest }) => digest),
      );
      for (const [i, { losses }] of first.runs.entries()) {
        const expected = alone.runs[i]?.losses as number[];
        assert.equal(losses.length, expected.length);
        // Sums of a batch are taken in another order, and Adam divides by square roots that begin near 0: 1e-4 after 15 steps.
        for (const [step, loss] of losses.entries()) assert.ok(Math.abs(loss - (expected[step] as number)) < 1e-4);
      }
    }
    assert.deepEqual(twice[0], twice[1]);
  });

  it('train by the Trainer as one process with the joint batch', async () => {
    interface Fit {
      losses: number[];
      accuracies: number[];
      validation: number[];
      digest: string;
    }
    const [alone] = (await found<Fit>('trainer', 1)) as [Fit];
    const [first, second] = (await found<Fit>('trainer', 2)) as [Fit, Fit];
    assert.deepEqual(first, second);
    for (const name of ['losses', 'accuracies', 'validation'] as const) {
      // As above.
      for (const [i, value] of first[name].entries())
        assert.ok(Math.abs(value - (alone[name][i] as number)) < 1e-4, name);
    }
  });

  it('divide the state of an optimizer, with the bits of a whole one', async () => {
    interface Run {
      norms: number[];
      digest: string;
      share: number;
      steps: number[];
      sums: number[];
    }
    const outcomes = await found<{ runs: Run[]; refusals: string[]; objects: unknown[] }>('sharded', 3);
    for (const { runs, refusals, objects } of outcomes) {
      for (const [i, { share, ...same }] of runs.entries()) {
        // Eagerly and compiled by turns: a fused sum rounds once where its parts round twice.
        const { share: all, ...expected } = runs[i % 2] as Run;
        assert.equal(all, 1);
        assert.deepEqual(same, expected);
        // A third of 216 elements, as far as that goes: one parameter has 96 of them.
        if (i > 1) assert.ok(share > 0.2 && share < 0.45, `${share}`);
      }
      assert.match(refusals[0] as string, /^ERR_ARGUMENT: .*await distributed\.gatherOptimizerState\(optimizer\)/);
      assert.match(refusals[1] as string, /^ERR_ARGUMENT: .*divided already/);
      assert.deepEqual(objects, [
        { rank: 0, text: 'é', list: [null, true] },
        { rank: 1, text: 'éé', list: [null, true] },
        { rank: 2, text: 'ééé', list: [null, true] },
      ]);
    }
    // All clip by the same norm, that of the averaged gradients.
    assert.deepEqual(
      outcomes[0]?.runs,
      outcomes[1]?.runs.map((run, i) => ({ ...run, share: outcomes[0]?.runs[i]?.share })),
    );
  });

  it('have the buffers of process 0', async () => {
    const [first, second] = await found<{ mean: number[] }>('buffers', 2);
    assert.deepEqual(first, second);
  });

  it('learn what another process has lost, and go on', async () => {
    const outcomes = await found<{ first: string; second: number[] }>('lost', 2);
    assert.match(outcomes[0]?.first as string, /^ERR_DISTRIBUTED: .*rank 1 has lost 'row': .*index 9 is outside/);
    assert.match(outcomes[1]?.first as string, /^ERR_INDEX: .*index 9 is outside/);
    for (const { second } of outcomes) assert.deepEqual(second, [2]);
  });

  it('are told the process and the parameter where models differ', async () => {
    const outcomes = await runRanks('mismatch', 2);
    const words =
      "rank 1 calls broadcast from rank 0 of 'weight', float32 x 12 where rank 0 calls broadcast from rank 0 of 'weight', float32 x 8";
    for (const { stdout, stderr } of outcomes) {
      assert.notEqual(stdout, '', stderr);
      const { error, next } = JSON.parse(stdout);
      assert.ok(error.startsWith(`ERR_DISTRIBUTED: [distributed] ${words}`), error);
      assert.equal(next, error);
    }
  });

  it('hear at once of one that was killed', async () => {
    const outcomes = await runRanks('gone', 2, { started: (child, rank) => rank === 1 && onceReady(child, 'SIGKILL') });
    assert.equal(outcomes[1]?.signal, 'SIGKILL');
    assert.match(
      outcomes[0]?.stdout as string,
      /ERR_DISTRIBUTED: \[distributed\] rank 1 is gone: its process has ended/,
    );
    assert.notEqual(outcomes[0]?.code, 0);
  });

  it('hear within the time-out of one that hangs', async () => {
    const children: ChildProcess[] = [];
    const outcomes = await runRanks('gone', 2, {
      env: { ANNEAL_COMM_TIMEOUT: '3' },
      started: (child, rank) => {
        children.push(child);
        if (rank === 1) onceReady(child, 'SIGSTOP');
        else child.on('exit', () => children[1]?.kill('SIGKILL'));
      },
    });
    assert.match(outcomes[0]?.stdout as string, /rank 1 has not answered for 3 s \(ANNEAL_COMM_TIMEOUT\)/);
  });

  it('hear why one has ended', async () => {
    const outcomes = await runRanks('throws', 2);
    assert.match(outcomes[0]?.stdout as string, /rank 1 ended: its process has failed/);
    assert.match(outcomes[1]?.stderr as string, /as asked/);
    assert.deepEqual([outcomes[0]?.code, outcomes[1]?.code], [1, 1]);
  });
});

describe('one process', () => {
  it('is in no group before init', async () => {
    assert.equal(distributed.rank, 0);
    assert.equal(distributed.size, 1);
    assert.equal(distributed.isInitialized(), false);
    await assert.rejects(distributed.allReduce(tensor([1])).data(), { code: 'ERR_DISTRIBUTED' });
    await assert.rejects(distributed.init({ rank: 0 }), { code: 'ERR_ARGUMENT' });
    await assert.rejects(distributed.init({ rank: 2, size: 2 }), { code: 'ERR_ARGUMENT' });
    await assert.rejects(distributed.init({ transport: 'carrier pigeons' as 'tcp' }), { code: 'ERR_ARGUMENT' });
  });

  it('takes rank and size from the options before the environment', async () => {
    process.env.ANNEAL_WORLD_SIZE = '2';
    try {
      await distributed.init({ rank: 0, size: 1 });
      assert.equal(distributed.size, 1);
      await distributed.finalize();
      await assert.rejects(distributed.init(), /RANK and WORLD_SIZE go together/);
    } finally {
      delete process.env.ANNEAL_WORLD_SIZE;
    }
  });

  it('is told which MPI library there is not, and how to get one', async () => {
    process.env.ANNEAL_MPI_LIBRARY = 'libmpi_that_is_not_there.so';
    try {
      await assert.rejects(distributed.init({ transport: 'mpi' }), {
        code: 'ERR_DEVICE',
        message: /libmpi_that_is_not_there\.so.*pip install mpich.*npx anneal mpi build/s,
      });
    } finally {
      delete process.env.ANNEAL_MPI_LIBRARY;
    }
  });

  it('is a group of its own', async () => {
    await distributed.init();
    try {
      assert.deepEqual(Array.from(await distributed.allReduce(tensor([3, 4]), 'mean').data(), Number), [3, 4]);
      assert.deepEqual(distributed.allGather(tensor([3, 4])).shape, [1, 2]);
    } finally {
      await distributed.finalize();
    }
    await assert.rejects(distributed.finalize(), { code: 'ERR_DISTRIBUTED' });
  });

  it('gives each process its part of an epoch', async () => {
    const order = tensor(new BigInt64Array([5n, 3n, 1n, 0n, 2n, 4n, 6n]));
    const part = async (rank: number, dropLast: boolean) => {
      const sampler = new distributed.DistributedSampler({ rank, size: 3, dropLast });
      return Array.from(await sampler.share(order).data(), Number);
    };
    assert.deepEqual(await Promise.all([0, 1, 2].map((rank) => part(rank, false))), [
      [5, 0, 6],
      [3, 2, 5],
      [1, 4, 3],
    ]);
    assert.deepEqual(await Promise.all([0, 1, 2].map((rank) => part(rank, true))), [
      [5, 0],
      [3, 2],
      [1, 4],
    ]);
    assert.throws(() => new distributed.DistributedSampler({ rank: 3, size: 3 }), { code: 'ERR_ARGUMENT' });
  });
});
