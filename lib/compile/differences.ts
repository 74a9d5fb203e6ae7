// The slow way of comparing a snapshot with how things are: what differs, by name. And what a snapshot holds, in words.
import { describe } from '../errors';
import { Tensor } from '../tensor';
import { isUnchanged } from './copies';
import { membersOf } from './notes';
import { byKey, entriesOf, type Fields, isAccepted, Loose, type Snapshot } from './snapshot';

/** How a difference between the members of a container is named. */
export const MEMBERS = 'the members of ';

/** Something that is not as it was. */
export interface Difference {
  /** Where it is: `Sequential.2.p`. */
  readonly name: string;
  /** The object or array that holds it, if it is a field or an item. */
  readonly holder?: object;
  readonly key?: string | number;
  readonly before?: unknown;
  readonly now?: unknown;
  /** Whether the field or item was not there. */
  readonly isNew?: boolean;
}

/** All that differs. */
export function* differences(snapshot: Snapshot): Generator<Difference> {
  const { names, objects } = snapshot;
  const nameOf = (object: object) => names.get(object) ?? 'a captured tensor';
  for (const [o, object] of objects.entries()) yield* changedFields(object, snapshot.fieldsOf(o), nameOf(object));
  for (const { group, options } of snapshot.groups) yield* changedFields(group, options, nameOf(group));
  for (const [l, list] of snapshot.lists.entries()) {
    const before = snapshot.items[l] as readonly unknown[];
    for (let i = 0; i < Math.max(list.length, before.length); i++) {
      if (Object.is(list[i], before[i]) && i < list.length && i < before.length) continue;
      yield {
        name: `${nameOf(list)}.${i}`,
        holder: list,
        key: i,
        before: before[i],
        now: list[i],
        isNew: i >= before.length,
      };
    }
  }
  for (const [c, collection] of snapshot.collections.entries()) {
    const before = snapshot.entries[c] as readonly unknown[];
    const now = entriesOf(collection);
    for (let i = 0; i < Math.max(now.length, before.length); i++) {
      if (!Object.is(now[i], before[i])) yield { name: nameOf(collection), before: before[i], now: now[i] };
    }
  }
  for (const { object, key, value } of snapshot.pins) {
    if (object[key] !== value) {
      yield { name: `${nameOf(object)}.${key}`, holder: object, key, before: value, now: object[key] };
    }
  }
  for (const { module, members } of snapshot.containers) {
    const now = module[membersOf]()?.list ?? [];
    if (now.length !== members.list.length || now.some((item, i) => !Object.is(item, members.list[i]))) {
      yield { name: `${MEMBERS}${nameOf(module)}` };
    }
  }
  for (const copy of snapshot.copies) {
    if (!isUnchanged(copy)) yield { name: 'an array given to tensor()' };
  }
  for (const [m, module] of snapshot.modules.entries()) {
    if (module.training !== snapshot.modes[m]) {
      yield { name: `${nameOf(module)}.training`, before: snapshot.modes[m], now: module.training };
    }
  }
  for (const [t, tensor] of snapshot.tensors.entries()) {
    if (tensor.isDisposed) yield { name: `${nameOf(tensor)} (disposed)` };
    else if (tensor.handle !== snapshot.handles[t]) yield { name: `${nameOf(tensor)} (converted)` };
    else if (snapshot.flags.length > t && tensor.requiresGrad !== snapshot.flags[t]) {
      yield { name: `${nameOf(tensor)}.requiresGrad`, before: snapshot.flags[t], now: tensor.requiresGrad };
    }
  }
}

function* changedFields(object: Fields, noted: readonly unknown[], name: string): Generator<Difference> {
  const before = byKey(noted);
  for (const key in object) {
    const now = object[key];
    const value = before.get(key);
    if (!before.has(key) || !isAccepted(now, value)) {
      yield { name: `${name}.${key}`, holder: object, key, before: value, now, isNew: !before.has(key) };
    }
    before.delete(key);
  }
  for (const [key, value] of before) yield { name: `${name}.${key}`, holder: object, key, before: value };
}

/** A difference in words: `Sequential.2.p: 0.5 -> 0`. */
export function inWords({ name, before, now }: Difference): string {
  if (before === undefined && now === undefined) return name;
  return `${name}: ${inShort(before)} -> ${inShort(now)}`;
}

/** What a snapshot holds, in lines. */
export function dependencies(snapshot: Snapshot): string[] {
  const { names, objects } = snapshot;
  const lines: string[] = [];
  const list = (name: string, noted: readonly unknown[]) => {
    const values: string[] = [];
    for (let i = 0; i < noted.length; i += 2) values.push(`${String(noted[i])}: ${inShort(noted[i + 1])}`);
    lines.push(`${name} { ${values.join(', ')} }`);
  };
  const modes = new Map<object, boolean>(snapshot.modules.map((module, m) => [module, snapshot.modes[m] as boolean]));
  for (const [o, object] of objects.entries()) {
    const mode = modes.get(object);
    const suffix = mode === undefined ? '' : mode ? ' (training)' : ' (inference)';
    list(`${names.get(object)}${suffix}`, snapshot.fieldsOf(o));
  }
  for (const { group, options } of snapshot.groups) list(`${names.get(group)}`, options);
  for (const [l, items] of snapshot.items.entries()) {
    lines.push(`${names.get(snapshot.lists[l] as object)} [ ${items.map(inShort).join(', ')} ]`);
  }
  for (const [c, entries] of snapshot.entries.entries()) {
    lines.push(`${names.get(snapshot.collections[c] as object)} of ${entries.length} entries`);
  }
  for (const { object, key } of snapshot.pins) lines.push(`${names.get(object)}.${key}`);
  for (const [t, tensor] of snapshot.tensors.entries()) {
    const gone = tensor.isDisposed ? ' (disposed)' : ` ${tensor.dtype}[${tensor.shape}]`;
    lines.push(`${names.get(tensor) ?? 'a captured tensor'}${gone}${snapshot.flags[t] ? ', requires gradients' : ''}`);
  }
  if (snapshot.copies.length > 0) lines.push(`${snapshot.copies.length} arrays given to tensor()`);
  return lines;
}

/** A value in a few words. */
export function inShort(value: unknown): string {
  if (value instanceof Loose) return 'any';
  if (value instanceof Tensor) return 'Tensor';
  if (typeof value === 'function') return value.name === '' ? 'a function' : `function ${value.name}`;
  if (Array.isArray(value)) return `Array(${value.length})`;
  const text = ['number', 'boolean'].includes(typeof value) ? String(value) : describe(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
