// What kind of thing a value is. Not by `instanceof`: a value of another realm (a vm context, a REPL, a test runner) is no
// instance of the classes here, and a tensor of another copy of this package is none of the classes of this one.
import { types } from 'node:util';
import type { OwnUint8Array } from './compatible';

/** A Map of any realm. */
export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return types.isMap(value);
}

/** A Set of any realm. */
export function isSet(value: unknown): value is ReadonlySet<unknown> {
  return types.isSet(value);
}

/** An Error of any realm. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error; // the latter for DOMException
}

/** What was thrown, in words. */
export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

/** Whatever `await` waits for. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** A URL of any realm. */
export function isUrl(value: unknown): value is URL {
  if (typeof value !== 'object' || value === null) return false;
  const { href, protocol } = value as { href?: unknown; protocol?: unknown };
  return typeof href === 'string' && typeof protocol === 'string';
}

/** An object without a class of its own, such as a literal, of any realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A Uint8Array of any realm. */
export function isBytes(value: unknown): value is OwnUint8Array {
  return types.isUint8Array(value);
}

/** The name of a typed array's or view's kind, such as `Float32Array`; undefined for anything else. */
export function viewKind(value: unknown): string | undefined {
  return ArrayBuffer.isView(value) ? Object.prototype.toString.call(value).slice(8, -1) : undefined;
}

/** The symbol under which the package's classes say which copy of the package they belong to. @internal */
export const copyOf: unique symbol = Symbol.for('anneal.copy') as typeof copyOf;

/** What the classes of this copy have there. @internal */
export const thisCopy: object = {};

/** Whether `value` is of another copy of this package. */
export function isOfOtherCopy(value: unknown): boolean {
  return typeof value === 'object' && value !== null && copyOf in value && value[copyOf] !== thisCopy;
}
