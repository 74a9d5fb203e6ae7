// The errors that anneal throws. Each says what was expected and what was received, and carries a stable `code`.
import { isOfOtherCopy, isPromiseLike } from './kinds';

/** Base class of all errors thrown by anneal. */
export class AnnealError extends Error {
  /** Stable identifier of the kind of error, such as `ERR_SHAPE`. */
  readonly code: string;

  constructor(message: string, code = 'ERR_ANNEAL', options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An argument of the wrong kind or outside its range. */
export class ArgumentError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_ARGUMENT', options);
  }
}

/** Shapes that do not fit together. */
export class ShapeError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_SHAPE', options);
  }
}

/** An element type that the operation does not take. */
export class DTypeError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_DTYPE', options);
  }
}

/** A device that is missing, or that lacks an operator. */
export class DeviceError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_DEVICE', options);
  }
}

/** A tensor used after `dispose`, or after the `scope` it was made in. */
export class DisposedError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_DISPOSED', options);
  }
}

/** An allocation that cannot succeed. The engine works on. */
export class OutOfMemoryError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_OUT_OF_MEMORY', options);
  }
}

/** A file or buffer that is not of the format it should be. */
export class FormatError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_FORMAT', options);
  }
}

/** Backward through nothing, through a freed graph, or across an update in place. */
export class AutogradError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_AUTOGRAD', options);
  }
}

/**
 * An index outside its dimension. Of index tensors it is found while a kernel runs, and rejects the read that waits for the result.
 */
export class IndexError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_INDEX', options);
  }
}

/**
 * Another process of the group is gone, does not answer, or calls other collectives than this one. The message names the rank. What
 * was to be reduced is lost, so no optimizer takes a step with it.
 */
export class DistributedError extends AnnealError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 'ERR_DISTRIBUTED', options);
  }
}

/** In the order of the engine's error kinds (native/core/error_kind.h). */
export const errorClasses = [
  ArgumentError,
  ShapeError,
  DTypeError,
  DeviceError,
  DisposedError,
  OutOfMemoryError,
  FormatError,
  AutogradError,
  IndexError,
  DistributedError,
];

/** The kind of a value, for messages: `null`, `array`, `Float32Array`, `number 3`. Says so where that names the mistake. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value} ${value}`;
  if (typeof value === 'string') return `string '${value.length > 40 ? `${value.slice(0, 40)}...` : value}'`;
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object') return typeof value;
  const name = value.constructor?.name || 'object';
  if (isPromiseLike(value)) return `${name} (is an await missing?)`;
  return isOfOtherCopy(value)
    ? `a ${name} of another copy of anneal (is it loaded twice, or were a test runner's modules reset?)`
    : name;
}
