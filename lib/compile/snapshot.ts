// What a program was traced from, on the side of JavaScript: fields of modules, tensors that were there before, modes, options of
// optimizers, arrays whose values were copied. Most of it is changed by plain assignments, of which nothing else is told: so it is
// compared at every call, and the loops here decide what a call costs (some 5 ns per field).
import { isMap } from '../kinds';
import type { Tensor } from '../tensor';
import { type Copied, isUnchanged } from './copies';
import { changeCount, type Members, membersOf, type WatchedModule } from './notes';

/** An object seen as its fields. */
export type Fields = Record<string, unknown>;

/** Stands in a snapshot for a value that may be another one at the next call, within limits. */
export class Loose {
  readonly accepts: (value: unknown) => boolean;

  constructor(accepts: (value: unknown) => boolean) {
    this.accepts = accepts;
  }
}

/** What a program holds for; filled by a `Recorder`. */
export class Snapshot {
  // Objects, and their fields in one list: key, value, key, value, ... The fields of object i end at `ends[i]`.
  readonly objects: Fields[] = [];
  readonly fields: unknown[] = [];
  readonly ends: number[] = [];
  readonly lists: ArrayLike<unknown>[] = [];
  readonly items: (readonly unknown[])[] = [];
  readonly tensors: Tensor[] = [];
  // The engine's numbers of the tensors. An object that was disposed, or given another tensor, never gets the same number again
  // while it lives, and it lives as long as this list of tensors.
  readonly handles: number[] = [];
  // What few programs have.
  readonly collections: (ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>)[] = [];
  readonly entries: (readonly unknown[])[] = [];
  /** Single fields of modules that were used without being run. */
  readonly pins: { object: Fields; key: string; value: unknown }[] = [];
  /** Parameter groups. What every run looks up may be any value that leaves the step the same. */
  readonly groups: { group: Fields; options: unknown[] }[] = [];
  readonly copies: Copied[] = [];
  // Compared when the count of changes has moved.
  readonly modules: WatchedModule[] = [];
  readonly modes: boolean[] = [];
  readonly containers: { module: WatchedModule; members: Members }[] = [];
  // For people: names of what is above, requiresGrad of the tensors, and what was met but is not compared.
  readonly names = new Map<object, string>();
  flags: boolean[] = [];
  readonly unwatched: string[] = [];
  #changes = -1;

  /** Where the fields of object `o` begin. */
  beginOf(o: number): number {
    return o > 0 ? (this.ends[o - 1] as number) : 0;
  }

  /** The fields of object `o`: key, value, key, value, ... */
  fieldsOf(o: number): unknown[] {
    return this.fields.slice(this.beginOf(o), this.ends[o]);
  }

  /** Whether all is as it was. */
  holds(): boolean {
    const { objects, fields, ends } = this;
    let i = 0;
    for (let o = 0; o < objects.length; o++) {
      const object = objects[o] as Fields;
      // For-in over a key's own object is what V8 makes fastest, and sees fields that were added or deleted.
      for (const key in object) {
        if (key !== fields[i]) return false;
        if (!isAccepted(object[key], fields[i + 1])) return false;
        i += 2;
      }
      if (i !== ends[o]) return false;
    }
    const { lists } = this;
    for (let l = 0; l < lists.length; l++)
      if (!isSameList(lists[l] as unknown[], this.items[l] as unknown[])) return false;
    const { tensors, handles } = this;
    for (let t = 0; t < tensors.length; t++) if ((tensors[t] as Tensor).handle !== handles[t]) return false;
    return this.#rareHold() && (this.#changes === changeCount() || this.#toldHold());
  }

  #rareHold(): boolean {
    for (const { group, options } of this.groups) {
      let i = 0;
      for (const key in group) {
        if (key !== options[i] || !isAccepted(group[key], options[i + 1])) return false;
        i += 2;
      }
      if (i !== options.length) return false;
    }
    for (const { object, key, value } of this.pins) if (object[key] !== value) return false;
    for (let c = 0; c < this.collections.length; c++) {
      if (!isSameList(entriesOf(this.collections[c] as ReadonlySet<unknown>), this.entries[c] as unknown[]))
        return false;
    }
    for (const { module, members } of this.containers) {
      if (!members.told && !isSameList(module[membersOf]()?.list ?? [], members.list)) return false;
    }
    for (const copy of this.copies) if (!isUnchanged(copy)) return false;
    return true;
  }

  #toldHold(): boolean {
    for (let m = 0; m < this.modules.length; m++) {
      if ((this.modules[m] as WatchedModule).training !== this.modes[m]) return false;
    }
    for (const { module, members } of this.containers) {
      if (members.told && !isSameList(module[membersOf]()?.list ?? [], members.list)) return false;
    }
    this.#changes = changeCount();
    return true;
  }
}

/** Whether a value is the noted one, or as good. */
export function isAccepted(now: unknown, noted: unknown): boolean {
  return Object.is(now, noted) || (noted instanceof Loose && noted.accepts(now));
}

/** By key, from key, value, key, value, ... */
export function byKey(fields: readonly unknown[]): Map<string, unknown> {
  const map = new Map<string, unknown>();
  for (let i = 0; i < fields.length; i += 2) map.set(fields[i] as string, fields[i + 1]);
  return map;
}

/** Keys and values of a map, or the members of a set, in order. */
export function entriesOf(collection: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>): unknown[] {
  return isMap(collection) ? [...collection].flat() : [...collection];
}

function isSameList(now: ArrayLike<unknown>, then: ArrayLike<unknown>): boolean {
  if (now.length !== then.length) return false;
  for (let i = 0; i < then.length; i++) if (!Object.is(now[i], then[i])) return false;
  return true;
}
