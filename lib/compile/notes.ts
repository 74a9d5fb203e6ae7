// What tensors and modules tell a trace that is under way, and the count of changes that no field shows. This file imports
// nothing, so that everything else can import it.

/** A container's members, which are not fields of it. */
export interface Members {
  readonly list: readonly unknown[];
  /** Whether `changeCount` moves when they change. */
  readonly told: boolean;
}

/** Under this name modules tell of members that are no fields of theirs. */
export const membersOf = Symbol('anneal.members');

/** What a trace asks of a module. */
export interface WatchedModule {
  training: boolean;
  namedModules(): [path: string, module: WatchedModule][];
  ownBuffers(): [name: string, buffer: { readonly handle: number }][];
  [membersOf](): Members | undefined;
}

/** Options, by name, of which a program takes other values as well, those that leave its step the same; see optim's `DynamicOption`. */
export type LooseOptions = Readonly<Record<string, { isSameStep?(now: unknown, before: unknown): boolean }>>;

/** What a trace wants to know. */
export interface Notes {
  /** A tensor is an argument of the engine. */
  used(tensor: object): void;
  /** A tensor was made, or its object was given another one. */
  made(tensor: object): void;
  /** A module is about to run, or its mode to change. */
  met(module: object): void;
  /** An array of the caller's is about to be copied into a tensor. */
  copied(values: object): void;
  /** An optimizer is about to update its parameters. */
  optimized(optimizer: object, name: string, groups: readonly object[], loose: LooseOptions): void;
}

/** The trace's; undefined outside of a trace. */
export let notes: Notes | undefined;

export function setNotes(next: Notes | undefined): void {
  notes = next;
}

let changes = 0;

/** Moves when a module's mode or a container's list changes: what fields do not show. */
export function changeCount(): number {
  return changes;
}

export function noteChange(): void {
  changes++;
}

// Every module that is alive, to be asked whether an object is one, and to be listed.
const known = new WeakSet<object>();
let modules = new Set<WeakRef<WatchedModule>>();
let purgeAt = 1024;

export function registerModule(module: WatchedModule): void {
  known.add(module);
  modules.add(new WeakRef(module));
  if (modules.size < purgeAt) return;
  modules = new Set([...modules].filter((ref) => ref.deref() !== undefined));
  purgeAt = Math.max(1024, 2 * modules.size);
}

export function isModule(value: object): value is WatchedModule {
  return known.has(value);
}

export function* liveModules(): Generator<WatchedModule> {
  for (const ref of modules) {
    const module = ref.deref();
    if (module !== undefined) yield module;
  }
}

const others = new WeakSet<object>();

/** Notes an object whose fields a trace need not compare when it lies in a field of a module: it tells traces by itself. */
export function registerWatched(object: object): void {
  others.add(object);
}

export function watchesItself(object: object): boolean {
  return others.has(object);
}
