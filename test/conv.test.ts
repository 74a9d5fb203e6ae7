// Convolutions: mistakes at the call, the layers, and what compile does with them. Values are compared in functions.test.ts.
import assert from 'node:assert/strict';
import {
  ArgumentError,
  compile,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  DTypeError,
  Generator,
  manualSeed,
  nn,
  noGrad,
  normal,
  ShapeError,
  scope,
  type Tensor,
  zeros,
} from 'anneal';
import { expectNoLeaks } from './live-tensors';

const values = (x: Tensor): number[] => Array.from(x.dataSync(), Number);

describe('convolutions', () => {
  expectNoLeaks();

  it('name what is wrong at the call', () =>
    scope(() => {
      const x = zeros([2, 4, 5, 5]);
      const weight = zeros([6, 4, 3, 3]);
      const fails = (run: () => unknown, error: new (...args: never[]) => Error, message: RegExp) => {
        assert.throws(run, (thrown: Error) => {
          assert.ok(thrown instanceof error, `${thrown.name}: ${thrown.message}`);
          assert.match(thrown.message, message);
          return true;
        });
      };
      fails(
        () => conv2d(zeros([5, 5]), weight),
        ShapeError,
        /^\[conv2d\] expected an input \[channels, height, width\]/,
      );
      fails(() => conv2d(x, zeros([6, 4, 3])), ShapeError, /^\[conv2d\] expected a weight of 4 dimensions, received/);
      fails(() => conv2d(x, zeros([6, 3, 3, 3])), ShapeError, /takes 3 channels, but the input is \[2, 4, 5, 5\]/);
      fails(() => conv2d(x, zeros([6, 2, 3, 3]), { groups: 4 }), ShapeError, /4 groups divide its 6 outputs/);
      fails(() => conv2d(x, zeros([6, 4, 7, 3]), { padding: 0 }), ShapeError, /reaches over 7, but \[5, 5\] is 5 long/);
      fails(() => conv2d(x, weight, { bias: zeros([4]) }), ShapeError, /the bias must be \[6\], not \[4\]/);
      fails(() => conv2d(x.to('int64'), weight.to('int64')), DTypeError, /takes float32 and float64, not int64/);
      fails(
        () => conv2d(x, weight, { stride: 0 }),
        ArgumentError,
        /an integer of at least 1 for 'stride', received number 0/,
      );
      fails(() => conv2d(x, weight, { stride: [1, 2, 3] }), ArgumentError, /a number or 2 of them for 'stride'/);
      fails(() => conv2d(x, weight, { padding: -1 }), ArgumentError, /at least 0 for 'padding', received number -1/);
      fails(
        () => conv2d(x, weight, { padding: 'full' as never }),
        ArgumentError,
        /a number, 'same', 'valid' or a list/,
      );
      fails(() => conv2d(x, weight, { padding: [[1, 2, 3], 1] as never }), ArgumentError, /pairs \[before, after\]/);
      fails(() => conv2d(x, weight, { padding: 'same', stride: 2 }), ArgumentError, /'same' needs a stride of 1/);
      fails(() => conv2d(x, weight, { paddingMode: 'mirror' as never }), ArgumentError, /one of 'zeros', 'reflect'/);
      fails(() => conv2d(x, weight, { dilation: 3e9 }), ArgumentError, /'dilation' is 3000000000, outside/);
      fails(() => conv1d({} as never, weight), ArgumentError, /\[conv1d\] expected a Tensor for 'x'/);
      fails(
        () => convTranspose2d(x, zeros([4, 2, 3, 3]), { outputPadding: 1 }),
        ArgumentError,
        /not less than the stride/,
      );
      fails(() => convTranspose2d(x, zeros([4, 2, 3, 3]), { padding: 4 }), ShapeError, /outputs of \[-1, -1\]/);
      fails(() => convTranspose1d(zeros([3, 4]), zeros([2, 2, 3])), ShapeError, /takes 2 channels/);
      fails(() => conv3d(zeros([1, 1, 0, 3, 3]), zeros([1, 1, 1, 1, 1])), ShapeError, /is 0 long with its padding/);
    }));

  it('of no images give none', () =>
    scope(() => {
      assert.deepEqual(conv2d(zeros([0, 4, 5, 5]), zeros([6, 4, 3, 3])).shape, [0, 6, 3, 3]);
      assert.deepEqual(convTranspose2d(zeros([0, 4, 5, 5]), zeros([4, 6, 3, 3])).shape, [0, 6, 7, 7]);
    }));
});

describe('convolutions in compiled functions', () => {
  const generator = new Generator(2);
  const random = (...shape: number[]) => normal(shape, { generator });
  // Of windows of 3x3 and of one element, depthwise, and transposed.
  const x = random(2, 20, 9, 10);
  const weights = [random(24, 20, 3, 3), random(24, 20, 1, 1), random(20, 1, 3, 3)];
  const layers: [name: string, channels: number, layer: () => Tensor][] = [
    ...weights.map((weight): [string, number, () => Tensor] => {
      const groups = weight.shape[1] === 1 ? 20 : 1;
      return [
        `of a weight [${weight.shape}]`,
        weight.shape[0] as number,
        () => conv2d(x, weight, { padding: 1, groups }),
      ];
    }),
    ['transposed', 24, () => convTranspose2d(x, weights[0]?.transpose(0, 1).contiguous() as Tensor, { stride: 2 })],
  ];
  const kernels = (fn: () => Tensor) => {
    const compiled = compile(fn);
    const result = values(compiled());
    return { result, count: /\b(\d+) kernels?/.exec(compiled.explain().split('compiled\n')[1] ?? '')?.[1] };
  };

  for (const [name, channels, layer] of layers) {
    const [scale, shift] = [random(channels, 1, 1), random(channels, 1, 1)];

    it(`take a residual and an activation, with the bits of the parts, ${name}`, () => {
      const residual = normal(layer().shape, { generator });
      for (const activation of ['relu', 'tanh'] as const) {
        const fn = () => layer().add(shift).add(residual)[activation]();
        const { result, count } = kernels(fn);
        assert.deepEqual(result, values(fn()));
        assert.equal(count, name === 'transposed' ? '2' : '1'); // the weight is made dense first
      }
    });

    it(`take a factor and a summand by channel, rounded once, ${name}`, () => {
      const fn = () => layer().mul(scale).add(shift).relu();
      const { result, count } = kernels(fn);
      const expected = values(fn());
      // The product and its sum round once in place of twice, each by half a unit of numbers of at most some hundred.
      assert.ok(result.every((y, i) => Math.abs(y - (expected[i] as number)) < 1e-4));
      assert.equal(count, name === 'transposed' ? '2' : '1');
    });

    it(`take the scale and the shift of a batch normalisation in inference, with the bits of the parts, ${name}`, () => {
      const norm = new nn.BatchNorm2d(channels).eval();
      norm.runningMean?.assign(random(channels));
      norm.runningVar?.assign(random(channels).square().add(0.5));
      const residual = normal(layer().shape, { generator });
      const fn = () => noGrad(() => norm.forward(layer()).add(residual).relu());
      const { result, count } = kernels(fn);
      assert.deepEqual(result, values(fn()));
      // Five make the scale and the shift of the channels.
      assert.equal(count, name === 'transposed' ? '7' : '6');
    });
  }
});

describe('convolution layers', () => {
  it('start as PyTorch does, from the seed', () => {
    const make = () => new nn.Conv2d(8, 50, 3, { groups: 2, generator: new Generator(3) });
    const layer = make();
    assert.deepEqual(values(layer.weight), values(make().weight));
    assert.deepEqual(Object.keys(layer.stateDict()), ['weight', 'bias']);
    assert.deepEqual([layer.weight.shape, layer.bias?.shape], [[50, 4, 3, 3], [50]]);
    const all = [...values(layer.weight), ...values(layer.bias as nn.Parameter)];
    assert.ok(all.every((x) => Math.abs(x) <= 1 / 6));
    assert.ok(Math.max(...all) > 0.165 && Math.min(...all) < -0.165);
    const transposed = new nn.ConvTranspose2d(50, 8, 3, { groups: 2 });
    assert.deepEqual(transposed.weight.shape, [50, 4, 3, 3]);
    assert.ok(values(transposed.weight).every((x) => Math.abs(x) <= 1 / 6));
    assert.deepEqual(transposed.bias?.shape, [8]);
    assert.equal(new nn.Conv1d(2, 2, 3, { bias: false }).bias, null);
    assert.equal(new nn.Conv3d(2, 2, 3, { dtype: 'float64' }).weight.dtype, 'float64');
  });

  it('are the functions of the same name', () => {
    manualSeed(5);
    const x = normal([2, 4, 9]);
    const image = normal([2, 4, 7, 6]);
    const volume = normal([4, 3, 4, 5]);
    const one = new nn.Conv1d(4, 3, 3, { padding: 'same', dilation: 2 });
    const { bias } = one;
    assert.deepEqual(values(one.forward(x)), values(conv1d(x, one.weight, { bias, padding: 'same', dilation: 2 })));
    const two = new nn.Conv2d(4, 6, [3, 2], {
      stride: [2, 1],
      padding: [[1, 0], 2],
      groups: 2,
      paddingMode: 'circular',
    });
    const settings = { stride: [2, 1], padding: [[1, 0], 2] as const, groups: 2, paddingMode: 'circular' as const };
    assert.deepEqual(values(two.forward(image)), values(conv2d(image, two.weight, { bias: two.bias, ...settings })));
    const three = new nn.Conv3d(4, 2, 2, { bias: false });
    assert.deepEqual(values(three.forward(volume)), values(conv3d(volume, three.weight)));
    const back = new nn.ConvTranspose1d(4, 3, 3, { stride: 2, outputPadding: 1 });
    assert.deepEqual(
      values(back.forward(x)),
      values(convTranspose1d(x, back.weight, { bias: back.bias, stride: 2, outputPadding: 1 })),
    );
    assert.deepEqual(new nn.ConvTranspose3d(4, 2, 2, { stride: 2 }).forward(volume).shape, [2, 6, 8, 10]);
  });

  it('give the sizes that are asked of a transposed one', () => {
    const layer = new nn.ConvTranspose2d(4, 2, 3, { stride: 2, padding: 1 });
    const x = zeros([1, 4, 5, 5]);
    assert.deepEqual(layer.forward(x).shape, [1, 2, 9, 9]);
    assert.deepEqual(layer.forward(x, [10, 9]).shape, [1, 2, 10, 9]);
    assert.throws(() => layer.forward(x, [11, 9]), ShapeError);
  });

  it('say what they are', () => {
    assert.match(String(new nn.Conv2d(2, 4, 3)), /^Conv2d\(2, 4, kernelSize=\[3, 3\], stride=\[1, 1\]\)/);
    const options = { padding: 'same', dilation: 2, groups: 2, bias: false, paddingMode: 'reflect' } as const;
    assert.match(
      String(new nn.Conv1d(2, 4, 3, options)),
      /stride=\[1\], padding=same, paddingMode=reflect, dilation=\[2\], groups=2, bias=false\)/,
    );
    assert.match(String(new nn.ConvTranspose1d(2, 4, 3, { stride: 2, outputPadding: 1 })), /outputPadding=\[1\]/);
  });

  it('name what is wrong when they are made', () => {
    assert.throws(() => new nn.Conv2d(3, 4, 1, { groups: 2 }), /\[Conv2d\] 2 groups do not divide 3 and 4 channels/);
    assert.throws(() => new nn.Conv2d(2, 4, 1, { padding: 'same', stride: 2 }), /\[Conv2d\] a padding of 'same'/);
    assert.throws(() => new nn.Conv2d(2, 4, [1, 2, 3]), /\[Conv2d\] expected a number or 2 of them for 'kernelSize'/);
    assert.throws(() => new nn.Conv2d(0, 4, 1), /\[Conv2d\] expected an integer of at least 1 for 'inChannels'/);
    assert.throws(() => new nn.ConvTranspose1d(2, 4, 1, { outputPadding: 1 }), /\[ConvTranspose1d\] an output padding/);
  });

  it('learn', () => {
    manualSeed(1);
    const model = new nn.Sequential(new nn.Conv2d(1, 4, 3, { stride: 2 }), new nn.ReLU(), new nn.Conv2d(4, 2, 3));
    const x = normal([3, 1, 9, 9]);
    model.forward(x).square().sum().backward();
    assert.ok([...model.parameters()].every(({ grad, shape }) => String(grad?.shape) === String(shape)));
  });
});
