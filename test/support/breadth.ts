// The rows of test/breadth.test.ts, in the order of how many programs and model files of PyTorch need them.
import * as anneal from 'anneal';
import { arange, eye, full, nn, ones, type Tensor, tensor, zeros } from 'anneal';

/** One feature. It has a `check`, or says why there is none. */
export interface Row {
  feature: string;
  /** Of nn, optim, ..., or of the package itself, which must be there for the check; a row that lacks one waits. */
  needs?: readonly string[];
  /** Runs the feature; what it gives, and what it should. */
  check?: () => readonly [found: unknown, expected: unknown] | Promise<readonly [found: unknown, expected: unknown]>;
  /** Why the feature is left out, and what serves instead. */
  leftOut?: string;
}

type Callable = ((...args: unknown[]) => Tensor) &
  (new (
    ...args: unknown[]
  ) => { forward(...args: unknown[]): Tensor });

/** What the package has under a name, such as 'conv2d' or 'nn.Conv2d'; undefined where it has nothing. */
export function named(path: string): Callable | undefined {
  const parts = path.split('.');
  return parts.reduce<unknown>((of, part) => (of as Record<string, unknown> | undefined)?.[part], anneal) as
    | Callable
    | undefined;
}

/** Calls a function that types may not know yet. */
const run = (path: string, ...args: unknown[]) => (named(path) as Callable)(...args);

/** The result of a layer that types may not know yet, on x. */
const layer = (path: string, args: unknown[], ...x: unknown[]) => new (named(path) as Callable)(...args).forward(...x);

const values = (x: Tensor | readonly Tensor[]): unknown =>
  Array.isArray(x) ? x.map((y: Tensor) => y.arraySync()) : (x as Tensor).arraySync();
const shape = (x: Tensor) => [...x.shape];
const numbers = (...shapeOf: number[]) => {
  const count = shapeOf.reduce((product, extent) => product * extent, 1);
  return arange(0, count, 1, { dtype: 'float32' }).reshape(shapeOf);
};
/** Rounded to six decimals. */
const near = (x: Tensor) => values(x.to('float64').mul(1e6).round().div(1e6));

/** The rows, first to last. */
export const rows: readonly Row[] = [
  {
    feature: 'slices over several axes, None, ...',
    check: () => [values(numbers(2, 3, 4).at(-1, '...', null, '1:4:2')), [[[13, 15]], [[17, 19]], [[21, 23]]]],
  },
  {
    feature: 'Embedding',
    check: () => [shape(new nn.Embedding(10, 4).forward(tensor([[1, 2, 3]], { dtype: 'int64' }))), [1, 3, 4]],
  },
  {
    feature: 'Conv2d',
    needs: ['nn.Conv2d', 'conv2d'],
    check: () => [
      [
        shape(layer('nn.Conv2d', [3, 8, 3, { padding: 1 }], ones([2, 3, 5, 5]))),
        values(run('conv2d', ones([1, 1, 3, 3]), ones([1, 1, 2, 2]))),
      ],
      [
        [2, 8, 5, 5],
        [
          [
            [
              [4, 4],
              [4, 4],
            ],
          ],
        ],
      ],
    ],
  },
  {
    feature: 'LayerNorm',
    needs: ['nn.LayerNorm'],
    check: () => [near(layer('nn.LayerNorm', [2, { eps: 0 }], tensor([[1, 3]]))), [[-1, 1]]],
  },
  {
    feature: 'indexed writes: x[...] = v, index_put, slice_scatter',
    check: () => [
      values(zeros([2, 3]).withAt(['...', '1:'], 5)),
      [
        [0, 5, 5],
        [0, 5, 5],
      ],
    ],
  },
  {
    feature: 'BatchNorm1d, 2d, 3d',
    needs: ['nn.BatchNorm2d'],
    check: () => [shape(layer('nn.BatchNorm2d', [3], numbers(2, 3, 2, 2))), [2, 3, 2, 2]],
  },
  {
    feature: 'rand_like, randn_like, full_like, empty_like, new_*',
    check: () => {
      const x = zeros([2], { dtype: 'float64' });
      const made = [anneal.randLike(x), anneal.randnLike(x), anneal.fullLike(x, 7), anneal.emptyLike(x)];
      made.push(full([2], 1, { dtype: x.dtype, device: x.device }));
      return [made.map(({ dtype }) => dtype), made.map(() => 'float64')];
    },
  },
  {
    feature: 'transforms of images',
    leftOut: 'there are no transforms and no image decoder; tensors are scaled and cut',
  },
  {
    feature: 'masked_fill',
    check: () => [values(tensor([1, 2]).maskedFill(tensor([true, false]), 0)), [0, 2]],
  },
  {
    feature: 'tril, triu, tril_indices',
    check: () => [
      [values(ones([2, 2]).tril()), values(ones([2, 2]).triu(1)), anneal.trilIndices(2).shape[1]],
      [
        [
          [1, 0],
          [1, 1],
        ],
        [
          [0, 1],
          [0, 0],
        ],
        3,
      ],
    ],
  },
  {
    feature: 'einsum, tensordot',
    check: () => [
      values(anneal.einsum('ij,kj->ik', numbers(2, 2), eye(2))),
      [
        [0, 1],
        [2, 3],
      ],
    ],
  },
  {
    feature: 'chunk, tensor_split',
    check: () => [
      [values(numbers(3).chunk(2)), values(anneal.tensorSplit(numbers(3), [1]))],
      [
        [[0, 1], [2]],
        [[0], [1, 2]],
      ],
    ],
  },
  {
    feature: 'in-place add_, mul_, copy_',
    check: () => {
      const x = tensor([1, 2]);
      x.assign(x.add(1).mul(2));
      return [values(x), [4, 6]];
    },
  },
  {
    feature: 'SummaryWriter',
    leftOut: 'callbacks of the Trainer are given every number; no files of TensorBoard are written',
  },
  {
    feature: 'MaxPool1d, 2d, 3d',
    needs: ['nn.MaxPool2d'],
    check: () => [values(layer('nn.MaxPool2d', [2], numbers(1, 1, 2, 2))), [[[[3]]]]],
  },
  {
    feature: 'repeat, tile, expand_as',
    check: () => [
      [values(tensor([1, 2]).repeat([2])), values(tensor([1, 2]).tile([2])), shape(ones([1]).expandAs(ones([3])))],
      [[1, 2, 1, 2], [1, 2, 1, 2], [3]],
    ],
  },
  {
    feature: 'repeat_interleave',
    check: () => [values(tensor([1, 2]).repeatInterleave(2)), [1, 1, 2, 2]],
  },
  {
    feature: 'interpolate, Upsample',
    needs: ['interpolate', 'nn.Upsample'],
    check: () => [values(run('interpolate', numbers(1, 1, 2), { scaleFactor: 2 })), [[[0, 0, 1, 1]]]],
  },
  {
    feature: 'floor, ceil, round, trunc, frac',
    check: () => {
      const x = tensor([2.5, -1.5]);
      return [
        [x.floor(), x.ceil(), x.round(), x.trunc(), x.frac()].map(values),
        [
          [2, -2],
          [3, -1],
          [2, -2],
          [2, -1],
          [0.5, -0.5],
        ],
      ];
    },
  },
  {
    feature: 'AvgPool1d, 2d, 3d',
    needs: ['nn.AvgPool2d'],
    check: () => [values(layer('nn.AvgPool2d', [2], numbers(1, 1, 2, 2))), [[[[1.5]]]]],
  },
  {
    feature: 'modes of pad, ReflectionPad, ReplicationPad, CircularPad, ZeroPad',
    check: () => [
      [values(numbers(3).pad([1, 1], { mode: 'reflect' })), shape(new nn.ZeroPad2d(1).forward(ones([1, 2, 2])))],
      [
        [1, 0, 1, 2, 1],
        [1, 4, 4],
      ],
    ],
  },
  {
    feature: 'bfloat16, float16',
    leftOut: 'tensors are float32 or float64; files of half precision are read as float32',
  },
  {
    feature: 'unbind, select',
    check: () => [
      [values(numbers(2, 2).unbind()), values(numbers(2, 2).select(1, 0))],
      [
        [
          [0, 1],
          [2, 3],
        ],
        [0, 2],
      ],
    ],
  },
  {
    feature: 'all, any, count_nonzero',
    check: () => {
      const x = tensor([0, 1, 2]);
      return [
        [values(x.all()), values(x.any()), values(x.countNonzero())],
        [false, true, 2],
      ];
    },
  },
  {
    feature: 'masked_scatter',
    check: () => [values(zeros([3]).maskedScatter(tensor([true, false, true]), tensor([7, 8]))), [7, 0, 8]],
  },
  {
    feature: 'Conv1d',
    needs: ['nn.Conv1d'],
    check: () => [shape(layer('nn.Conv1d', [2, 4, 3], ones([1, 2, 8]))), [1, 4, 6]],
  },
  { feature: 'cumsum', check: () => [values(numbers(4).cumsum(0)), [0, 1, 3, 6]] },
  {
    feature: 'ConvTranspose1d, 2d, 3d',
    needs: ['nn.ConvTranspose2d'],
    check: () => [shape(layer('nn.ConvTranspose2d', [2, 4, 2, { stride: 2 }], ones([1, 2, 3, 3]))), [1, 4, 6, 6]],
  },
  {
    feature: 'finfo, iinfo',
    check: () => [
      [anneal.finfo('float64').eps, anneal.iinfo('int32').max],
      [Number.EPSILON, 2147483647],
    ],
  },
  {
    feature: 'scaled_dot_product_attention',
    needs: ['scaledDotProductAttention'],
    check: () => [
      shape(run('scaledDotProductAttention', ones([1, 2, 3, 4]), ones([1, 2, 5, 4]), ones([1, 2, 5, 4]))),
      [1, 2, 3, 4],
    ],
  },
  {
    feature: 'meshgrid',
    check: () => [
      anneal.meshgrid([numbers(2), numbers(3)]).map(shape),
      [
        [2, 3],
        [2, 3],
      ],
    ],
  },
  {
    feature: 'AdaptiveAvgPool, AdaptiveMaxPool',
    needs: ['nn.AdaptiveAvgPool2d'],
    check: () => [values(layer('nn.AdaptiveAvgPool2d', [1], numbers(1, 1, 2, 2))), [[[[1.5]]]]],
  },
  {
    feature: 'randint',
    check: () => {
      const x = anneal.randint(3, 5, [100]);
      return [
        [x.dtype, Number(x.min().itemSync()), Number(x.max().itemSync())],
        ['int64', 3, 4],
      ];
    },
  },
  {
    feature: 'GroupNorm',
    needs: ['nn.GroupNorm'],
    check: () => [shape(layer('nn.GroupNorm', [2, 4], numbers(2, 4, 3))), [2, 4, 3]],
  },
  {
    feature: 'multinomial, Categorical',
    needs: ['multinomial'],
    check: () => [values(run('multinomial', tensor([0, 1, 0]), 1)), [1]],
  },
  {
    feature: 'init.orthogonal_',
    check: () => {
      const q = nn.init.orthogonal(zeros([3, 3]));
      return [Number(q.matmul(q.transpose()).sub(eye(3)).abs().max().itemSync()) < 1e-5, true];
    },
  },
  {
    feature: 'LSTM, GRU, RNN and their cells',
    check: () => {
      const x = ones([5, 2, 3]);
      const [y, [h, c]] = new nn.LSTM(3, 4, { numLayers: 2, bidirectional: true }).forward(x);
      return [
        [
          y,
          h,
          c,
          new nn.GRU(3, 4).forward(x)[0],
          new nn.RNN(3, 4).forward(x)[0],
          new nn.GRUCell(3, 4).forward(ones([2, 3])),
        ].map(shape),
        [
          [5, 2, 8],
          [4, 2, 4],
          [4, 2, 4],
          [5, 2, 4],
          [5, 2, 4],
          [2, 4],
        ],
      ];
    },
  },
  {
    feature: 'distributions',
    check: () => {
      const { Categorical, klDivergence, Normal } = anneal.distributions;
      const policy = new Categorical({ logits: zeros([2, 4]) });
      return [
        [
          shape(policy.sample()),
          policy.entropy().arraySync(),
          klDivergence(new Normal(0, 1), new Normal(1, 1)).itemSync(),
        ],
        [[2], [Math.fround(Math.log(4)), Math.fround(Math.log(4))], 0.5],
      ];
    },
  },
  {
    feature: 'init.trunc_normal_',
    check: () => {
      const w = nn.init.truncNormal(zeros([100]), { std: 3 });
      return [Number(w.abs().max().itemSync()) <= 2, true];
    },
  },
  {
    feature: 'log1p, expm1, log2, log10, exp2, reciprocal',
    check: () => {
      const x = tensor([2]);
      const found = [x.log1p(), x.expm1(), x.log2(), tensor([1000]).log10(), x.exp2(), x.reciprocal()];
      return [found.map((y) => (near(y) as number[])[0]), [1.098612, 6.389056, 1, 3, 4, 0.5]];
    },
  },
  {
    feature: 'topk',
    needs: ['topk'],
    check: () => {
      const [largest] = run('topk', tensor([1, 3, 2]), 2) as unknown as Tensor[];
      return [values(largest as Tensor), [3, 2]];
    },
  },
  {
    feature: 'nonzero, where(condition), masked_select, unique',
    needs: ['nonzero'],
    check: async () => {
      const x = tensor([3, 0, 3]);
      const found = await (named('nonzero') as Callable)(x);
      const kept = await x.maskedSelect(x.gt(0));
      const { values: once } = await x.unique();
      return [
        [values(found), values(kept), values(once)],
        [
          [[0], [2]],
          [3, 3],
          [0, 3],
        ],
      ];
    },
  },
  {
    feature: 'index_add, index_copy, index_fill',
    check: () => {
      const index = tensor([0, 0], { dtype: 'int64' });
      return [
        [values(zeros([2]).indexAdd(0, index, tensor([1, 2]))), values(ones([2]).indexFill(0, index, 9))],
        [
          [3, 0],
          [9, 1],
        ],
      ];
    },
  },
  {
    feature: 'scatter, scatter_reduce',
    check: () => {
      const index = tensor([1, 1], { dtype: 'int64' });
      return [
        [
          values(zeros([2]).scatter(0, index, tensor([5, 6]))),
          values(ones([2]).scatterReduce(0, index, tensor([2, 3]), 'prod')),
        ],
        [
          [0, 6],
          [1, 6],
        ],
      ];
    },
  },
  {
    feature: 'ReLU6, Hardswish, Hardsigmoid, Mish, PReLU, GLU, SELU, LogSigmoid',
    check: () => {
      const x = tensor([8, -8]);
      const layers = [new nn.ReLU6(), new nn.Hardswish(), new nn.Hardsigmoid(), new nn.PReLU(), new nn.GLU()];
      return [layers.map((each) => near(each.forward(x))), [[6, 0], [8, -0], [1, 0], [8, -2], [0.002683]]];
    },
  },
  {
    feature: 'norm, vector_norm, normalize',
    check: () => [
      [values(tensor([3, 4]).norm()), near(tensor([3, 4]).normalize({ axis: 0 }))],
      [5, [0.6, 0.8]],
    ],
  },
  {
    feature: 'Conv3d',
    needs: ['nn.Conv3d'],
    check: () => [shape(layer('nn.Conv3d', [1, 2, 2], ones([1, 1, 3, 3, 3]))), [1, 2, 2, 2, 2]],
  },
  {
    feature: 'losses: KLDiv, SmoothL1, Cosine*, Triplet*, Margin*; CTC is left out',
    check: () => {
      const [a, b] = [tensor([[1, 2]]), tensor([[2, 4]])];
      const found = [anneal.smoothL1(a, b), anneal.cosineEmbedding(a, b, ones([1])), anneal.tripletMargin(a, a, b)];
      return [found.map((y) => Math.round(Number(y.itemSync()) * 1e4) / 1e4), [1, 0, 0]];
    },
  },
  {
    feature: 'sort, argsort',
    needs: ['sort', 'argsort'],
    check: () => [values(run('argsort', tensor([2, 1]))), [1, 0]],
  },
  {
    feature: 'RMSNorm',
    needs: ['nn.RMSNorm'],
    check: () => [near(layer('nn.RMSNorm', [2, { eps: 0 }], tensor([[1, 1]]))), [[1, 1]]],
  },
  {
    feature: 'isnan, isinf, isfinite, nan_to_num',
    check: () => {
      const x = tensor([1, Number.NaN, Infinity]);
      return [
        [x.isnan(), x.isinf(), x.isfinite(), x.nanToNum({ posinf: 9 })].map(values),
        [
          [false, true, false],
          [false, false, true],
          [true, false, false],
          [1, 0, 9],
        ],
      ];
    },
  },
  {
    feature: 'allclose, equal, isclose',
    check: async () => {
      const [a, b] = [tensor([1]), tensor([1 + 1e-6])];
      return [
        [await anneal.allclose(a, b), await anneal.equal(a, b), values(a.isclose(b))],
        [true, false, [true]],
      ];
    },
  },
  { feature: 'inference_mode', check: () => [anneal.inferenceMode(() => anneal.isGradEnabled()), false] },
  {
    feature: 'outer, inner, dot, kron',
    check: () => {
      const [a, b] = [tensor([1, 2]), tensor([3, 4])];
      return [
        [a.outer(b), a.inner(b), a.dot(b), a.kron(b)].map(values),
        [
          [
            [3, 4],
            [6, 8],
          ],
          11,
          11,
          [3, 4, 6, 8],
        ],
      ];
    },
  },
  { feature: 'autocast, GradScaler', leftOut: 'there is no half precision to cast to' },
  {
    feature: 'ModuleDict, ParameterList, ParameterDict',
    check: () => {
      const heads = new nn.ModuleDict({ a: new nn.Linear(2, 1) });
      return [shape((heads.get('a') as nn.Linear).forward(ones([1, 2]))), [1, 1]];
    },
  },
  {
    feature: 'unfold, fold',
    check: () => {
      const columns = anneal.unfold(numbers(1, 2, 2, 3), [2, 2]);
      return [
        [values(columns), values(anneal.fold(ones([4, 2]), [2, 3], 2))],
        [
          [
            [
              [0, 1],
              [1, 2],
              [3, 4],
              [4, 5],
              [6, 7],
              [7, 8],
              [9, 10],
              [10, 11],
            ],
          ],
          [
            [
              [1, 2, 1],
              [1, 2, 1],
            ],
          ],
        ],
      ];
    },
  },
  {
    feature: 'optimizers: RMSprop, Adagrad, Adadelta, RAdam, NAdam, Adamax, Rprop; LBFGS is not there yet',
    check: () => {
      const { Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop, Rprop } = anneal.optim;
      const moved = [Adadelta, Adagrad, Adamax, NAdam, RAdam, RMSprop, Rprop].map((Kind) => {
        const x = tensor([1], { requiresGrad: true });
        x.sum().backward();
        new Kind([x]).step();
        return x.itemSync() < 1;
      });
      return [moved, Array(7).fill(true)];
    },
  },
  { feature: 'roll', check: () => [values(numbers(3).roll(1)), [2, 0, 1]] },
  {
    feature: 'samplers; orders of all samples are drawn by `shuffle`, and batches are read while the engine computes',
    check: async () => {
      const sampler = new anneal.data.WeightedRandomSampler([0, 1], { count: 3 });
      const found: unknown[] = [];
      for await (const [x] of new anneal.data.DataLoader([[5], [6]], { batchSize: 3, sampler })) {
        found.push(values(x as Tensor));
      }
      return [found, [[6, 6, 6]]];
    },
  },
  {
    feature: 'data-parallel training',
    check: async () => {
      await anneal.distributed.init({ rank: 0, size: 1 });
      try {
        const model = new anneal.distributed.DistributedDataParallel(new nn.Linear(2, 1));
        return [shape(model.forward(ones([1, 2]))), [1, 1]];
      } finally {
        await anneal.distributed.finalize();
      }
    },
  },
  {
    feature: 'PixelShuffle, PixelUnshuffle, ChannelShuffle',
    check: () => [
      [
        shape(new nn.PixelShuffle(2).forward(ones([1, 4, 2, 2]))),
        shape(new nn.ChannelShuffle(2).forward(ones([1, 4, 2, 2]))),
      ],
      [
        [1, 1, 4, 4],
        [1, 4, 2, 2],
      ],
    ],
  },
  {
    feature: 'grid_sample, affine_grid',
    needs: ['gridSample', 'affineGrid'],
    check: () => [typeof named('gridSample'), 'function'],
  },
  { feature: 'int8', leftOut: 'the integer dtypes are uint8, int32 and int64' },
  {
    feature: 'lr_scheduler',
    check: () => {
      const optimizer = new anneal.optim.SGD([tensor([1], { requiresGrad: true })], { lr: 1 });
      return [new anneal.optim.StepLR(optimizer, { stepSize: 2 }).rateAt(5, 1).toFixed(5), '0.01000'];
    },
  },
  {
    feature: 'diag, diagonal, trace, diag_embed',
    check: () => {
      const x = numbers(2, 2);
      return [
        [x.diag(), x.diagonal(), x.trace(), x.diagonal().diagEmbed()].map(values),
        [
          [0, 3],
          [0, 3],
          3,
          [
            [0, 0],
            [0, 3],
          ],
        ],
      ];
    },
  },
  {
    feature: 'complex64',
    leftOut: 'there are no complex numbers; rotary positions are computed with cosines and sines',
  },
  {
    feature: 'pad_sequence; packed sequences are left out, masks serve',
    check: () => [
      values(nn.padSequence([tensor([1, 2]), tensor([3])], { batchFirst: true })),
      [
        [1, 2],
        [3, 0],
      ],
    ],
  },
  {
    feature: 'bincount, histc',
    check: async () => [
      [values(await tensor([0, 2, 2], { dtype: 'int64' }).bincount()), values(tensor([0, 1, 1]).histc({ bins: 2 }))],
      [
        [1, 0, 2],
        [1, 2],
      ],
    ],
  },
  {
    feature: 'scatter_add',
    check: () => [values(zeros([2]).scatterAdd(0, tensor([0, 0], { dtype: 'int64' }), tensor([1, 2]))), [3, 0]],
  },
  {
    feature: 'custom gradient functions',
    check: () => {
      const cut = anneal.customGradient((x: Tensor) => ({
        value: x.mul(1),
        gradient: (dout: Tensor) => [dout.clamp(-1, 1)],
      }));
      const x = tensor([1], { requiresGrad: true });
      cut(x).mul(5).sum().backward();
      return [values(x.grad as Tensor), [1]];
    },
  },
  {
    feature: 'Dropout1d, 2d, 3d',
    check: () => [shape(new nn.Dropout2d(0.5).forward(ones([2, 3, 4, 4]))), [2, 3, 4, 4]],
  },
  {
    feature: 'MultiheadAttention',
    needs: ['nn.MultiheadAttention'],
    check: () => [typeof named('nn.MultiheadAttention'), 'function'],
  },
  {
    feature: 'InstanceNorm1d, 2d, 3d',
    needs: ['nn.InstanceNorm2d'],
    check: () => [shape(layer('nn.InstanceNorm2d', [2], numbers(1, 2, 2, 2))), [1, 2, 2, 2]],
  },
  {
    feature: 'cumprod, cummax, cummin',
    needs: ['cumprod', 'cummax'],
    check: () => [values(run('cumprod', tensor([1, 2, 3]), 0)), [1, 2, 6]],
  },
];
