// Progress bars: on a terminal only, and only when wanted.
import assert from 'node:assert/strict';
import { nn, optim, tensor, train } from 'anneal';

// What is written to standard error while `body` runs, with it posing as a terminal or as a file.
async function written(terminal: boolean, body: () => Promise<unknown>): Promise<string> {
  const { stderr } = process;
  const former = { isTTY: stderr.isTTY, write: stderr.write };
  let text = '';
  stderr.isTTY = terminal;
  stderr.write = ((chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  }) as typeof stderr.write;
  try {
    await body();
  } finally {
    Object.assign(stderr, former);
  }
  return text;
}

function trainOnce(progress: boolean | undefined, source?: Iterable<train.Batch>): Promise<train.History> {
  const model = new nn.Linear(1, 1);
  const optimizer = new optim.SGD(model.parameters());
  const trainer = new train.Trainer({
    model,
    optimizer,
    loss: nn.mseLoss,
    ...(progress === undefined ? {} : { progress }),
  });
  const x = tensor([[1], [2], [3]]);
  return source ? trainer.fit(source) : trainer.fit([x, x], { batchSize: 1, epochs: 2 });
}

describe('progress bars', () => {
  it('show epochs, batches and the final loss on a terminal', async () => {
    let loss = Number.NaN;
    const text = await written(true, async () => {
      loss = (await trainOnce(undefined)).epochs[1].loss;
    });
    for (const part of ['Epoch 1/2', 'Epoch 2/2', '3/3', `loss ${loss.toFixed(4)}`])
      assert.ok(text.includes(part), part);
  });

  it('count batches whose number is not known', async () => {
    const x = tensor([[1]]);
    function* source(): Generator<train.Batch> {
      for (let i = 0; i < 4; i++) yield [x, x];
    }
    assert.match(await written(true, () => trainOnce(undefined, source())), /Epoch 1\/1 4 \| loss/);
  });

  it('are silent in files and when not wanted', async () => {
    assert.equal(await written(false, () => trainOnce(true)), '');
    assert.equal(await written(true, () => trainOnce(false)), '');
  });
});
