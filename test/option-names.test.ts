// Every exported function, constructor and method that takes an object of options refuses a name that it does not know. Which there
// are is read from the sources, through the compiler, so that a new one without a check, or without a row here, fails.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as anneal from 'anneal';
import {
  ArgumentError,
  data,
  distributed,
  distributions,
  io,
  nn,
  ones,
  optim,
  type Tensor,
  tensor,
  train,
} from 'anneal';
import ts from 'typescript';

const root = join(__dirname, '..');

/** The callables of the package that have a parameter of options, as `nn.Linear` or `Tensor.backward`. */
function takingOptions(): string[] {
  const file = join(root, 'lib', 'index.ts');
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  const seen = new Set<ts.Symbol>();

  const isOurs = (node: ts.Node) => node.getSourceFile().fileName.startsWith(join(root, 'lib'));
  const isInternal = (node: ts.Node) => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');
  // By its name, or by a type that is an object of nothing but optional fields.
  const isOptions = (parameter: ts.ParameterDeclaration): boolean => {
    const type = checker.getNonNullableType(checker.getTypeAtLocation(parameter));
    if (type.getSymbol()?.name === 'ErrorOptions') return false; // JavaScript's own
    if (parameter.name.getText() === 'options') return true;
    const fields = type.getProperties();
    const declared = (type.getSymbol()?.declarations ?? []).some(isOurs);
    const optional = fields.length > 0 && fields.every(({ flags }) => flags & ts.SymbolFlags.Optional);
    return declared && optional && type.getCallSignatures().length === 0;
  };
  const note = (path: string, node: ts.Node): void => {
    if (!ts.isFunctionLike(node) || isInternal(node)) return;
    if (ts.getCombinedModifierFlags(node as ts.Declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected))
      return;
    if (node.parameters.some((parameter) => ts.isParameter(parameter) && isOptions(parameter))) found.add(path);
  };
  const visit = (path: string, exported: ts.Symbol): void => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (seen.has(symbol)) return;
    seen.add(symbol);
    if (symbol.flags & ts.SymbolFlags.ValueModule) {
      // Namespaces last, so that what they export again has its name outside of them.
      const isNamespace = ({ flags, declarations = [] }: ts.Symbol) => {
        return flags & ts.SymbolFlags.Alias && declarations.some(ts.isNamespaceExport) ? 1 : 0;
      };
      const inner = [...checker.getExportsOfModule(symbol)].sort((a, b) => isNamespace(a) - isNamespace(b));
      for (const one of inner) visit(path === '' ? one.name : `${path}.${one.name}`, one);
      return;
    }
    for (const declaration of (symbol.declarations ?? []).filter(isOurs)) {
      note(path, declaration);
      // Methods of Tensor are declared in an interface; other interfaces are for users to write.
      const isTensor = ts.isInterfaceDeclaration(declaration) && symbol.name === 'Tensor';
      if (!(ts.isClassDeclaration(declaration) || isTensor)) continue;
      for (const member of declaration.members) {
        const name = member.name?.getText();
        note(name === undefined ? path : `${path}.${name}`, member);
      }
    }
  };
  visit('', checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile) as ts.Symbol);
  return [...found].sort();
}

// Each with the misspelt options that it is given; nothing else is wrong with the call.
type Call = (options: never) => unknown;

type Filler =
  | ('kaimingNormal' | 'kaimingUniform' | 'normal' | 'uniform' | 'xavierNormal' | 'xavierUniform')
  | 'orthogonal';

function calls(folder: string): Record<string, Call> {
  const x = () => ones([2, 3]);
  const image = (dimensions: number) => ones([1, 2, ...new Array<number>(dimensions).fill(4)]);
  const model = new nn.Linear(3, 2);
  const params = model.parameters();
  const [input, classes] = [x(), tensor([0, 1], { dtype: 'int64' })];
  const loss = new nn.Linear(3, 2).forward(x()).sum();
  const optimizer = () => new optim.SGD(params, { lr: 0.1 });
  const trainer = () => new train.Trainer({ model, loss: nn.mseLoss, optimizer: optimizer(), progress: false });
  const pairs = new data.TensorDataset(x(), ones([2, 2]));
  const fill = (name: Filler) => {
    return (options: never) => nn.init[name](ones([2, 3]), options);
  };
  return {
    'Tensor.addcdiv': (options) => input.addcdiv(input, input, options),
    'Tensor.addcmul': (options) => input.addcmul(input, input, options),
    'Tensor.allclose': (options) => input.allclose(input, options),
    'Tensor.argsort': (options) => input.argsort(0, options),
    'Tensor.backward': (options) => loss.backward(null, options),
    'Tensor.bincount': (options) => classes.bincount(options),
    'Tensor.bincountStatic': (options) => classes.bincountStatic(3, options),
    'Tensor.bucketize': (options) => input.bucketize(ones([3]), options),
    'Tensor.cov': (options) => input.cov(options),
    'Tensor.cumprod': (options) => input.cumprod(0, options),
    'Tensor.cumsum': (options) => input.cumsum(0, options),
    'Tensor.div': (options) => input.div(2, options),
    'Tensor.diff': (options) => input.diff(options),
    'Tensor.dropout': (options) => input.dropout(0.5, options),
    'Tensor.histc': (options) => input.histc(options),
    'Tensor.indexAdd': (options) => input.indexAdd(0, classes, input, options),
    'Tensor.isclose': (options) => input.isclose(input, options),
    'Tensor.isin': (options) => input.isin(1, options),
    'Tensor.maskedSelectStatic': (options) => input.maskedSelectStatic(input.gt(0), 1, options),
    'Tensor.multinomial': (options) => input.multinomial(1, options),
    'Tensor.nanToNum': (options) => input.nanToNum(options),
    'Tensor.nanquantile': (options) => input.nanquantile(0.5, 0, false, options),
    'Tensor.nonzeroStatic': (options) => input.nonzeroStatic(1, options),
    'Tensor.normalize': (options) => input.normalize(options),
    'Tensor.pad': (options) => input.pad([1, 1], options),
    'Tensor.quantile': (options) => input.quantile(0.5, 0, false, options),
    'Tensor.rrelu': (options) => input.rrelu(options),
    'Tensor.scatterReduce': (options) => input.scatterReduce(0, classes, input, 'sum', options),
    'Tensor.searchsorted': (options) => ones([3]).searchsorted(input, options),
    'Tensor.sort': (options) => input.sort(0, options),
    'Tensor.std': (options) => input.std(0, false, options),
    'Tensor.stdMean': (options) => input.stdMean(0, false, options),
    'Tensor.topk': (options) => input.topk(1, 0, options),
    'Tensor.unique': (options) => input.unique(options),
    'Tensor.uniqueConsecutive': (options) => input.uniqueConsecutive(options),
    'Tensor.uniqueStatic': (options) => input.uniqueStatic(1, options),
    'Tensor.varMean': (options) => input.varMean(0, false, options),
    'Tensor.variance': (options) => input.variance(0, false, options),
    'Tensor.withAt': (options) => input.withAt(0, 1, options),
    adaptiveMaxPool1d: (options) => anneal.adaptiveMaxPool1d(image(1), 2, options),
    adaptiveMaxPool2d: (options) => anneal.adaptiveMaxPool2d(image(2), 2, options),
    adaptiveMaxPool3d: (options) => anneal.adaptiveMaxPool3d(image(3), 2, options),
    addcdiv: (options) => anneal.addcdiv(input, input, input, options),
    addcmul: (options) => anneal.addcmul(input, input, input, options),
    affineGrid: (options) => anneal.affineGrid(ones([1, 2, 3]), [1, 1, 2, 2], options),
    allclose: (options) => anneal.allclose(input, input, options),
    alphaDropout: (options) => anneal.alphaDropout(input, 0.5, options),
    arange: (options) => anneal.arange(0, 3, 1, options),
    avgPool1d: (options) => anneal.avgPool1d(image(1), 2, options),
    avgPool2d: (options) => anneal.avgPool2d(image(2), 2, options),
    avgPool3d: (options) => anneal.avgPool3d(image(3), 2, options),
    argsort: (options) => anneal.argsort(input, 0, options),
    batchNorm: (options) => anneal.batchNorm(input, options),
    bernoulli: (options) => anneal.bernoulli([2], 0.5, options),
    binaryCrossEntropy: (options) => anneal.binaryCrossEntropy(input, input, options),
    binaryCrossEntropyWithLogits: (options) => anneal.binaryCrossEntropyWithLogits(input, input, options),
    bincount: (options) => anneal.bincount(classes, options),
    bincountStatic: (options) => anneal.bincountStatic(classes, 3, options),
    bucketize: (options) => anneal.bucketize(input, ones([3]), options),
    channelDropout: (options) => anneal.channelDropout(input, 0.5, options),
    compile: (options) => anneal.compile((t: Tensor) => t, options),
    conv1d: (options) => anneal.conv1d(ones([1, 2, 3]), ones([1, 2, 1]), options),
    conv2d: (options) => anneal.conv2d(ones([1, 2, 3, 3]), ones([1, 2, 1, 1]), options),
    conv3d: (options) => anneal.conv3d(ones([1, 2, 3, 3, 3]), ones([1, 2, 1, 1, 1]), options),
    convTranspose1d: (options) => anneal.convTranspose1d(ones([1, 2, 3]), ones([2, 1, 1]), options),
    convTranspose2d: (options) => anneal.convTranspose2d(ones([1, 2, 3, 3]), ones([2, 1, 1, 1]), options),
    convTranspose3d: (options) => anneal.convTranspose3d(ones([1, 2, 3, 3, 3]), ones([2, 1, 1, 1, 1]), options),
    cosineEmbedding: (options) => anneal.cosineEmbedding(input, input, ones([2]), options),
    cosineSimilarity: (options) => anneal.cosineSimilarity(input, input, options),
    cov: (options) => anneal.cov(input, options),
    crossEntropy: (options) => anneal.crossEntropy(input, classes, options),
    cumprod: (options) => anneal.cumprod(input, 0, options),
    cumsum: (options) => anneal.cumsum(input, 0, options),
    'data.DataLoader': (options) => new data.DataLoader(pairs, options),
    'data.WeightedRandomSampler': (options) => new data.WeightedRandomSampler([1], options),
    'data.randomSplit': (options) => data.randomSplit(pairs, [0.5, 0.5], options),
    'data.trainValidationSplit': (options) => data.trainValidationSplit(pairs, options),
    exponential: (options) => anneal.exponential([2], options),
    truncatedNormal: (options) => anneal.truncatedNormal([2], options),
    bernoulliLike: (options) => anneal.bernoulliLike(input, options),
    'Tensor.bernoulliLike': (options) => input.bernoulliLike(options),
    fold: (options) => anneal.fold(ones([4, 9]), [4, 4], 2, options),
    unfold: (options) => anneal.unfold(ones([1, 4, 4]), 2, options),
    gumbelSoftmax: (options) => anneal.gumbelSoftmax(input, options),
    'Tensor.gumbelSoftmax': (options) => input.gumbelSoftmax(options),
    rand: (options) => anneal.rand([2], options),
    randn: (options) => anneal.randn([2], options),
    randLike: (options) => anneal.randLike(input, options),
    randnLike: (options) => anneal.randnLike(input, options),
    randint: (options) => anneal.randint(0, 3, [2], options),
    randintLike: (options) => anneal.randintLike(input, 0, 3, options),
    empty: (options) => anneal.empty([2], options),
    emptyLike: (options) => anneal.emptyLike(input, options),
    'distributions.Bernoulli': (options) => new distributions.Bernoulli(options),
    'distributions.Categorical': (options) => new distributions.Categorical(options),
    'distributions.Distribution.rsample': (options) => new distributions.Normal(0, 1).rsample([], options),
    'distributions.Distribution.sample': (options) => new distributions.Normal(0, 1).sample([], options),
    'distributions.Geometric': (options) => new distributions.Geometric(options),
    'nn.padSequence': (options) => nn.padSequence([input], options),
    'nn.unpadSequence': (options) => nn.unpadSequence(input, [1, 1], options),
    'nn.init.truncNormal': (options) => nn.init.truncNormal(ones([2, 2]), options),
    div: (options) => anneal.div(input, 2, options),
    diff: (options) => anneal.diff(input, options),
    dropout: (options) => anneal.dropout(input, 0.5, options),
    embedding: (options) => anneal.embedding(classes, input, options),
    embeddingBag: (options) => anneal.embeddingBag(classes, input, options),
    eye: (options) => anneal.eye(2, 2, options),
    featureAlphaDropout: (options) => anneal.featureAlphaDropout(input, 0.5, options),
    full: (options) => anneal.full([2], 1, options),
    fullLike: (options) => anneal.fullLike(input, 1, options),
    gaussianNll: (options) => anneal.gaussianNll(input, input, input, options),
    grad: (options) => anneal.grad(loss, params, options),
    gridSample: (options) => anneal.gridSample(image(2), ones([1, 2, 2, 2]), options),
    groupNorm: (options) => anneal.groupNorm(input, 1, options),
    hingeEmbedding: (options) => anneal.hingeEmbedding(input, input, options),
    histc: (options) => anneal.histc(input, options),
    huber: (options) => anneal.huber(input, input, options),
    indexPut: (options) => anneal.indexPut(input, [classes], input, options),
    'Tensor.indexPut': (options) => input.indexPut([classes], input, options),
    indexAdd: (options) => anneal.indexAdd(input, 0, classes, input, options),
    interpolate: (options) => anneal.interpolate(image(2), options),
    instanceNorm: (options) => anneal.instanceNorm(input, options),
    'distributed.DistributedDataParallel': (options) => new distributed.DistributedDataParallel(model, options),
    'distributed.DistributedSampler': (options) => new distributed.DistributedSampler(options),
    'distributed.allGather': (options) => distributed.allGather(input, options),
    'distributed.allReduce': (options) => distributed.allReduce(input, 'sum', options),
    'distributed.broadcast': (options) => distributed.broadcast(input, options),
    'distributed.init': (options) => distributed.init(options),
    'io.deserialize': async (options) => io.deserialize(await io.serialize({ input }), options),
    'io.load': async (options) => {
      await io.save(join(folder, 'x.safetensors'), { input });
      return io.load(join(folder, 'x.safetensors'), options);
    },
    'io.save': (options) => io.save(join(folder, 'y.safetensors'), { input }, {}, options),
    isclose: (options) => anneal.isclose(input, input, options),
    isin: (options) => anneal.isin(input, 1, options),
    klDiv: (options) => anneal.klDiv(input, input, options),
    l1: (options) => anneal.l1(input, input, options),
    layerNorm: (options) => anneal.layerNorm(input, 3, options),
    linspace: (options) => anneal.linspace(0, 1, 3, options),
    localResponseNorm: (options) => anneal.localResponseNorm(input, 3, options),
    logspace: (options) => anneal.logspace(0, 1, 2, 10, options),
    lpPool1d: (options) => anneal.lpPool1d(image(1), 2, 2, options),
    lpPool2d: (options) => anneal.lpPool2d(image(2), 2, 2, options),
    lpPool3d: (options) => anneal.lpPool3d(image(3), 2, 2, options),
    marginRanking: (options) => anneal.marginRanking(input, input, input, options),
    maxPool1d: (options) => anneal.maxPool1d(image(1), 2, options),
    maxPool2d: (options) => anneal.maxPool2d(image(2), 2, options),
    maxPool3d: (options) => anneal.maxPool3d(image(3), 2, options),
    maxUnpool1d: (options) => anneal.maxUnpool1d(image(1), image(1).to('int64'), 2, options),
    maxUnpool2d: (options) => anneal.maxUnpool2d(image(2), image(2).to('int64'), 2, options),
    maxUnpool3d: (options) => anneal.maxUnpool3d(image(3), image(3).to('int64'), 2, options),
    maskedSelectStatic: (options) => anneal.maskedSelectStatic(input, input.gt(0), 1, options),
    meshgrid: (options) => anneal.meshgrid([input], options),
    mse: (options) => anneal.mse(input, input, options),
    multiMargin: (options) => anneal.multiMargin(input, classes, options),
    multilabelMargin: (options) => anneal.multilabelMargin(input, input.to('int64'), options),
    multilabelSoftMargin: (options) => anneal.multilabelSoftMargin(input, input, options),
    multinomial: (options) => anneal.multinomial(input, 1, options),
    nanToNum: (options) => anneal.nanToNum(input, options),
    nanquantile: (options) => anneal.nanquantile(input, 0.5, 0, false, options),
    nll: (options) => anneal.nll(input, classes, options),
    'nn.AvgPool1d': (options) => new nn.AvgPool1d(2, options),
    'nn.AvgPool2d': (options) => new nn.AvgPool2d(2, options),
    'nn.AvgPool3d': (options) => new nn.AvgPool3d(2, options),
    'nn.BCELoss': (options) => new nn.BCELoss(options),
    'nn.BCEWithLogitsLoss': (options) => new nn.BCEWithLogitsLoss(options),
    'nn.BatchNorm1d': (options) => new nn.BatchNorm1d(2, options),
    'nn.BatchNorm2d': (options) => new nn.BatchNorm2d(2, options),
    'nn.BatchNorm3d': (options) => new nn.BatchNorm3d(2, options),
    'nn.CELU': (options) => new nn.CELU(options),
    'nn.Conv1d': (options) => new nn.Conv1d(2, 2, 1, options),
    'nn.Conv2d': (options) => new nn.Conv2d(2, 2, 1, options),
    'nn.Conv3d': (options) => new nn.Conv3d(2, 2, 1, options),
    'nn.ConvTranspose1d': (options) => new nn.ConvTranspose1d(2, 2, 1, options),
    'nn.ConvTranspose2d': (options) => new nn.ConvTranspose2d(2, 2, 1, options),
    'nn.ConvTranspose3d': (options) => new nn.ConvTranspose3d(2, 2, 1, options),
    'nn.CosineEmbeddingLoss': (options) => new nn.CosineEmbeddingLoss(options),
    'nn.CosineSimilarity': (options) => new nn.CosineSimilarity(options),
    'nn.CrossEntropyLoss': (options) => new nn.CrossEntropyLoss(options),
    'nn.ELU': (options) => new nn.ELU(options),
    'nn.Embedding': (options) => new nn.Embedding(2, 3, options),
    'nn.Embedding.fromPretrained': (options) => nn.Embedding.fromPretrained(input, options),
    'nn.EmbeddingBag': (options) => new nn.EmbeddingBag(2, 3, options),
    'nn.GELU': (options) => new nn.GELU(options),
    'nn.GRU': (options) => new nn.GRU(2, 3, options),
    'nn.GRU.forward': (options) => new nn.GRU(3, 2).forward(ones([4, 2, 3]), null, options),
    'nn.GRUCell': (options) => new nn.GRUCell(2, 3, options),
    'nn.LSTM': (options) => new nn.LSTM(2, 3, options),
    'nn.LSTM.forward': (options) => new nn.LSTM(3, 2).forward(ones([4, 2, 3]), null, options),
    'nn.LSTMCell': (options) => new nn.LSTMCell(2, 3, options),
    'nn.RNN': (options) => new nn.RNN(2, 3, options),
    'nn.RNN.forward': (options) => new nn.RNN(3, 2).forward(ones([4, 2, 3]), null, options),
    'nn.RNNCell': (options) => new nn.RNNCell(2, 3, options),
    'nn.Fold': (options) => new nn.Fold([4, 4], 2, options),
    'nn.Unfold': (options) => new nn.Unfold(2, options),
    'nn.GLU': (options) => new nn.GLU(options),
    'nn.GaussianNLLLoss': (options) => new nn.GaussianNLLLoss(options),
    'nn.GroupNorm': (options) => new nn.GroupNorm(2, 2, options),
    'nn.Hardshrink': (options) => new nn.Hardshrink(options),
    'nn.Hardtanh': (options) => new nn.Hardtanh(options),
    'nn.HingeEmbeddingLoss': (options) => new nn.HingeEmbeddingLoss(options),
    'nn.HuberLoss': (options) => new nn.HuberLoss(options),
    'nn.InstanceNorm1d': (options) => new nn.InstanceNorm1d(2, options),
    'nn.InstanceNorm2d': (options) => new nn.InstanceNorm2d(2, options),
    'nn.InstanceNorm3d': (options) => new nn.InstanceNorm3d(2, options),
    'nn.KLDivLoss': (options) => new nn.KLDivLoss(options),
    'nn.KeyValueCache': (options) => new nn.KeyValueCache(1, 1, 4, 2, options),
    'nn.L1Loss': (options) => new nn.L1Loss(options),
    'nn.LPPool1d': (options) => new nn.LPPool1d(2, 2, options),
    'nn.LPPool2d': (options) => new nn.LPPool2d(2, 2, options),
    'nn.LPPool3d': (options) => new nn.LPPool3d(2, 2, options),
    'nn.LayerNorm': (options) => new nn.LayerNorm(2, options),
    'nn.LeakyReLU': (options) => new nn.LeakyReLU(options),
    'nn.Linear': (options) => new nn.Linear(2, 3, options),
    'nn.LocalResponseNorm': (options) => new nn.LocalResponseNorm(2, options),
    'nn.LogSoftmax': (options) => new nn.LogSoftmax(options),
    'nn.MSELoss': (options) => new nn.MSELoss(options),
    'nn.MarginRankingLoss': (options) => new nn.MarginRankingLoss(options),
    'nn.MaxPool1d': (options) => new nn.MaxPool1d(2, options),
    'nn.MaxPool2d': (options) => new nn.MaxPool2d(2, options),
    'nn.MaxPool3d': (options) => new nn.MaxPool3d(2, options),
    'nn.MaxUnpool1d': (options) => new nn.MaxUnpool1d(2, options),
    'nn.MaxUnpool2d': (options) => new nn.MaxUnpool2d(2, options),
    'nn.MaxUnpool3d': (options) => new nn.MaxUnpool3d(2, options),
    'nn.Module.compile': (options) => model.compile(options),
    'nn.Module.loadStateDict': (options) => model.loadStateDict(model.stateDict(), options),
    'nn.MultiLabelMarginLoss': (options) => new nn.MultiLabelMarginLoss(options),
    'nn.MultiLabelSoftMarginLoss': (options) => new nn.MultiLabelSoftMarginLoss(options),
    'nn.MultiMarginLoss': (options) => new nn.MultiMarginLoss(options),
    'nn.MultiheadAttention': (options) => new nn.MultiheadAttention(4, 2, options),
    'nn.MultiheadAttention.forward': (options) => {
      const sequence = ones([2, 1, 4]);
      return new nn.MultiheadAttention(4, 2).forward(sequence, sequence, sequence, options);
    },
    'nn.NLLLoss': (options) => new nn.NLLLoss(options),
    'nn.PReLU': (options) => new nn.PReLU(options),
    'nn.PairwiseDistance': (options) => new nn.PairwiseDistance(options),
    'nn.Parameter': (options) => new nn.Parameter(x(), options),
    'nn.PoissonNLLLoss': (options) => new nn.PoissonNLLLoss(options),
    'nn.PositionalEmbedding': (options) => new nn.PositionalEmbedding(3, 4, options),
    'nn.RMSNorm': (options) => new nn.RMSNorm(2, options),
    'nn.RReLU': (options) => new nn.RReLU(options),
    'nn.RotaryEmbedding': (options) => new nn.RotaryEmbedding(4, options),
    'nn.SinusoidalPositionalEncoding': (options) => new nn.SinusoidalPositionalEncoding(4, options),
    'nn.SmoothL1Loss': (options) => new nn.SmoothL1Loss(options),
    'nn.SoftMarginLoss': (options) => new nn.SoftMarginLoss(options),
    'nn.Softmax': (options) => new nn.Softmax(options),
    'nn.Softmin': (options) => new nn.Softmin(options),
    'nn.Softplus': (options) => new nn.Softplus(options),
    'nn.Softshrink': (options) => new nn.Softshrink(options),
    'nn.Transformer': (options) => new nn.Transformer(options),
    'nn.Transformer.forward': (options) =>
      new nn.Transformer({ dModel: 4, nhead: 2, dimFeedforward: 4 }).forward(ones([2, 4]), ones([2, 4]), options),
    'nn.Transformer.generateSquareSubsequentMask': (options) => nn.Transformer.generateSquareSubsequentMask(3, options),
    'nn.TransformerDecoder': (options) => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(4, 2), 1, options),
    'nn.TransformerDecoder.forward': (options) =>
      new nn.TransformerDecoder(new nn.TransformerDecoderLayer(4, 2), 1).forward(ones([2, 4]), ones([2, 4]), options),
    'nn.TransformerDecoderLayer': (options) => new nn.TransformerDecoderLayer(4, 2, options),
    'nn.TransformerDecoderLayer.forward': (options) =>
      new nn.TransformerDecoderLayer(4, 2).forward(ones([2, 4]), ones([2, 4]), options),
    'nn.TransformerEncoder': (options) => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2), 1, options),
    'nn.TransformerEncoder.forward': (options) =>
      new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2), 1).forward(ones([2, 4]), options),
    'nn.TransformerEncoderLayer': (options) => new nn.TransformerEncoderLayer(4, 2, options),
    'nn.TransformerEncoderLayer.forward': (options) =>
      new nn.TransformerEncoderLayer(4, 2).forward(ones([2, 4]), options),
    'nn.TripletMarginLoss': (options) => new nn.TripletMarginLoss(options),
    'nn.TripletMarginWithDistanceLoss': (options) => new nn.TripletMarginWithDistanceLoss(options),
    'nn.Upsample': (options) => new nn.Upsample(options),
    'nn.UpsamplingBilinear2d': (options) => new nn.UpsamplingBilinear2d(options),
    'nn.UpsamplingNearest2d': (options) => new nn.UpsamplingNearest2d(options),
    'nn.init.kaimingNormal': fill('kaimingNormal'),
    'nn.init.kaimingUniform': fill('kaimingUniform'),
    'nn.init.normal': fill('normal'),
    'nn.init.orthogonal': fill('orthogonal'),
    'nn.init.uniform': fill('uniform'),
    'nn.init.xavierNormal': fill('xavierNormal'),
    'nn.init.xavierUniform': fill('xavierUniform'),
    nonzeroStatic: (options) => anneal.nonzeroStatic(input, 1, options),
    normal: (options) => anneal.normal([2], options),
    normalLike: (options) => anneal.normalLike(input, options),
    normalize: (options) => anneal.normalize(input, options),
    ones: (options) => anneal.ones([2], options),
    onesLike: (options) => anneal.onesLike(input, options),
    'optim.Adadelta': (options) => new optim.Adadelta(params, options),
    'optim.Adagrad': (options) => new optim.Adagrad(params, options),
    'optim.Adam': (options) => new optim.Adam(params, options),
    'optim.AdamW': (options) => new optim.AdamW(params, options),
    'optim.Adamax': (options) => new optim.Adamax(params, options),
    'optim.ConstantLR': (options) => new optim.ConstantLR(optimizer(), options),
    'optim.CosineAnnealingLR': (options) => new optim.CosineAnnealingLR(optimizer(), options),
    'optim.CosineAnnealingWarmRestarts': (options) => new optim.CosineAnnealingWarmRestarts(optimizer(), options),
    'optim.CyclicLR': (options) => new optim.CyclicLR(optimizer(), options),
    'optim.ExponentialLR': (options) => new optim.ExponentialLR(optimizer(), options),
    'optim.LinearLR': (options) => new optim.LinearLR(optimizer(), options),
    'optim.MultiStepLR': (options) => new optim.MultiStepLR(optimizer(), options),
    'optim.NAdam': (options) => new optim.NAdam(params, options),
    'optim.OneCycleLR': (options) => new optim.OneCycleLR(optimizer(), options),
    'optim.PolynomialLR': (options) => new optim.PolynomialLR(optimizer(), options),
    'optim.RAdam': (options) => new optim.RAdam(params, options),
    'optim.RMSprop': (options) => new optim.RMSprop(params, options),
    'optim.ReduceLROnPlateau': (options) => new optim.ReduceLROnPlateau(optimizer(), options),
    'optim.Rprop': (options) => new optim.Rprop(params, options),
    'optim.SGD': (options) => new optim.SGD(params, options),
    'optim.SequentialLR': (options) =>
      new optim.SequentialLR([new optim.StepLR(optimizer(), { stepSize: 1 })], options),
    'optim.StepLR': (options) => new optim.StepLR(optimizer(), options),
    'optim.clipGradNorm': (options) => optim.clipGradNorm(params, 1, options),
    pad: (options) => anneal.pad(input, [1, 1], options),
    pairwiseDistance: (options) => anneal.pairwiseDistance(input, input, options),
    poissonNll: (options) => anneal.poissonNll(input, input, options),
    quantile: (options) => anneal.quantile(input, 0.5, 0, false, options),
    randperm: (options) => anneal.randperm(3, options),
    rotaryAngles: (options) => anneal.rotaryAngles(3, 4, options),
    rotaryEmbedding: (options) => anneal.rotaryEmbedding(ones([3, 4]), ones([3, 2]), ones([3, 2]), options),
    rmsNorm: (options) => anneal.rmsNorm(input, 3, options),
    rrelu: (options) => anneal.rrelu(input, options),
    scaledDotProductAttention: (options) => anneal.scaledDotProductAttention(input, input, input, options),
    scatterReduce: (options) => anneal.scatterReduce(input, 0, classes, input, 'sum', options),
    searchsorted: (options) => anneal.searchsorted(ones([3]), input, options),
    smoothL1: (options) => anneal.smoothL1(input, input, options),
    softMargin: (options) => anneal.softMargin(input, input, options),
    sort: (options) => anneal.sort(input, 0, options),
    std: (options) => anneal.std(input, 0, false, options),
    stdMean: (options) => anneal.stdMean(input, 0, false, options),
    tensor: (options) => anneal.tensor([1], options),
    topk: (options) => anneal.topk(input, 1, 0, options),
    'train.EarlyStopping': (options) => new train.EarlyStopping(options),
    'train.LearningRateScheduler': (options) =>
      new train.LearningRateScheduler(new optim.StepLR(optimizer(), { stepSize: 1 }), options),
    'train.ModelCheckpoint': (options) => new train.ModelCheckpoint(options),
    'train.Trainer': (options) => new train.Trainer(options),
    'train.Trainer.evaluate': (options) => trainer().evaluate(pairs, options),
    'train.Trainer.fit': (options) => trainer().fit(pairs, options),
    'train.Trainer.predict': (options) => trainer().predict(pairs, options),
    'train.accuracy': (options) => train.accuracy(options),
    'train.confusionMatrix': (options) => train.confusionMatrix(options),
    'train.f1': (options) => train.f1(options),
    'train.precision': (options) => train.precision(options),
    'train.recall': (options) => train.recall(options),
    tripletMargin: (options) => anneal.tripletMargin(input, input, input, options),
    tripletMarginWithDistance: (options) => anneal.tripletMarginWithDistance(input, input, input, options),
    uniform: (options) => anneal.uniform([2], options),
    uniformLike: (options) => anneal.uniformLike(input, options),
    unique: (options) => anneal.unique(input, options),
    uniqueConsecutive: (options) => anneal.uniqueConsecutive(input, options),
    uniqueStatic: (options) => anneal.uniqueStatic(input, 1, options),
    varMean: (options) => anneal.varMean(input, 0, false, options),
    variance: (options) => anneal.variance(input, 0, false, options),
    withAt: (options) => anneal.withAt(input, 0, 1, options),
    zeros: (options) => anneal.zeros([2], options),
    zerosLike: (options) => anneal.zerosLike(input, options),
  };
}

describe('names of options', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'anneal-options-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('are asked for here of everything that takes options', () => {
    assert.deepEqual(takingOptions(), Object.keys(calls(folder)).sort());
  }).timeout(60_000);

  it('that are unknown are refused at the call', async () => {
    for (const [name, call] of Object.entries(calls(folder))) {
      const refused = async () => call({ misspelt: 1 } as never);
      await assert.rejects(refused, (error: Error) => {
        assert.ok(error instanceof ArgumentError, `${name}: ${error}`);
        assert.match(error.message, /there is no option 'misspelt'; there are \w/, name);
        return true;
      });
    }
  });

  it('that are nearly right are named in the error', () => {
    const message = (name: string) => {
      try {
        ones([2, 3]).variance(0, false, { [name]: 0 });
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    };
    assert.equal(
      message('corection'),
      "[variance] there is no option 'corection'; there are correction; did you mean 'correction'?",
    );
    assert.equal(message('axis'), "[variance] there is no option 'axis'; there are correction");
    assert.throws(() => new optim.SGD([], { weight_decay: 1 } as never), /did you mean 'weightDecay'\?$/);
  });
});
