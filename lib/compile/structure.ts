// Arguments and results of compiled functions: tensors inside arrays and plain objects. The tensors are taken out, and what is
// left is a template to put others back into.
import { ArgumentError, describe } from '../errors';
import { isPlainObject } from '../kinds';
import { Tensor } from '../tensor';
import type { Difference } from './differences';

/** Something made of arrays, plain objects and plain values, with numbers in place of tensors. */
export type Template =
  | { kind: 'tensor'; index: number }
  | { kind: 'array'; items: Template[] }
  | { kind: 'object'; entries: [name: string, item: Template][] }
  | { kind: 'value'; value: unknown };

/** Takes the tensors out of `value`, in order and each once. `what` names it in errors: `argument 0`. @throws ArgumentError */
export function flattenTensors(value: unknown, tensors: Tensor[], what: string, depth = 0): Template {
  if (value instanceof Tensor) {
    const known = tensors.indexOf(value);
    return { kind: 'tensor', index: known >= 0 ? known : tensors.push(value) - 1 };
  }
  if (depth > 16) throw new ArgumentError(`[compile] ${what} is nested too deeply`);
  if (Array.isArray(value)) {
    return { kind: 'array', items: value.map((item, i) => flattenTensors(item, tensors, `${what}[${i}]`, depth + 1)) };
  }
  if (typeof value === 'object' && value !== null) {
    if (!isPlainObject(value)) {
      throw new ArgumentError(
        `[compile] ${what}: expected tensors, numbers, strings, booleans, or arrays and plain objects of them, received ${describe(value)}`,
      );
    }
    const entries = Object.entries(value).map(([name, item]): [string, Template] => [
      name,
      flattenTensors(item, tensors, `${what}.${name}`, depth + 1),
    ]);
    return { kind: 'object', entries };
  }
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new ArgumentError(`[compile] ${what}: a ${typeof value} cannot be part of a compiled function's signature`);
  }
  return { kind: 'value', value };
}

/**
 * As {@link flattenTensors}, for what a traced function returns. Numbers and the like are refused: a later run would return the ones
 * of the trace. @throws ArgumentError
 */
export function flattenResult(value: unknown, tensors: Tensor[]): Template {
  const template = flattenTensors(value, tensors, 'the result');
  refuseValues(template, 'the result');
  return template;
}

function refuseValues(template: Template, what: string): void {
  if (template.kind === 'array') {
    for (const [i, item] of template.items.entries()) refuseValues(item, `${what}[${i}]`);
  } else if (template.kind === 'object') {
    for (const [name, item] of template.entries) refuseValues(item, `${what}.${name}`);
  } else if (template.kind === 'value' && template.value != null) {
    const received = describe(template.value);
    throw new ArgumentError(
      `[compile] ${what}: expected tensors, alone or in arrays and plain objects, received ${received}, which later runs would not compute again: return a tensor, or compute it outside`,
    );
  }
}

/** The opposite of {@link flattenTensors}, with other tensors. */
export function unflattenTensors(template: Template, tensors: readonly Tensor[]): unknown {
  switch (template.kind) {
    case 'tensor':
      return tensors[template.index];
    case 'array':
      return template.items.map((item) => unflattenTensors(item, tensors));
    case 'object':
      return Object.fromEntries(template.entries.map(([name, item]) => [name, unflattenTensors(item, tensors)]));
    case 'value':
      return template.value;
  }
}

/** `value` with `fn` of each tensor in its arrays and plain objects; all else as it is. */
export function mapTensors<T>(value: T, fn: (tensor: Tensor) => Tensor): T {
  const map = (item: unknown): unknown => {
    if (item instanceof Tensor) return fn(item);
    if (Array.isArray(item)) return item.map(map);
    if (!isPlainObject(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([name, part]) => [name, map(part)]));
  };
  return map(value) as T;
}

/** The tensors in the arrays and plain objects of `value`. */
export function tensorsIn(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(value, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
}

/**
 * Whether `value` is what `template` was made of, but for the tensors, which are added to `tensors`: the same one at the same
 * places, but perhaps the same one also at others.
 */
export function matches(template: Template, value: unknown, tensors: Tensor[]): boolean {
  switch (template.kind) {
    case 'tensor':
      if (!(value instanceof Tensor)) return false;
      return template.index < tensors.length ? tensors[template.index] === value : tensors.push(value) > 0;
    case 'array': {
      const { items } = template;
      if (!Array.isArray(value) || value.length !== items.length) return false;
      for (let i = 0; i < items.length; i++) if (!matches(items[i] as Template, value[i], tensors)) return false;
      return true;
    }
    case 'object': {
      if (!isPlainObject(value)) return false;
      const entries = Object.entries(value);
      return (
        entries.length === template.entries.length &&
        template.entries.every(([name, item], i) => name === entries[i]?.[0] && matches(item, entries[i]?.[1], tensors))
      );
    }
    case 'value':
      return Object.is(template.value, value);
  }
}

/** Whether no tensor is there twice. */
export function areDistinct(tensors: readonly Tensor[]): boolean {
  if (tensors.length > 8) return new Set(tensors).size === tensors.length;
  for (let i = 1; i < tensors.length; i++) if (tensors.indexOf(tensors[i] as Tensor) < i) return false;
  return true;
}

/** A plain value of `now` that was another one in `before`, which is of the same structure. */
export function changedValues(before: Template, now: Template, what: string): Difference[] {
  if (before.kind === 'array' && now.kind === 'array') {
    return now.items.flatMap((item, i) => changedValues(before.items[i] ?? item, item, `${what}[${i}]`));
  }
  if (before.kind === 'object' && now.kind === 'object') {
    return now.entries.flatMap(([name, item], i) =>
      changedValues(before.entries[i]?.[1] ?? item, item, `${what}.${name}`),
    );
  }
  if (before.kind !== 'value' || now.kind !== 'value' || Object.is(before.value, now.value)) return [];
  return [{ name: what, before: before.value, now: now.value }];
}

/**
 * A template and its tensors' dtypes and shapes in words; a plus stands for tensors that require gradients. `vaguely`: without
 * numbers.
 */
export function signatureOf(template: Template, tensors: readonly Tensor[], vaguely = false): string {
  switch (template.kind) {
    case 'tensor': {
      const { dtype, shape, requiresGrad } = tensors[template.index] as Tensor;
      return `${dtype}[${shape}]${requiresGrad ? '+' : ''}`;
    }
    case 'array':
      return `[${template.items.map((item) => signatureOf(item, tensors, vaguely)).join()}]`;
    case 'object':
      return `{${template.entries.map(([name, item]) => `${JSON.stringify(name)}:${signatureOf(item, tensors, vaguely)}`).join()}}`;
    case 'value':
      if (vaguely && typeof template.value === 'number') return 'number';
      return typeof template.value === 'string' ? JSON.stringify(template.value) : String(template.value);
  }
}
