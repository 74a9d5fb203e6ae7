// What is compiled again when a file changes: every source that includes it, and the kernels once for each instruction set.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sources from '../native/sources.json';

const native = join(__dirname, '../native');
const included = new Map<string, Set<string>>();

/** The files of ours that a file includes, and all that those do. */
function includesOf(file: string): Set<string> {
  const known = included.get(file);
  if (known !== undefined) return known;
  const all = new Set([file]);
  included.set(file, all);
  for (const [, name = ''] of readFileSync(join(native, file), 'utf8').matchAll(/^#include "([^"]+)"/gm)) {
    const inner = existsSync(join(native, name)) ? name : join(dirname(file), name);
    if (existsSync(join(native, inner))) for (const one of includesOf(inner)) all.add(one);
  }
  return all;
}

function compiledAgain(changed: readonly string[]): string[] {
  const needs = (file: string) => changed.some((one) => includesOf(file).has(one));
  const kernels = sources.kernels.filter(needs);
  const { dispatch, compact, engine, binding } = sources;
  return [
    ...[...dispatch, ...compact, ...engine, ...binding].filter(needs),
    ...sources.levels.x64.flatMap((level) => kernels.map((file) => `${level} ${file}`)),
  ];
}

describe('what is compiled again', () => {
  it('for a new pointwise operator are fewer than 25 files', () => {
    const files = compiledAgain(['formulas/pointwise.def', 'formulas/activation.h', 'ops/activation.cc']);
    assert.ok(files.includes('ops/activation.cc') && files.includes('avx2 cpu/tile.cc'), files.join(' '));
    assert.ok(files.length < 25, files.join(' '));
  });
});
