// Containers by name, and of parameters: what a forward of yours uses.
import { noteChange } from '../compile/notes';
import { ArgumentError, describe } from '../errors';
import { isMap, isPlainObject } from '../kinds';
import { type Layer, Module, registerContainer } from './module';
import { Parameter } from './parameter';

/** Pairs of names and items: an object, a map, or a list of pairs. */
export type NamedItems<T> = Readonly<Record<string, T>> | Iterable<readonly [string, T]>;

function pairsOf<T>(owner: string, items: NamedItems<T>): [string, T][] {
  if (isMap(items)) return [...(items as ReadonlyMap<string, T>)];
  if (isPlainObject(items)) return Object.entries(items as Record<string, T>);
  if (
    typeof (items as { [Symbol.iterator]?: unknown })?.[Symbol.iterator] === 'function' &&
    typeof items !== 'string'
  ) {
    return Array.from(items as Iterable<readonly [string, T]>, (pair) => {
      if (Array.isArray(pair) && pair.length === 2) return [pair[0] as string, pair[1] as T];
      throw new ArgumentError(`[${owner}] expected pairs [name, item], received ${describe(pair)}`);
    });
  }
  throw new ArgumentError(`[${owner}] expected an object, a map or pairs, received ${describe(items)}`);
}

function checkedName(owner: string, name: string): string {
  if (typeof name === 'string' && name !== '' && !name.includes('.')) return name;
  throw new ArgumentError(`[${owner}] a name without dots is expected, received ${describe(name)}`);
}

function onlyHolds(owner: string, what: string): never {
  throw new ArgumentError(`[${owner}] ${what} only holds: use its items in the forward of the module that owns it`);
}

/** Items by name, in the order in which they came. */
abstract class Named<T extends Module | Parameter> extends Module implements Iterable<[string, T]> {
  readonly #items = new Map<string, T>();

  /** The item of that name. @throws ArgumentError when there is none. */
  get(name: string): T {
    const item = this.#items.get(name);
    if (item === undefined) {
      throw new ArgumentError(
        `[${this.constructor.name}] there is no '${name}' among ${[...this.#items.keys()].join(', ')}`,
      );
    }
    return item;
  }

  /** Whether there is an item of that name. */
  has(name: string): boolean {
    return this.#items.has(name);
  }

  /** Adds an item, or puts it in the place of one. */
  set(name: string, item: T): this {
    this.#items.set(checkedName(this.constructor.name, name), this.checked(item));
    noteChange();
    return this;
  }

  /** Removes an item; false when there was none. */
  delete(name: string): boolean {
    noteChange();
    return this.#items.delete(name);
  }

  /** Number of items. */
  get size(): number {
    return this.#items.size;
  }

  /** The names. */
  keys(): IterableIterator<string> {
    return this.#items.keys();
  }

  /** The items. */
  values(): IterableIterator<T> {
    return this.#items.values();
  }

  [Symbol.iterator](): Iterator<[string, T]> {
    return this.#items.entries();
  }

  /** An item, once it is known to be of the right kind. */
  protected abstract checked(item: T): T;

  protected override *fields(): Iterable<readonly [string, unknown]> {
    yield* this.#items;
    yield* super.fields();
  }
}

/**
 * Holds modules by name, for a forward of yours: `this.heads.get('de').forward(x)`. State names are `de.weight`, ... (A plain object in a
 * field is not found.)
 */
export class ModuleDict<M extends Module = Layer> extends Named<M> {
  static {
    registerContainer(ModuleDict.prototype.fields);
  }

  constructor(modules: NamedItems<M> = {}) {
    super();
    for (const [name, module] of pairsOf('ModuleDict', modules)) this.set(name, module);
  }

  /** A dictionary has no forward of its own. */
  forward(): never {
    return onlyHolds('ModuleDict', 'a dictionary');
  }

  protected checked(module: M): M {
    if (module instanceof Module) return module;
    throw new ArgumentError(`[ModuleDict] expected a module, received ${describe(module)}`);
  }
}

function checkedParameter(owner: string, item: Parameter): Parameter {
  if (item instanceof Parameter) return item;
  throw new ArgumentError(
    `[${owner}] expected a Parameter, received ${describe(item)}; new nn.Parameter(tensor) makes one`,
  );
}

/** Holds parameters by name, for a forward of yours: `x.mul(this.scales.get('query'))`. State names are the names. */
export class ParameterDict extends Named<Parameter> {
  static {
    registerContainer(ParameterDict.prototype.fields);
  }

  constructor(parameters: NamedItems<Parameter> = {}) {
    super();
    for (const [name, parameter] of pairsOf('ParameterDict', parameters)) this.set(name, parameter);
  }

  /** A dictionary has no forward of its own. */
  forward(): never {
    return onlyHolds('ParameterDict', 'a dictionary');
  }

  protected checked(parameter: Parameter): Parameter {
    return checkedParameter('ParameterDict', parameter);
  }
}

/** Holds parameters that a forward of yours uses. State names are `0`, `1`, ... (A plain array in a field works as well.) */
export class ParameterList extends Module implements Iterable<Parameter> {
  static {
    registerContainer(ParameterList.prototype.fields);
  }

  readonly #items: Parameter[];

  constructor(parameters: Iterable<Parameter> = []) {
    super();
    this.#items = Array.from(parameters, (parameter) => checkedParameter('ParameterList', parameter));
  }

  /** A list has no forward of its own. */
  forward(): never {
    return onlyHolds('ParameterList', 'a list');
  }

  /** Adds a parameter at the end. */
  push(parameter: Parameter): this {
    this.#items.push(checkedParameter('ParameterList', parameter));
    noteChange();
    return this;
  }

  /** Number of parameters. */
  get length(): number {
    return this.#items.length;
  }

  /** Parameter number `i`; negative numbers count from the end. */
  at(i: number): Parameter {
    const item = this.#items.at(i);
    if (item === undefined) throw new ArgumentError(`[ParameterList] no parameter ${i} among ${this.#items.length}`);
    return item;
  }

  [Symbol.iterator](): Iterator<Parameter> {
    return this.#items[Symbol.iterator]();
  }

  protected override *fields(): Iterable<readonly [string, unknown]> {
    yield* this.#items.map((item, i): [string, Parameter] => [String(i), item]);
    yield* super.fields();
  }
}
