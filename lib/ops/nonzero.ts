// Where elements are not 0: as many places as the values say, which is a promise, or as many as are asked for.
import { checkOptions } from '../options';
import { handleOf, type Tensor } from '../tensor';
import { call, operator } from './call';
import { integerFor } from './check';
import { zeros } from './create';
import { div, ge, mul, ne, sub, where } from './pointwise';
import { sum } from './reduce';
import { cast, stack, unsqueeze } from './shape';

const op = { positions: operator('positions') };

/**
 * A promise of the places `[found, rank]` at which elements are not 0, in row-major order; int64. Not within compiled functions: there,
 * {@link nonzeroStatic} has a size.
 *
 * ```ts
 * const rows = (await x.nonzero()).unbind(1); // an index tensor for each axis
 * ```
 *
 * @method nonzero argwhere
 */
export async function nonzero(x: Tensor): Promise<Tensor> {
  handleOf('nonzero', 'x', x);
  return places('nonzero', x, await sum(ne(x, 0)).item(), -1);
}

/** {@link nonzero} under NumPy's name. */
export function argwhere(x: Tensor): Promise<Tensor> {
  return nonzero(x);
}

/** Options of {@link nonzeroStatic}. */
export interface NonzeroStaticOptions {
  /** What stands behind the places that were found. Default -1. */
  fillValue?: number;
}

/**
 * The first `size` places `[size, rank]` at which elements are not 0, and `fillValue` where there are fewer; int64.
 *
 * @throws ArgumentError
 * @method
 */
export function nonzeroStatic(x: Tensor, size: number, options: NonzeroStaticOptions = {}): Tensor {
  handleOf('nonzeroStatic', 'x', x);
  checkOptions('nonzeroStatic', options, ['fillValue']);
  const { fillValue = -1 } = options;
  integerFor('nonzeroStatic', 'size', size, 0);
  integerFor('nonzeroStatic', 'fillValue', fillValue);
  return places('nonzeroStatic', x, size, fillValue);
}

function places(name: string, x: Tensor, size: number, fillValue: number): Tensor {
  const { shape, rank, device } = x;
  if (rank === 0) return zeros([size, 0], { dtype: 'int64', device });
  let rest = call(op.positions, handleOf(name, 'x', x), size, -1);
  const isFound = ge(rest, 0);
  const coordinates: Tensor[] = [];
  let stride = x.size;
  for (const extent of shape) {
    stride = extent === 0 ? 1 : stride / extent;
    // Exact: places have at most 53 bits.
    const at = stride === 1 ? rest : cast(div(cast(rest, 'float64'), stride), 'int64');
    coordinates.push(at);
    if (stride !== 1) rest = sub(rest, mul(at, stride));
  }
  return where(unsqueeze(isFound, 1), stack(coordinates, 1), fillValue);
}
