// Padding as modules, in one to three dimensions. Numbers stand for all sides; a list is in PyTorch's order, which begins with the
// last dimension: left, right, top, bottom, front, back.
import { ArgumentError, describe } from '../errors';
import { type PadMode, pad } from '../ops/pad';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** The same on all sides, or two numbers for each dimension, from the last on. */
export type Padding = number | readonly number[];

abstract class Pad extends Module {
  /** Numbers before and after the last dimension, the one before it, ... */
  readonly padding: readonly number[];
  /** What surrounds the input. */
  protected abstract readonly mode: PadMode;

  constructor(padding: Padding, dimensions: number) {
    super();
    const sides = 2 * dimensions;
    const list = typeof padding === 'number' ? new Array<number>(sides).fill(padding) : padding;
    if (!Array.isArray(list) || list.length !== sides || !list.every(Number.isInteger)) {
      throw new ArgumentError(
        `[${new.target.name}] expected an integer or ${sides} of them for the padding, received ${describe(padding)}`,
      );
    }
    this.padding = list;
  }

  forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: this.mode });
  }

  protected override describe(): string {
    return `[${this.padding.join(', ')}]`;
  }
}

abstract class ConstantPad extends Pad {
  /** What surrounds the input. */
  readonly value: number;
  protected readonly mode = 'constant';

  constructor(padding: Padding, value: number, dimensions: number) {
    super(padding, dimensions);
    this.value = value;
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, this.value);
  }
}

/** A constant around the last dimension. @throws ArgumentError */
export class ConstantPad1d extends ConstantPad {
  constructor(padding: Padding, value: number) {
    super(padding, value, 1);
  }
}

/** Zeros around the last dimension. @throws ArgumentError */
export class ZeroPad1d extends ConstantPad {
  constructor(padding: Padding) {
    super(padding, 0, 1);
  }
}

/** The mirror image around the last dimension. @throws ArgumentError */
export class ReflectionPad1d extends Pad {
  protected readonly mode = 'reflect';
  constructor(padding: Padding) {
    super(padding, 1);
  }
}

/** The first and the last entry, repeated around the last dimension. @throws ArgumentError */
export class ReplicationPad1d extends Pad {
  protected readonly mode = 'replicate';
  constructor(padding: Padding) {
    super(padding, 1);
  }
}

/** The entries of the other end around the last dimension. @throws ArgumentError */
export class CircularPad1d extends Pad {
  protected readonly mode = 'circular';
  constructor(padding: Padding) {
    super(padding, 1);
  }
}

/** A constant around the last two dimensions. @throws ArgumentError */
export class ConstantPad2d extends ConstantPad {
  constructor(padding: Padding, value: number) {
    super(padding, value, 2);
  }
}

/** Zeros around the last two dimensions. @throws ArgumentError */
export class ZeroPad2d extends ConstantPad {
  constructor(padding: Padding) {
    super(padding, 0, 2);
  }
}

/** The mirror image around the last two dimensions. @throws ArgumentError */
export class ReflectionPad2d extends Pad {
  protected readonly mode = 'reflect';
  constructor(padding: Padding) {
    super(padding, 2);
  }
}

/** The first and the last entry, repeated around the last two dimensions. @throws ArgumentError */
export class ReplicationPad2d extends Pad {
  protected readonly mode = 'replicate';
  constructor(padding: Padding) {
    super(padding, 2);
  }
}

/** The entries of the other end around the last two dimensions. @throws ArgumentError */
export class CircularPad2d extends Pad {
  protected readonly mode = 'circular';
  constructor(padding: Padding) {
    super(padding, 2);
  }
}

/** A constant around the last three dimensions. @throws ArgumentError */
export class ConstantPad3d extends ConstantPad {
  constructor(padding: Padding, value: number) {
    super(padding, value, 3);
  }
}

/** Zeros around the last three dimensions. @throws ArgumentError */
export class ZeroPad3d extends ConstantPad {
  constructor(padding: Padding) {
    super(padding, 0, 3);
  }
}

/** The mirror image around the last three dimensions. @throws ArgumentError */
export class ReflectionPad3d extends Pad {
  protected readonly mode = 'reflect';
  constructor(padding: Padding) {
    super(padding, 3);
  }
}

/** The first and the last entry, repeated around the last three dimensions. @throws ArgumentError */
export class ReplicationPad3d extends Pad {
  protected readonly mode = 'replicate';
  constructor(padding: Padding) {
    super(padding, 3);
  }
}

/** The entries of the other end around the last three dimensions. @throws ArgumentError */
export class CircularPad3d extends Pad {
  protected readonly mode = 'circular';
  constructor(padding: Padding) {
    super(padding, 3);
  }
}
