// What it costs a compiled call to see whether its program still holds: prints { check, call } in nanoseconds, the least of many short
// rounds, which other load on the machine does not reach.
import { compile, crossEntropy, nn, noGrad, normal, optim, type Tensor, tensor } from '../../lib';
import { Snapshot } from '../../lib/compile/snapshot';

const ROUNDS = 400;
const CALLS = 50;

function least(fn: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) fn();
    best = Math.min(best, performance.now() - start);
  }
  return Math.round((1e6 * best) / CALLS);
}

// The snapshot that a call of `f` compares.
function snapshotOf(f: () => unknown): Snapshot {
  const { holds } = Snapshot.prototype;
  let found: Snapshot | undefined;
  Snapshot.prototype.holds = function (this: Snapshot) {
    found = this;
    return holds.call(this);
  };
  f();
  f();
  Snapshot.prototype.holds = holds;
  return found as Snapshot;
}

const model = new nn.Sequential(new nn.Linear(16, 16), new nn.ReLU(), new nn.Dropout(0.1), new nn.Linear(16, 4));
const optimizer = new optim.Adam(model.parameters());
const step = compile((x: Tensor, labels: Tensor) => {
  const loss = crossEntropy(model.forward(x), labels);
  loss.backward();
  optimizer.step();
  optimizer.zeroGrad();
  return loss;
});
const x = normal([1, 16]);
const labels = tensor([1], { dtype: 'int64' });
const train = () => step(x, labels).dispose();
const trainCheck = snapshotOf(train);
const result = { check: least(() => trainCheck.holds()), call: least(train) };
const serving = new nn.Sequential(new nn.Linear(16, 16), new nn.ReLU(), new nn.Linear(16, 4)).compile();
const serve = () => noGrad(() => serving(x)).dispose();
const serveCheck = snapshotOf(serve);
console.log(JSON.stringify({ train: result, serve: { check: least(() => serveCheck.holds()), call: least(serve) } }));
