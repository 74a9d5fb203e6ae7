// Fills a snapshot while a function is traced: told of modules before they run, of tensors from outside when they are used.
import { ArgumentError } from '../errors';
import { isMap, isSet } from '../kinds';
import { Tensor, TRACED } from '../tensor';
import { copyOf } from './copies';
import { type Difference, differences, MEMBERS } from './differences';
import {
  isModule,
  type LooseOptions,
  liveModules,
  membersOf,
  type Notes,
  type WatchedModule,
  watchesItself,
} from './notes';
import { byKey, entriesOf, type Fields, Loose, Snapshot } from './snapshot';

const MOST_ITEMS = 1024; // of an array
const MOST_ENTRIES = 64; // of a Map, a Set, a typed array, an object
const MOST_DEPTH = 4; // of objects in fields

/** What the function itself has done to things that it depends on. */
export interface Effects {
  /** Tensors that it made and put into fields, arrays and the like: results of a run like those that it returns. */
  readonly tensors: Tensor[];
  /**
   * Fields that it leaves changed. Every run puts there its own tensor, number `tensor` of those, or its argument `input`, or, where
   * both are -1, `now`.
   */
  readonly writes: { holder: Fields; key: string; before: unknown; now: unknown; tensor: number; input: number }[];
  /** Anything else that it leaves changed: the program is good for one run. */
  once: string | undefined;
  /** Modes that it leaves changed. */
  readonly modes: { module: WatchedModule; training: boolean }[];
}

export class Recorder implements Notes {
  readonly snapshot = new Snapshot();
  readonly #inputs = new Set<Tensor>();
  readonly #made = new Set<Tensor>();
  readonly #used = new Set<Tensor>();
  readonly #seen = new Set<object>();

  /** A tensor that stands for an argument. */
  input(tensor: Tensor): void {
    this.#inputs.add(tensor);
    this.#made.add(tensor);
  }

  made(tensor: Tensor): void {
    this.#made.add(tensor);
  }

  used(tensor: Tensor): void {
    if (this.#made.has(tensor) || this.#used.has(tensor)) return;
    this.#used.add(tensor);
    this.#tensor(tensor, undefined);
  }

  met(module: object): void {
    if (this.#seen.has(module) || !isModule(module)) return;
    const { snapshot } = this;
    for (const [path, inner] of module.namedModules()) {
      if (this.#seen.has(inner)) continue;
      const name = path === '' ? module.constructor.name : `${module.constructor.name}.${path}`;
      this.#seen.add(inner); // before its mode is read, which leads here
      snapshot.modules.push(inner);
      snapshot.modes.push(inner.training);
      this.#object(inner as unknown as Fields, name, 0);
      for (const [key, buffer] of inner.ownBuffers()) this.#tensor(buffer as Tensor, `${name}.${key}`);
      const members = inner[membersOf]();
      if (members !== undefined) snapshot.containers.push({ module: inner, members });
    }
  }

  copied(values: object): void {
    const { copies } = this.snapshot;
    if (!copies.some((copy) => copy.source.deref() === values)) copies.push(copyOf(values));
  }

  optimized(optimizer: object, name: string, groups: readonly object[], loose: LooseOptions): void {
    if (this.#seen.has(optimizer)) return;
    for (const [i, group] of groups.entries()) {
      const options: unknown[] = [];
      this.#seen.add(group);
      this.snapshot.names.set(group, `${name}.paramGroups.${i}`);
      this.snapshot.groups.push({ group: group as Fields, options });
      for (const key in group) {
        const value = (group as Fields)[key];
        const option = Object.hasOwn(loose, key) ? loose[key] : undefined;
        options.push(key, option === undefined ? value : new Loose((now) => option.isSameStep?.(now, value) ?? true));
        this.#value(value, `${name}.paramGroups.${i}.${key}`, 1);
      }
    }
    this.#object(optimizer as Fields, name, 0);
  }

  /** Whether the function has made this tensor, or it stands for an argument. */
  hasMade(tensor: Tensor): boolean {
    return this.#made.has(tensor);
  }

  #tensor(tensor: Tensor, name: string | undefined): void {
    const { tensors, handles, names } = this.snapshot;
    if (name !== undefined && !names.has(tensor)) names.set(tensor, name);
    if (this.#seen.has(tensor) || this.#made.has(tensor) || tensor.isDisposed) return;
    this.#seen.add(tensor);
    tensors.push(tensor);
    handles.push(tensor.handle);
  }

  #object(object: Fields, name: string, depth: number): void {
    const { objects, fields, ends, names } = this.snapshot;
    this.#seen.add(object);
    names.set(object, name);
    objects.push(object);
    const values: [key: string, value: unknown][] = [];
    for (const key in object) {
      const value = object[key];
      // What a getter makes anew at each call is not compared.
      const computed = Object.getOwnPropertyDescriptor(object, key)?.get !== undefined && isComposite(value);
      fields.push(key, computed ? new Loose(isComposite) : value);
      if (computed) this.snapshot.unwatched.push(`${name}.${key} (computed by a getter)`);
      else values.push([key, value]);
    }
    ends.push(fields.length);
    for (const [key, value] of values) this.#value(value, `${name}.${key}`, depth + 1);
  }

  #value(value: unknown, name: string, depth: number): void {
    if (value instanceof Tensor) this.#tensor(value, name);
    if (!isComposite(value) || this.#seen.has(value) || watchesItself(value)) return;
    const { lists, items, collections, entries, names, unwatched } = this.snapshot;
    const isList = Array.isArray(value) || ArrayBuffer.isView(value);
    const size = isList
      ? (value as unknown as ArrayLike<unknown>).length
      : isMap(value) || isSet(value)
        ? value.size
        : Object.keys(value).length;
    const most = Array.isArray(value) ? MOST_ITEMS : MOST_ENTRIES;
    if (depth > MOST_DEPTH || !(size <= most)) {
      this.#seen.add(value);
      unwatched.push(`${name} (${depth > MOST_DEPTH ? 'nested too deeply' : `${size} entries`})`);
      return;
    }
    if (isList) {
      const list = value as unknown as ArrayLike<unknown>;
      this.#seen.add(value);
      names.set(value, name);
      lists.push(list);
      items.push(Array.from(list));
      for (let i = 0; i < list.length; i++) this.#value(list[i], `${name}.${i}`, depth + 1);
    } else if (isMap(value) || isSet(value)) {
      this.#seen.add(value);
      names.set(value, name);
      collections.push(value);
      entries.push(entriesOf(value));
      for (const [key, item] of value.entries()) this.#value(item, `${name}.${String(key)}`, depth + 1);
    } else {
      this.#object(value as Fields, name, depth);
    }
  }

  /**
   * The function has returned `results`, and its tensors are still there; `stands` are its arguments. Modules that were used without being
   * run, as in `x.matmul(layer.weight)`, are found by the tensors that they hold: only the fields with those count.
   */
  settle(stands: readonly Tensor[], results: readonly Tensor[]): Effects {
    const { snapshot } = this;
    const effects: Effects = { tensors: [], writes: [], once: undefined, modes: [] };
    for (const difference of differences(snapshot)) this.#effect(difference, effects, stands);
    for (const container of snapshot.containers) this.#members(container, effects);
    for (const [m, module] of snapshot.modules.entries()) {
      const { training } = module;
      if (training !== snapshot.modes[m]) effects.modes.push({ module, training });
    }
    for (const module of liveModules()) {
      if (this.#seen.has(module)) continue;
      for (const [key, value] of Object.entries(module)) {
        const held = Array.isArray(value) ? value : [value];
        if (held.length <= MOST_ITEMS && held.some((item) => this.#made.has(item as Tensor))) {
          const name = `${module.constructor.name}.${key}`;
          this.#effect({ name, holder: module, key, now: value }, effects, stands);
          continue;
        }
        if (!held.some((item) => this.#used.has(item as Tensor))) continue;
        const name = module.constructor.name;
        snapshot.names.set(module, name);
        snapshot.pins.push({ object: module as unknown as Fields, key, value });
        this.#value(value, `${name}.${key}`, 0);
        if (value instanceof Tensor) this.#tensor(value, `${name}.${key}`);
      }
    }
    this.#loosen(effects, results);
    return effects;
  }

  #effect({ name, holder, key, before, now }: Difference, effects: Effects, stands: readonly Tensor[]): void {
    const made = this.#madeIn(now, 0);
    for (const tensor of made) {
      if (tensor.requiresGrad && tensor.isLeaf && !this.#inputs.has(tensor)) {
        throw new ArgumentError(`[compile] ${name} was made while the function was traced: run it once before that`);
      }
      if (!effects.tensors.includes(tensor)) effects.tensors.push(tensor);
    }
    if (name.startsWith(MEMBERS)) return; // see below
    if (holder === undefined || typeof key !== 'string' || isComposite(now) || !(key in holder)) {
      const isToldElsewhere = name.endsWith('.training') || name.endsWith('.requiresGrad');
      if (holder !== undefined || !isToldElsewhere) effects.once ??= name;
      return;
    }
    const [tensor, input] = [effects.tensors.indexOf(now as Tensor), stands.indexOf(now as Tensor)];
    effects.writes.push({ holder: holder as Fields, key, before, now, tensor, input });
  }

  // What a container lists may be its fields, too.
  #members({ module, members }: Snapshot['containers'][number], effects: Effects): void {
    const now = module[membersOf]()?.list ?? [];
    const holder: object = module;
    const isField = (item: unknown) => effects.writes.some((write) => write.holder === holder && write.now === item);
    const isSame = now.every((item, i) => Object.is(item, members.list[i]) || isField(item));
    if (now.length !== members.list.length || !isSame) effects.once ??= `${MEMBERS}${module.constructor.name}`;
  }

  // A tensor that the function has replaced, and neither used nor given away, may be another one at the next call.
  #loosen({ writes }: Effects, results: readonly Tensor[]): void {
    const given = new Set<unknown>([...writes.map(({ now }) => now), ...results]);
    for (const { holder, key, before, tensor } of writes) {
      if (tensor < 0 || !(before instanceof Tensor) || before.isDisposed) continue;
      if (!this.#used.has(before) && !given.has(before)) this.#loosenField(holder, key, before);
    }
  }

  #loosenField(holder: Fields, key: string, before: Tensor): void {
    const { objects, ends, fields, tensors, handles } = this.snapshot;
    const at = objects.indexOf(holder);
    for (let i = this.snapshot.beginOf(at); i < (ends[at] as number); i += 2) {
      if (fields[i] === key) fields[i + 1] = tensorLike(before);
    }
    const t = tensors.indexOf(before);
    if (t >= 0) {
      tensors.splice(t, 1);
      handles.splice(t, 1);
    }
  }

  /** The function has thrown: takes tensors that have no values out of what it has changed. */
  dropTensors(): void {
    for (const { holder, key, before, now, isNew } of differences(this.snapshot)) {
      if (holder === undefined || key === undefined || this.#madeIn(now, 0).length === 0) continue;
      if (!isNew) Reflect.set(holder, key, before);
      else if (Array.isArray(holder)) holder.length = Math.min(holder.length, Number(key));
      else Reflect.deleteProperty(holder, key);
    }
  }

  #madeIn(value: unknown, depth: number): Tensor[] {
    if (value instanceof Tensor) return this.#made.has(value) ? [value] : [];
    if (!isComposite(value) || ArrayBuffer.isView(value) || depth > MOST_DEPTH) return [];
    const inner = isMap(value) || isSet(value) ? [...value.values()] : Object.values(value);
    return inner.flatMap((item) => this.#madeIn(item, depth + 1));
  }

  /** As if the function had not been called: puts back what it has changed of the things that the snapshot knows. */
  undo(writes: Effects['writes'] = []): void {
    const { objects, lists, items, modules, modes } = this.snapshot;
    for (const [o, object] of objects.entries()) {
      const noted = byKey(this.snapshot.fieldsOf(o));
      for (const key in object) if (!noted.has(key)) delete object[key];
      for (const [key, value] of noted) {
        if (!(value instanceof Loose) && !Object.is(object[key], value)) Reflect.set(object, key, value);
      }
    }
    for (const [l, list] of lists.entries()) {
      const before = items[l] as readonly unknown[];
      if (Array.isArray(list)) list.splice(0, list.length, ...before);
      else for (const [i, value] of before.entries()) Reflect.set(list, i, value);
    }
    for (const { holder, key, before } of writes) holder[key] = before;
    for (const [m, module] of modules.entries()) {
      if (module.training !== modes[m]) module.training = modes[m] as boolean;
    }
  }

  /** The trace has ended, and its tensors are gone. */
  seal(): void {
    const { snapshot } = this;
    for (const tensor of this.#made) if (tensor.isDisposed) tensor.bind(TRACED);
    snapshot.flags = snapshot.tensors.map((tensor) => !tensor.isDisposed && tensor.requiresGrad);
    this.#inputs.clear();
    this.#made.clear();
    this.#used.clear();
    this.#seen.clear();
  }
}

/** Whether it has contents that a trace looks into. */
function isComposite(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Tensor) && !isModule(value);
}

// Any tensor of this one's dtype and shape: all that code can see of a tensor without giving it to the engine.
function tensorLike({ dtype, shape }: Tensor): Loose {
  const sizes = shape.join();
  return new Loose(
    (value) => value instanceof Tensor && !value.isDisposed && value.dtype === dtype && value.shape.join() === sizes,
  );
}
