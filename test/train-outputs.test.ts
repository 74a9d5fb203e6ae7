// A Trainer of models with several outputs, and one without an optimizer.
import assert from 'node:assert/strict';
import { ArgumentError, manualSeed, nn, noGrad, optim, scope, type Tensor, tensor, train, uniform } from 'anneal';
import { suite } from './support/check';
import { warningsOf } from './support/warnings';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

interface Heads {
  logits: Tensor;
  sizes: [Tensor];
}

let forwards = 0;

/** A class, and a size. */
class TwoHeads extends nn.Module {
  body = new nn.Linear(3, 8);
  classes = new nn.Linear(8, 2);
  size = new nn.Linear(8, 1);

  forward(x: Tensor): Heads {
    forwards++;
    const h = this.body.forward(x).tanh();
    return { logits: this.classes.forward(h), sizes: [this.size.forward(h)] };
  }
}

const loss = ({ logits, sizes: [size] }: Heads, target: Tensor): Tensor =>
  nn.crossEntropy(logits, target).add(nn.mseLoss(size.reshape([-1]), target.to('float32')));

/** The mean square of the differences of sizes. */
class SizeError implements train.Metric<number, Heads> {
  #sum = 0;
  #count = 0;

  reset(): void {
    [this.#sum, this.#count] = [0, 0];
  }

  update({ sizes: [size] }: Heads, target: Tensor): void {
    const [found, wanted] = [values(size), values(target)];
    this.#sum += found.reduce((sum, value, i) => sum + (value - (wanted[i] as number)) ** 2, 0);
    this.#count += found.length;
  }

  async compute(): Promise<number> {
    return this.#sum / this.#count;
  }
}

/** Of 40 samples: 5 batches of 8. */
function samples(): [Tensor, Tensor] {
  manualSeed(3);
  return [uniform([40, 3]), tensor(Array.from({ length: 40 }, (_, i) => (i * 7) % 2)).to('int64')];
}

function parts() {
  manualSeed(9);
  forwards = 0;
  const model = new TwoHeads();
  return { model, optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }), loss, progress: false };
}

suite('Trainer of several outputs', () => {
  for (const compile of [false, true]) {
    it(`gives loss and metrics what forward returns${compile ? ', compiled' : ''}`, async () => {
      const [x, y] = samples();
      const { model, optimizer, ...rest } = parts();
      const metrics = { size: new SizeError() };
      const trainer = new train.Trainer({ model, optimizer, ...rest, metrics, compile });
      let history: train.History<typeof metrics> = { epochs: [] };
      const warnings = await warningsOf(async () => {
        history = await trainer.fit([x, y], { epochs: 2, batchSize: 8, shuffle: false });
      });
      assert.deepEqual(warnings, []);
      // Twice while the first step is traced, and no more, where steps are compiled.
      assert.ok(compile ? forwards <= 2 : forwards === 10, `forward ran ${forwards} times`);

      // The same in a loop of one's own.
      const { model: other, optimizer: steps } = parts();
      for (let epoch = 0; epoch < 2; epoch++) {
        let [sum, squares] = [0, 0];
        for (let i = 0; i < 40; i += 8) {
          scope(() => {
            const [inputs, target] = [x.slice(0, i, i + 8), y.slice(0, i, i + 8)];
            const output = other.forward(inputs);
            const value = loss(output, target);
            value.backward();
            steps.step();
            steps.zeroGrad();
            sum += value.itemSync() / 5;
            squares += nn.mseLoss(output.sizes[0].reshape([-1]), target.to('float32')).itemSync() / 5;
          });
        }
        const found = history.epochs[epoch] as train.EpochRecord<typeof metrics>;
        // Sums in another order; float32 has 7 digits.
        assert.ok(Math.abs(found.loss - sum) < 1e-6, `${found.loss}, expected ${sum}`);
        assert.ok(Math.abs(found.metrics.size - squares) < 1e-6, `${found.metrics.size}, expected ${squares}`);
      }
    });

    it(`evaluates and predicts without an optimizer${compile ? ', compiled' : ''}`, async () => {
      const [x, y] = samples();
      const { model } = parts();
      const trainer = new train.Trainer({ model, loss, metrics: { size: new SizeError() }, compile, progress: false });
      const wanted = scope(() => noGrad(() => loss(model.forward(x), y).itemSync()));
      const { loss: found } = await trainer.evaluate([x, y], { batchSize: 8 });
      assert.ok(Math.abs(found - wanted) < 1e-6, `${found}, expected ${wanted}`);

      const { logits, sizes } = await trainer.predict(x, { batchSize: 16 });
      const whole = scope(() => noGrad(() => model.forward(x)).logits.dataSync());
      assert.deepEqual(
        [logits.shape, sizes[0].shape],
        [
          [40, 2],
          [40, 1],
        ],
      ); // batches of 16, 16 and 8
      // Products of other shapes round in other places.
      for (const [i, value] of values(logits).entries()) assert.ok(Math.abs(value - Number(whole[i])) < 1e-6);
      for (const tensor of [logits, sizes[0]]) tensor.dispose();
      await assert.rejects(trainer.fit([x, y]), (error: Error) => {
        return error instanceof ArgumentError && /^\[fit\] this trainer has no optimizer/.test(error.message);
      });
    });
  }

  it('says what cannot be joined or measured', async () => {
    const [x, y] = samples();
    const { model, loss: criterion } = parts();
    const trainer = new train.Trainer({
      model,
      loss: criterion,
      metrics: { accuracy: train.accuracy() as never },
      progress: false,
    });
    await assert.rejects(
      trainer.evaluate([x, y]),
      /^ArgumentError: \[accuracy\] expected a tensor as the output, received Object/,
    );

    class Changing extends nn.Module {
      #calls = 0;
      forward(input: Tensor): unknown {
        this.#calls++;
        return this.#calls > 1 ? [input.mul(1)] : { y: input.mul(1) };
      }
    }
    const changing = new train.Trainer({ model: new Changing(), loss: () => tensor(0), compile: false });
    await assert.rejects(
      changing.predict(x),
      /\[predict\] forward returned \[tensor\] for a batch and {y: tensor} for the first/,
    );
    class Nothing extends nn.Module {
      forward(): unknown {
        return 'none';
      }
    }
    const nothing = new train.Trainer({ model: new Nothing(), loss: () => tensor(0), compile: false });
    await assert.rejects(nothing.predict(x), /\[predict\] expected forward to return tensors, received string 'none'/);
  });
});
