// Containers: modules in a row, run one after another or only held.
import { noteChange } from '../compile/notes';
import { ArgumentError, describe } from '../errors';
import type { Tensor } from '../tensor';
import { type Layer, Module, registerContainer } from './module';

/**
 * Runs its modules one after another. State names are `0.weight`, `0.bias`, `1.weight`, ...
 *
 * ```ts
 * const model = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10));
 * ```
 */
export class Sequential extends Module implements Iterable<Layer> {
  static {
    registerContainer(Sequential.prototype.fields);
  }

  readonly #layers: Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.#layers = layers.map((layer, i) => checkedModule('Sequential', layer, i));
  }

  forward(x: Tensor): Tensor {
    for (const layer of this.#layers) x = layer.forward(x);
    return x;
  }

  /** Number of modules. */
  get length(): number {
    return this.#layers.length;
  }

  /** Module number `i`; negative numbers count from the end. */
  at(i: number): Layer {
    return itemAt('Sequential', this.#layers, i);
  }

  [Symbol.iterator](): Iterator<Layer> {
    return this.#layers[Symbol.iterator]();
  }

  protected override *fields(): Iterable<readonly [string, unknown]> {
    yield* numbered(this.#layers);
    yield* super.fields();
  }
}

/**
 * Holds modules that a forward of yours runs: `for (const block of this.blocks) x = block.forward(x)`. State names are
 * `0.weight`, `1.weight`, ... (A plain array in a field works as well.)
 */
export class ModuleList<M extends Module = Layer> extends Module implements Iterable<M> {
  static {
    registerContainer(ModuleList.prototype.fields);
  }

  readonly #modules: M[];

  constructor(modules: Iterable<M> = []) {
    super();
    this.#modules = [];
    for (const module of modules) this.#modules.push(checkedModule('ModuleList', module, this.#modules.length));
  }

  /** A list has no forward of its own. */
  forward(): never {
    throw new ArgumentError(
      '[ModuleList] a list only holds modules: run them in the forward of the module that owns it',
    );
  }

  /** Adds a module at the end. */
  push(module: M): this {
    this.#modules.push(checkedModule('ModuleList', module, this.#modules.length));
    noteChange();
    return this;
  }

  /** Number of modules. */
  get length(): number {
    return this.#modules.length;
  }

  /** Module number `i`; negative numbers count from the end. */
  at(i: number): M {
    return itemAt('ModuleList', this.#modules, i);
  }

  [Symbol.iterator](): Iterator<M> {
    return this.#modules[Symbol.iterator]();
  }

  protected override *fields(): Iterable<readonly [string, unknown]> {
    yield* numbered(this.#modules);
    yield* super.fields();
  }
}

function numbered(modules: readonly Module[]): [string, Module][] {
  return modules.map((module, i) => [String(i), module]);
}

function checkedModule<M extends Module>(owner: string, module: M, i: number): M {
  if (!(module instanceof Module)) {
    const hint = Array.isArray(module) ? ': give the modules one by one, or spread the array with ...' : '';
    throw new ArgumentError(`[${owner}] expected a module for argument ${i}, received ${describe(module)}${hint}`);
  }
  return module;
}

function itemAt<M>(owner: string, items: readonly M[], i: number): M {
  const item = items.at(i);
  if (item === undefined) throw new ArgumentError(`[${owner}] no module ${i} among ${items.length}`);
  return item;
}
