// Channels that become pixels, pixels that become channels, and channels in another order.
import { ShapeError } from '../errors';
import { formatShape, handleOf, type Tensor } from '../tensor';
import { integerFor } from './check';
import { permute, reshape } from './shape';

function checkImage(name: string, x: Tensor): [lead: number[], channels: number, height: number, width: number] {
  handleOf(name, 'x', x);
  const { shape } = x;
  if (shape.length < 3)
    throw new ShapeError(`[${name}] expected [..., channels, height, width], received ${formatShape(shape)}`);
  const [channels, height, width] = shape.slice(-3) as [number, number, number];
  return [shape.slice(0, -3), channels, height, width];
}

/**
 * `[..., C r^2, H, W]` to `[..., C, H r, W r]`: groups of r^2 channels become blocks of r by r pixels. (Shi et al. 2016)
 *
 * @throws ShapeError, ArgumentError
 */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  const [lead, channels, height, width] = checkImage('pixelShuffle', x);
  const r = integerFor('pixelShuffle', 'factor', factor, 1);
  if (channels % (r * r) !== 0) {
    throw new ShapeError(`[pixelShuffle] ${channels} channels are no multiple of ${r * r}`);
  }
  const c = channels / (r * r);
  const images = lead.reduce((product, extent) => product * extent, 1);
  const apart = reshape(x, [images, c, r, r, height, width]);
  return reshape(permute(apart, [0, 1, 4, 2, 5, 3]), [...lead, c, height * r, width * r]);
}

/** `[..., C, H r, W r]` to `[..., C r^2, H, W]`: undoes {@link pixelShuffle}. @throws ShapeError, ArgumentError */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  const [lead, channels, height, width] = checkImage('pixelUnshuffle', x);
  const r = integerFor('pixelUnshuffle', 'factor', factor, 1);
  if (height % r !== 0 || width % r !== 0) {
    throw new ShapeError(`[pixelUnshuffle] an image of ${height} x ${width} has no blocks of ${r} x ${r}`);
  }
  const images = lead.reduce((product, extent) => product * extent, 1);
  const apart = reshape(x, [images, channels, height / r, r, width / r, r]);
  return reshape(permute(apart, [0, 1, 3, 5, 2, 4]), [...lead, channels * r * r, height / r, width / r]);
}

/**
 * The channels of `[batch, channels, ...]`, which are in `groups` one after the other, so that those of all groups take turns. (Zhang et
 * al. 2018)
 *
 * @throws ShapeError, ArgumentError
 */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  handleOf('channelShuffle', 'x', x);
  const { shape } = x;
  const [batch, channels, ...rest] = shape;
  if (batch === undefined || channels === undefined) {
    throw new ShapeError(`[channelShuffle] expected [batch, channels, ...], received ${formatShape(shape)}`);
  }
  integerFor('channelShuffle', 'groups', groups, 1);
  if (channels % groups !== 0) throw new ShapeError(`[channelShuffle] ${channels} channels are no ${groups} groups`);
  const inner = rest.reduce((product, extent) => product * extent, 1);
  return reshape(permute(reshape(x, [batch, groups, channels / groups, inner]), [0, 2, 1, 3]), shape);
}
