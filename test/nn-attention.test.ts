// nn: attention, positions and what is made of them, against PyTorch's modules.
import assert from 'node:assert/strict';
import {
  arange,
  bernoulli,
  compile,
  Generator,
  grad,
  manualSeed,
  memory,
  nn,
  normal,
  ones,
  resetPeakMemory,
  rotaryAngles,
  rotaryEmbedding,
  scaledDotProductAttention,
  scope,
  type Tensor,
  tensor,
} from 'anneal';
import { suite } from './support/check';
import { difference } from './support/close';
import { caseResults, expectedOf, moduleCases } from './support/modules';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);
const random = (shape: number[], seed: number): Tensor => normal(shape, { generator: new Generator(seed) });

suite('modules against PyTorch', () => {
  // Several products and normalisations one after the other, of up to some hundred terms.
  const ALLOWED = { float32: 3e-5, float64: 1e-12 };
  for (const each of moduleCases) {
    for (const dtype of ['float64', 'float32'] as const) {
      it(`${each.name}, ${dtype}`, () => {
        scope(() => {
          for (const [name, result] of caseResults(each, dtype)) {
            const expected = { ...expectedOf(each, name), dtype };
            const problem = difference(result, expected, { relative: 0, scaled: ALLOWED[dtype] });
            assert.equal(problem, undefined, `${name}: ${problem}`);
          }
        });
      });
    }
  }
});

describe('scaledDotProductAttention', () => {
  it('holds no matrix of all scores, forward or backward', () => {
    const peak = (time: number): number =>
      scope(() => {
        const [q, k, v] = [1, 2, 3].map((seed) => random([1, 2, time, 16], seed)) as [Tensor, Tensor, Tensor];
        for (const x of [q, k, v]) x.requiresGrad = true;
        const before = memory().live;
        resetPeakMemory();
        const out = scaledDotProductAttention(q, k, v, { isCausal: true, dropout: 0.1 });
        const gradients = grad([out], [q, k, v], { gradOutputs: [ones(out.shape)] });
        for (const gradient of gradients) gradient?.dataSync();
        return memory().peak - before;
      });
    const [short, long] = [peak(512), peak(2048)];
    assert.ok(long < 4.5 * short, `${short} bytes at 512 positions, ${long} at 2048`);
    assert.ok(long < 2048 * 2048 * 4, `${long} bytes`); // a matrix of one head
  });

  it('drops weights by the generator, and goes on from there', () => {
    const [q, k, v] = [random([2, 3, 5, 4], 1), random([2, 3, 7, 4], 2), random([2, 3, 7, 4], 3)];
    const generator = new Generator(5);
    const draw = () => values(scaledDotProductAttention(q, k, v, { dropout: 0.5, generator }));
    const first = draw();
    assert.equal(generator.state.offset, 2 * 3 * 5 * 2);
    assert.notDeepEqual(draw(), first);
    generator.manualSeed(5);
    assert.deepEqual(draw(), first);
    // Equal weights of values of 1: the mean of what is kept, divided by what is expected to be.
    const even = scaledDotProductAttention(q.mul(0), ones([2, 3, 400, 4]), ones([2, 3, 400, 1]), {
      dropout: 0.25,
      generator,
    });
    const mean = even.mean().itemSync();
    assert.ok(Math.abs(mean - 1) < 0.03, `${mean}`); // five standard errors of 12,000 weights
    assert.deepEqual(values(scaledDotProductAttention(q, k, v, { dropout: 1 })), Array(120).fill(0));
  });

  it('drops the same weights backward in a compiled function, and others in each run', () => {
    const x = random([2, 6, 4], 1);
    const parameter = new nn.Parameter(random([2, 6, 4], 2));
    const step = () => {
      const out = scaledDotProductAttention(x, x, parameter, { dropout: 0.5 });
      const [gradient] = grad([out], [parameter], { gradOutputs: [ones(out.shape)] }) as [Tensor];
      return [out, gradient] as const;
    };
    manualSeed(3);
    const eager = [step(), step(), step()].map((results) => results.map(values));
    manualSeed(3);
    const compiled = compile(step);
    const replayed = [compiled(), compiled(), compiled()].map((results) => results.map(values));
    assert.deepEqual(replayed, eager);
    assert.notDeepEqual(eager[0], eager[1]);
  });

  it('names what does not fit', () => {
    const [q, k] = [ones([2, 3, 4]), ones([2, 5, 4])];
    assert.throws(
      () => scaledDotProductAttention(q, ones([2, 5, 3]), k),
      /queries and keys must have rows of one size/,
    );
    assert.throws(() => scaledDotProductAttention(q, k, ones([2, 6, 4])), /a value for each key/);
    assert.throws(() => scaledDotProductAttention(q, k.to('float64'), k), { name: 'DTypeError' });
    assert.throws(() => scaledDotProductAttention(ones([4]), k, k), /at least matrices/);
    assert.throws(() => scaledDotProductAttention(q, k, k, { mask: ones([3, 4]) }), { name: 'ShapeError' });
    assert.throws(() => scaledDotProductAttention(q, k, k, { mask: ones([3, 5]), isCausal: true }), /not both/);
    assert.throws(
      () => scaledDotProductAttention(q, k, k, { mask: ones([3, 5], { dtype: 'int64' }) }),
      /a mask is bool/,
    );
    assert.throws(() => scaledDotProductAttention(q, k, k, { dropout: 2 }), /from 0 to 1/);
    assert.throws(() => scaledDotProductAttention(ones([3, 3, 4]), k, k, { enableGqa: true }), /multiple/);
  });
});

describe('nn.MultiheadAttention', () => {
  it('gives the same with weights and without them', () => {
    const layer = new nn.MultiheadAttention(8, 2, { generator: new Generator(1) });
    const x = random([5, 3, 8], 2);
    const options = { attnMask: bernoulli([5, 5], 0.3, { dtype: 'bool', generator: new Generator(4) }) };
    const [slow, weights] = layer.forward(x, x, x, options);
    const [fast, none] = layer.forward(x, x, x, { ...options, needWeights: false });
    assert.ok(slow.allclose(fast, { atol: 1e-6 }));
    assert.deepEqual([weights?.shape, none], [[3, 5, 5], null]);
    const [causal] = layer.forward(x, x, x, { isCausal: true, needWeights: false });
    const mask = arange(5).reshape([5, 1]).lt(arange(5));
    assert.ok(causal.allclose(layer.forward(x, x, x, { attnMask: mask })[0], { atol: 1e-6 }));
    const padded = { keyPaddingMask: tensor([[0, 0, 0, 0, 1]], { dtype: 'bool' }).expand([3, 5]), isCausal: true };
    const [first] = layer.forward(x, x, x, { ...padded, needWeights: false });
    assert.ok(first.allclose(layer.forward(x, x, x, padded)[0], { atol: 1e-6 }));
  });

  it('drops weights in training mode only', () => {
    const layer = new nn.MultiheadAttention(8, 2, { dropout: 0.5, batchFirst: true });
    const x = random([2, 6, 8], 2);
    const run = () => values(layer.forward(x, x, x, { needWeights: false })[0]);
    assert.notDeepEqual(run(), run());
    layer.eval();
    assert.deepEqual(run(), run());
  });

  it('has the state of PyTorch, and refuses what does not fit', () => {
    const names = (layer: nn.Module) => Object.keys(layer.stateDict());
    assert.deepEqual(names(new nn.MultiheadAttention(4, 2)).sort(), [
      'inProjBias',
      'inProjWeight',
      'outProj.bias',
      'outProj.weight',
    ]);
    assert.deepEqual(names(new nn.MultiheadAttention(4, 2, { bias: false, kdim: 3 })).sort(), [
      'kProjWeight',
      'outProj.weight',
      'qProjWeight',
      'vProjWeight',
    ]);
    assert.match(String(new nn.MultiheadAttention(4, 2)), /^MultiheadAttention\(4, 2\n/);
    assert.throws(() => new nn.MultiheadAttention(5, 2), /2 heads do not divide 5 features/);
    const layer = new nn.MultiheadAttention(4, 2);
    const x = ones([3, 1, 4]);
    assert.throws(() => layer.forward(x, ones([3, 4]), ones([3, 4])), { name: 'ShapeError' });
    assert.throws(() => layer.forward(x, x, x, { keyPaddingMask: ones([3]) }), /keyPaddingMask is \[batch, keys\]/);
    assert.throws(() => layer.forward(x, x, x, { attnMask: ones([3, 3], { dtype: 'int64' }) }), { name: 'DTypeError' });
  });
});

describe('positions', () => {
  it('turned by their angles, queries and keys agree by their distance alone', () => {
    for (const interleaved of [false, true]) {
      const layer = new nn.RotaryEmbedding(8, { interleaved, maxLength: 32 });
      const [q, k] = [random([1, 8], 1), random([1, 8], 2)];
      const agreement = (i: number, j: number) => layer.forward(q, i).mul(layer.forward(k, j)).sum().itemSync();
      for (const [i, j] of [
        [3, 1],
        [20, 18],
        [31, 29],
      ] as const) {
        assert.ok(Math.abs(agreement(i, j) - agreement(2, 0)) < 1e-5, `${interleaved} ${i} ${j}`);
      }
      assert.ok(Math.abs(agreement(2, 0) - agreement(3, 0)) > 1e-3);
    }
  });

  it('may be a number, a tensor of it, or one for each row', () => {
    const x = random([2, 3, 4, 8], 1);
    const rotary = new nn.RotaryEmbedding(6, { maxLength: 16 });
    const expected = values(rotary.forward(x, 5));
    const [cosines, sines] = rotaryAngles(16, 6);
    assert.deepEqual(values(rotaryEmbedding(x, cosines.slice(0, 5, 9), sines.slice(0, 5, 9))), expected);
    assert.deepEqual(values(rotary.forward(x, tensor(5, { dtype: 'int64' }))), expected);
    const each = arange(5, 9).expand([2, 4]);
    assert.deepEqual(values(rotary.forward(x, each)), expected);
    assert.throws(() => rotary.forward(x, 13), /positions 13 to 16 are beyond the 16/);
    const learned = new nn.PositionalEmbedding(16, 8);
    assert.deepEqual(values(learned.forward(x, 5)), values(x.add(learned.weight.slice(0, 5, 9))));
    learned
      .forward(x, tensor(2, { dtype: 'int64' }))
      .sum()
      .backward();
    const rows = values((learned.weight.grad as Tensor).sum(1));
    assert.deepEqual(rows, [0, 0, 48, 48, 48, 48, ...Array(10).fill(0)]);
    assert.equal(rotary.forward(x.to('float64')).dtype, 'float64');
  });

  it('as sines and cosines are those of the paper', () => {
    const layer = new nn.SinusoidalPositionalEncoding(5, { maxLength: 10 });
    const found = values(layer.forward(ones([3, 5]).mul(0), 2));
    for (const [i, x] of found.entries()) {
      const [position, feature] = [2 + Math.floor(i / 5), i % 5];
      const angle = position / 10_000 ** ((feature - (feature % 2)) / 5);
      assert.ok(Math.abs(x - (feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle))) < 1e-6);
    }
    assert.deepEqual(layer.parameters(), []);
    assert.throws(() => layer.forward(ones([3, 4])), { name: 'ShapeError' });
    const dropping = new nn.SinusoidalPositionalEncoding(8, { dropout: 0.5 });
    assert.ok(values(dropping.forward(ones([20, 8]).add(2))).some((x) => x === 0));
  });
});

describe('nn.KeyValueCache', () => {
  it('gives a compiled step, traced once, what attention to the whole past gives', () => {
    const [batch, heads, time, dim] = [2, 3, 9, 8];
    const [q, k, v] = [1, 2, 3].map((seed) => random([batch, heads, time, dim], seed)) as [Tensor, Tensor, Tensor];
    const rotary = new nn.RotaryEmbedding(dim, { maxLength: 16 });
    const whole = scaledDotProductAttention(rotary.forward(q), rotary.forward(k), v, { isCausal: true });
    const cache = new nn.KeyValueCache(batch, heads, 300, dim);
    let traces = 0;
    const step = compile((query: Tensor, key: Tensor, value: Tensor) => {
      traces++;
      const turned = rotary.forward(query, cache.position);
      const { keys, values, mask } = cache.append(rotary.forward(key, cache.position), value);
      return scaledDotProductAttention(turned, keys, values, { mask });
    });
    const at = (x: Tensor, from: number, to: number) => x.slice(2, from, to);
    for (let round = 0; round < 2; round++) {
      const first = step(at(q, 0, 4), at(k, 0, 4), at(v, 0, 4));
      const rest = [4, 5, 6, 7, 8].map((i) => step(at(q, i, i + 1), at(k, i, i + 1), at(v, i, i + 1)));
      for (const [i, out] of [first, ...rest].entries()) {
        const expected = i === 0 ? at(whole, 0, 4) : at(whole, i + 3, i + 4);
        assert.ok(out.allclose(expected, { atol: 1e-6 }), `position ${i}`);
      }
      assert.equal(cache.position.itemSync(), 9);
      cache.reset();
    }
    assert.ok(traces <= 4, `traced ${traces} times`); // for each number of positions, once more where memory is bound
    cache.dispose();
  });

  it('refuses what does not fit, and tells of a position beyond its capacity', async () => {
    const cache = new nn.KeyValueCache(1, 1, 2, 4, { valueDim: 3 });
    assert.throws(() => cache.append(ones([1, 1, 1, 4]), ones([1, 1, 1, 4])), { name: 'ShapeError' });
    assert.throws(() => cache.append(ones([1, 1, 1, 4]), ones([1, 1, 2, 3])), { name: 'ShapeError' });
    assert.throws(() => new nn.KeyValueCache(1, 1, 0, 4), { name: 'ArgumentError' });
    cache.append(ones([1, 1, 2, 4]), ones([1, 1, 2, 3]));
    const { keys } = cache.append(ones([1, 1, 1, 4]), ones([1, 1, 1, 3]));
    await assert.rejects(keys.data(), { name: 'IndexError' });
    cache.dispose();
  });
});

describe('layers of transformers', () => {
  it('are copied with their values, and are others from then on', () => {
    const layer = new nn.TransformerEncoderLayer(8, 2, {
      dimFeedforward: 12,
      activation: (x) => x.tanh(),
      bias: false,
    });
    const stack = new nn.TransformerEncoder(layer.eval(), 3);
    assert.equal(stack.layers.at(0), layer);
    const [first, last] = [stack.layers.at(0), stack.layers.at(2)] as [
      nn.TransformerEncoderLayer,
      nn.TransformerEncoderLayer,
    ];
    assert.deepEqual(values(last.linear1.weight), values(first.linear1.weight));
    assert.notEqual(last.linear1.weight, first.linear1.weight);
    assert.deepEqual([last.training, last.linear1.bias, last.norm1.bias], [false, null, null]);
    assert.equal(stack.parameters().length, 3 * 6);
  });

  it('of a transformer differ from each other, and have the state of PyTorch', () => {
    const model = new nn.Transformer({
      dModel: 8,
      nhead: 2,
      numEncoderLayers: 2,
      numDecoderLayers: 1,
      dimFeedforward: 12,
    });
    const names = Object.keys(model.stateDict());
    for (const name of [
      'encoder.layers.1.selfAttn.inProjWeight',
      'encoder.norm.weight',
      'decoder.layers.0.multiheadAttn.outProj.bias',
      'decoder.layers.0.norm3.bias',
    ]) {
      assert.ok(names.includes(name), name);
    }
    const [first, second] = [...model.encoder.layers];
    assert.notDeepEqual(
      values((first as nn.TransformerEncoderLayer).linear1.weight),
      values((second as nn.TransformerEncoderLayer).linear1.weight),
    );
    const x = random([5, 2, 8], 1);
    assert.notDeepEqual(values(model.forward(x, x)), values(model.forward(x, x))); // dropout
    model.eval();
    assert.deepEqual(values(model.forward(x, x)), values(model.forward(x, x)));
    const mask = nn.Transformer.generateSquareSubsequentMask(5);
    assert.deepEqual(values(mask.slice(0, 0, 1)), [0, -Infinity, -Infinity, -Infinity, -Infinity]);
    const causal = model.forward(x, x, { srcIsCausal: true, tgtIsCausal: true });
    assert.ok(causal.allclose(model.forward(x, x, { srcMask: mask, tgtMask: mask }), { atol: 1e-5 }));
    assert.throws(() => model.forward(x, ones([5, 3, 8])), { name: 'ShapeError' });
    assert.throws(
      () => new nn.TransformerEncoderLayer(8, 2, { activation: 'tanh' as never }),
      /expected one of 'relu', 'gelu'/,
    );
  });
});
