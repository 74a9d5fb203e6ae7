// Types for declarations that every TypeScript from 5.0 on reads, with or without @types/node: those that came to its library
// later, or that newer versions write in another way.

declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

// Typed arrays on a buffer of their own: `Uint8Array<ArrayBuffer>` from TypeScript 5.7 on, `Uint8Array` before.
export type OwnUint8Array = ReturnType<typeof Uint8Array.of>;
export type OwnInt8Array = ReturnType<typeof Int8Array.of>;
export type OwnInt16Array = ReturnType<typeof Int16Array.of>;
export type OwnInt32Array = ReturnType<typeof Int32Array.of>;
export type OwnFloat32Array = ReturnType<typeof Float32Array.of>;
export type OwnFloat64Array = ReturnType<typeof Float64Array.of>;

/** `T`, without being a place that `T` is inferred from: TypeScript's `NoInfer`, of 5.4. */
export type NotInferred<T> = [T][T extends unknown ? 0 : never];
