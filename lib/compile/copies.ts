// Arrays of the caller's whose values were copied into tensors of a traced function: eager code would copy them at every call, so a
// program holds only while they have the same values.

/** An array, and its values when it was copied. Literals that nobody else holds are collected, and cannot change. */
export interface Copied {
  readonly source: WeakRef<object>;
  readonly values: Uint8Array | unknown[];
}

export function copyOf(source: object): Copied {
  const values = ArrayBuffer.isView(source) ? Uint8Array.from(bytesOf(source)) : nestedCopy(source as unknown[]);
  return { source: new WeakRef(source), values };
}

export function isUnchanged({ source, values }: Copied): boolean {
  const now = source.deref();
  if (now === undefined) return true;
  return Array.isArray(values)
    ? isSame(now as unknown[], values)
    : Buffer.compare(bytesOf(now as ArrayBufferView), values) === 0;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function nestedCopy(values: unknown[]): unknown[] {
  return values.map((value) => (Array.isArray(value) ? nestedCopy(value) : value));
}

function isSame(now: unknown, then: unknown): boolean {
  if (!Array.isArray(then)) return Object.is(now, then);
  return Array.isArray(now) && now.length === then.length && then.every((value, i) => isSame(now[i], value));
}
