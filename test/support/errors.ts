// What a call must throw.
import assert from 'node:assert/strict';
import { AnnealError } from 'anneal';

type ErrorClass = new (message: string) => AnnealError;

/** The call must throw this class with its code, and a message in which each of the parts appears. */
export function throwsWith(run: () => unknown, kind: ErrorClass, code: string, ...parts: string[]): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
    assert.ok(error instanceof AnnealError);
    assert.equal(error.code, code);
    assert.equal(error.name, kind.name);
    for (const part of parts) assert.ok(error.message.includes(part), `'${part}' is not in: ${error.message}`);
    return true;
  });
}
