// Tensors as nested arrays and as text in NumPy's layout.
import { noGrad, scope } from './context';
import { type DType, isFloating, type TypedArray } from './dtype';

/** Elements nested to the depth of a tensor's dimensions. */
export type NestedArray<Element = number | boolean | bigint> = Element | NestedArray<Element>[];

/** What printing asks of a tensor. */
interface Printed<T> {
  readonly isDisposed: boolean;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly size: number;
  readonly requiresGrad: boolean;
  dataSync(): TypedArray;
  slice(axis: number, start: number, end: number): T;
  concat(others: readonly T[], axis: number): T;
}

const SUMMARIZE_ABOVE = 1000;
const EDGE = 3;
// Of a tensor that is summarized; 6^4 is what EDGE leaves of four dimensions.
const MOST_SHOWN = 1296;
const PRECISION = 4;
const LINE_WIDTH = 75;

/** Elements in row-major order as arrays nested to the depth of the shape. */
export function nest(
  values: TypedArray,
  shape: readonly number[],
  dtype: DType,
  number: (value: number | bigint) => number | bigint = Number,
): NestedArray {
  const convert = dtype === 'bool' ? (value: number | bigint) => value !== 0 : number;
  const build = (axis: number, offset: number, stride: number): NestedArray => {
    if (axis === shape.length) return convert(values[offset] as number | bigint);
    const inner = shape[axis] === 0 ? 0 : stride / (shape[axis] as number);
    return Array.from({ length: shape[axis] as number }, (_, i) => build(axis + 1, offset + i * inner, inner));
  };
  return build(0, 0, values.length);
}

/** `tensor([[1., 2.], [3., 4.]])`, with dtype when it is not float32, and the middle of large tensors left out. */
export function formatTensor<T extends Printed<T>>(tensor: T): string {
  if (tensor.isDisposed) return 'tensor(disposed)';
  const { shape, dtype } = tensor;
  const suffix = dtype === 'float32' || dtype === 'bool' ? '' : `, dtype=${dtype}`;
  const grad = tensor.requiresGrad ? ', requiresGrad=true' : '';
  const size = tensor.size;
  if (size === 0) return `tensor([], shape=[${shape.join(', ')}]${suffix}${grad})`;
  const summarize = size > SUMMARIZE_ABOVE;
  const edge = summarize ? edgeOf(shape) : Number.POSITIVE_INFINITY;
  const values = noGrad(() =>
    scope(() => {
      const shown = cut(tensor, edge);
      // Not through numbers, which would round int64 beyond 2^53.
      return nest(shown.dataSync(), shown.shape, dtype, (value) => value);
    }),
  );
  const cell = cellFormat(values, dtype);
  const body = layout(values, shape, edge, cell, 'tensor('.length);
  return `tensor(${body}${summarize ? `, shape=[${shape.join(', ')}]` : ''}${suffix}${grad})`;
}

// How many entries are shown at either end of a dimension: fewer where many dimensions would make too much of it.
function edgeOf(shape: readonly number[]): number {
  for (let edge = EDGE; edge > 1; edge--) {
    if (shape.reduce((count, extent) => count * Math.min(extent, 2 * edge), 1) <= MOST_SHOWN) return edge;
  }
  return 1;
}

// The first and last entries of every dimension that is too long to show.
function cut<T extends Printed<T>>(tensor: T, edge: number): T {
  let result = tensor;
  for (const [axis, extent] of tensor.shape.entries()) {
    if (extent <= 2 * edge) continue;
    result = result.slice(axis, 0, edge).concat([result.slice(axis, extent - edge, extent)], axis);
  }
  return result;
}

function flatten(values: NestedArray): (number | boolean | bigint)[] {
  return Array.isArray(values) ? values.flatMap(flatten) : [values];
}

// One format for all cells, as wide as the widest.
function cellFormat(values: NestedArray, dtype: DType): (value: unknown) => string {
  const flat = flatten(values);
  const text = isFloating(dtype) ? floatFormat(flat as number[]) : String;
  const width = Math.max(...flat.map((value) => text(value as number).length));
  return (value) => text(value as number).padStart(width);
}

function floatFormat(values: number[]): (value: number) => string {
  const finite = values.filter(Number.isFinite).map(Math.abs);
  const largest = Math.max(0, ...finite);
  const smallest = Math.min(...finite.filter((value) => value > 0), Number.POSITIVE_INFINITY);
  const special = (value: number) => (Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf');
  if (finite.every(Number.isInteger) && largest < 1e8) {
    return (value) => (Number.isFinite(value) ? `${Object.is(value, -0) ? '-0' : value}.` : special(value));
  }
  if (largest >= 1e8 || (smallest < 1e-4 && smallest !== Number.POSITIVE_INFINITY) || largest / smallest > 1000) {
    return (value) => (Number.isFinite(value) ? exponent(value) : special(value));
  }
  return (value) => (Number.isFinite(value) ? value.toFixed(PRECISION) : special(value));
}

// 1.2000e-05: two digits at least in the exponent, as NumPy has it.
function exponent(value: number): string {
  return value.toExponential(PRECISION).replace(/e([+-])(\d)$/, 'e$10$2');
}

// One row, on as many lines as it takes.
function wrap(items: readonly string[], indent: number): string {
  const lines: string[] = [];
  let line = '';
  items.forEach((item, i) => {
    const text = i + 1 < items.length ? `${item},` : item;
    if (line !== '' && indent + line.length + 1 + text.length > LINE_WIDTH) {
      lines.push(line);
      line = text;
    } else {
      line += line === '' ? text : ` ${text}`;
    }
  });
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

function layout(
  values: NestedArray,
  shape: readonly number[],
  edge: number,
  cell: (value: unknown) => string,
  indent: number,
): string {
  const build = (value: NestedArray, axis: number): string => {
    if (!Array.isArray(value)) return cell(value);
    const items = value.map((item) => build(item, axis + 1));
    if ((shape[axis] as number) > 2 * edge) items.splice(edge, 0, '...');
    const below = shape.length - axis - 1;
    const start = indent + axis + 1;
    if (below === 0) return `[${wrap(items, start)}]`;
    return `[${items.join(`,${'\n'.repeat(below)}${' '.repeat(start)}`)}]`;
  };
  return build(values, 0);
}
