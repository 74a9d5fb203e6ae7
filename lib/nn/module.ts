// Module: the base of every layer and network. Its parameters, buffers and inner modules are found by walking its fields.
import { type Compiled, type CompileOptions, compile } from '../compile/compile';
import { type Members, membersOf, noteChange, notes, registerModule } from '../compile/notes';
import { keep, noGrad } from '../context';
import { type Device, deviceCode, isDevice } from '../device';
import { isFloating } from '../dtype';
import { ArgumentError, describe } from '../errors';
import { inspectAsText } from '../inspection';
import { copyOf, thisCopy } from '../kinds';
import type { NamedTensors } from '../named-tensors';
import { checkOptions } from '../options';
import { aliasInto, type DType, Tensor } from '../tensor';
import { watchForward } from './forward';
import { type BackwardHook, type ForwardHook, type ForwardPreHook, type ModuleHookLists, ModuleHooks } from './hooks';
import { Parameter } from './parameter';
import { type LoadResult, loadState } from './state';
import { checkStray } from './stray';
import { summarize } from './summary';

/** Any module that maps one tensor to one tensor: what `Sequential` holds. */
export type Layer = Module & { forward(input: Tensor): Tensor };

const tellingFields = new WeakSet<object>();

/** Notes that containers with this `fields` tell of every change of their members (`noteChange`). @internal */
export function registerContainer(fields: object): void {
  tellingFields.add(fields);
}

/**
 * Base class of layers and networks: fields that are parameters, modules or (nested) arrays of them belong to the
 * module and are named by their dotted path, `encoder.3.fc1.weight`. Private `#fields` cannot be seen and do not count.
 *
 * ```ts
 * class Classifier extends nn.Module {
 *   fc1 = new nn.Linear(784, 128);
 *   fc2 = new nn.Linear(128, 10);
 *   forward(x: Tensor) { return this.fc2.forward(this.fc1.forward(x).relu()); }
 * }
 * ```
 *
 * An error thrown inside `forward` carries the path of the module it came from: `[encoder.3.fc1] [linear] ...`.
 */
export abstract class Module {
  #training = true;
  readonly #buffers = new Map<string, Tensor>();

  constructor() {
    watchForward(this, Module.prototype);
    registerModule(this);
  }

  /** @internal */
  get [copyOf](): object {
    return thisCopy;
  }

  /** True in training mode (the default); read by layers such as `Dropout`. Set it with `train()` and `eval()`. */
  get training(): boolean {
    notes?.met(this);
    return this.#training;
  }
  set training(mode: boolean) {
    notes?.met(this);
    noteChange();
    this.#training = mode;
  }

  /** Computes the output; a subclass declares its own parameters and result. */
  abstract forward(...inputs: never[]): unknown;

  /** The members to walk, in order. Containers that hold modules elsewhere than in fields override it. */
  protected fields(): Iterable<readonly [string, unknown]> {
    return Object.entries(this);
  }

  /**
   * Members that are no fields, as name, member, name, member, ...; undefined where `fields` is not overridden.
   * @internal
   */
  [membersOf](): Members | undefined {
    if (this.fields === Module.prototype.fields) return undefined;
    return { list: [...this.fields()].flat(), told: tellingFields.has(this.fields) };
  }

  /** What is shown in brackets after the class name when the module is printed, such as `784, 10`. */
  protected describe(): string {
    return '';
  }

  /**
   * Makes `tensor` part of the module's state without being learned (running means and the like), and returns it:
   * `mean = this.registerBuffer('mean', zeros([8]))`. Update it in place with `assign`.
   *
   * Like a parameter, it outlives the scope it was made in.
   *
   * @throws ArgumentError when the name is empty, holds a dot or is taken by a buffer.
   */
  registerBuffer(name: string, tensor: Tensor): Tensor {
    if (name === '' || name.includes('.')) {
      throw new ArgumentError(`[registerBuffer] a name without dots is expected, received '${name}'`);
    }
    if (this.#buffers.has(name)) throw new ArgumentError(`[registerBuffer] there already is a buffer '${name}'`);
    if (!(tensor instanceof Tensor)) {
      throw new ArgumentError(`[registerBuffer] expected a tensor for '${name}', received ${describe(tensor)}`);
    }
    this.#buffers.set(name, keep(tensor));
    return tensor;
  }

  /** Parameters of this module alone, without those of inner modules. */
  ownParameters(): [name: string, parameter: Parameter][] {
    const other = (name: string, value: unknown) => checkStray(this, name, value);
    return members(this.fields(), other).filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter);
  }

  /** Buffers of this module alone. */
  ownBuffers(): [name: string, buffer: Tensor][] {
    return [...this.#buffers];
  }

  /** Modules that this one holds directly, with their names. */
  namedChildren(): [name: string, module: Module][] {
    return members(this.fields()).filter((entry): entry is [string, Module] => entry[1] instanceof Module);
  }

  /** Modules that this one holds directly. */
  children(): Module[] {
    return this.namedChildren().map(([, module]) => module);
  }

  /** This module (named `''`) and all modules below it, each once, parents first. */
  namedModules(): [path: string, module: Module][] {
    const found = new Map<Module, string>([[this, '']]);
    const visit = (module: Module, prefix: string): void => {
      for (const [name, child] of module.namedChildren()) {
        if (found.has(child)) continue;
        found.set(child, prefix + name);
        visit(child, `${prefix}${name}.`);
      }
    };
    visit(this, '');
    return [...found].map(([module, path]) => [path, module]);
  }

  /** This module and all modules below it, each once, parents first. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** All parameters with their dotted paths; one that is shared appears once, under its first path. */
  namedParameters(): [path: string, parameter: Parameter][] {
    return unique(this.namedModules(), (module) => module.ownParameters());
  }

  /** All parameters, each once: what an optimizer takes. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** All buffers with their dotted paths, each once. */
  namedBuffers(): [path: string, buffer: Tensor][] {
    return unique(this.namedModules(), (module) => module.ownBuffers());
  }

  /** All buffers, each once. */
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, buffer]) => buffer);
  }

  /** Sets training mode here and in all inner modules. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Sets inference mode here and in all inner modules: `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Calls `fn` for every module, inner ones first, for initialisation and the like. */
  apply(fn: (module: Module) => void): this {
    for (const module of this.modules().reverse()) fn(module);
    return this;
  }

  /**
   * Calls `hook` before every forward of this module; what it returns replaces the inputs. Hooks run in the order in which they were
   * registered, and belong to this object: a state has none.
   *
   * @returns a function that removes the hook.
   * @throws ArgumentError for what is no function.
   */
  registerForwardPreHook(hook: ForwardPreHook<this>): () => void {
    return this.#register('registerForwardPreHook', 'pre', hook);
  }

  /**
   * Calls `hook` after every forward of this module; what it returns replaces the output.
   *
   * ```ts
   * const remove = model.fc1.registerForwardHook((module, inputs, output) => { seen.push(output as Tensor); });
   * ```
   *
   * @returns a function that removes the hook.
   * @throws ArgumentError for what is no function.
   */
  registerForwardHook(hook: ForwardHook<this>): () => void {
    return this.#register('registerForwardHook', 'post', hook);
  }

  /**
   * Calls `hook` in every backward through this module, with the gradients by its inputs and by its outputs; what it returns replaces
   * those by the inputs. Tensors in arguments and in an array that is returned count, those deeper inside do not.
   *
   * @returns a function that removes the hook.
   * @throws ArgumentError for what is no function.
   */
  registerBackwardHook(hook: BackwardHook<this>): () => void {
    return this.#register('registerBackwardHook', 'backward', hook);
  }

  // In a field, which a trace compares; there is none before the first hook.
  #register<Kind extends keyof ModuleHookLists>(owner: string, kind: Kind, hook: unknown): () => void {
    if (typeof hook !== 'function') {
      throw new ArgumentError(`[${owner}] expected a function, received ${describe(hook)}`);
    }
    const own = ((...args: never[]) => hook(...args)) as ModuleHookLists[Kind]; // the same function may be registered twice
    const holder = this as { moduleHooks?: ModuleHooks };
    holder.moduleHooks = (holder.moduleHooks ?? new ModuleHooks()).with(kind, own);
    return () => {
      holder.moduleHooks = (holder.moduleHooks as ModuleHooks).without(kind, own);
    };
  }

  /**
   * For serving: puts the module into inference mode and returns its `forward`, compiled and without gradients. Weights are laid
   * out once as the kernels read them, and a call allocates nothing but its result; weights that are updated count from the
   * next call on. See `compile`.
   *
   * ```ts
   * const classify = model.compile();
   * const probabilities = await classify(image).softmax().data();
   * ```
   */
  compile(options?: CompileOptions): Compiled<Parameters<this['forward']>, ReturnType<this['forward']>> {
    this.eval();
    type Forward = Compiled<Parameters<this['forward']>, ReturnType<this['forward']>>;
    const forward = (...inputs: Parameters<this['forward']>): unknown =>
      noGrad(() => this.forward(...(inputs as never[])));
    return compile(forward, options) as Forward;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null;
  }

  /**
   * Converts all floating-point parameters and buffers to a dtype, or moves all parameters and buffers to a device, in place;
   * gradients are forgotten. Do it before making the optimizer: its state has the dtype and the device that the parameters had.
   *
   * @returns the module.
   * @throws ArgumentError when the dtype is not a floating-point one; DeviceError when there is no such device;
   * ArgumentError inside a function that is being compiled.
   */
  to(target: DType | Device): this {
    if (notes !== undefined) {
      throw new ArgumentError('[to] a module cannot be converted inside a compiled function: convert it before');
    }
    const moves = isDevice(target);
    if (moves) deviceCode('to', target);
    else if (!isFloating(target)) {
      throw new ArgumentError(`[to] a module needs a floating-point dtype, received ${String(target)}`);
    }
    noGrad(() => {
      for (const tensor of [...this.parameters(), ...this.buffers()]) {
        if (moves ? tensor.device === target : !isFloating(tensor.dtype) || tensor.dtype === target) continue;
        const { requiresGrad } = tensor;
        const converted = tensor.detach().to(target);
        tensor.dispose(); // the former memory; the object gets the new one
        aliasInto(tensor, converted);
        tensor.requiresGrad = requiresGrad;
      }
    });
    return this;
  }

  /**
   * Parameters and buffers by dotted path, as detached tensors that share storage with the module: later updates show in
   * them; `clone()` what has to stay. A tensor that is reachable by several paths appears under each of them.
   */
  stateDict(): Record<string, Tensor> {
    const state: Record<string, Tensor> = {};
    for (const [path, tensor] of placements(this)) state[path] = tensor.detach();
    return state;
  }

  /**
   * Copies the values of `state` into the parameters and buffers, converting dtypes. Nothing is changed when it throws.
   * A tensor that is reachable by several paths needs only one of them.
   *
   * @param options.strict false allows missing and unexpected names, which are returned. Default true.
   * @throws ArgumentError that lists every missing, unexpected and wrongly shaped name.
   */
  loadStateDict(state: NamedTensors, options: { strict?: boolean } = {}): LoadResult {
    checkOptions('loadStateDict', options, ['strict']);
    return loadState(this.constructor.name, placements(this), state, options.strict ?? true);
  }

  /**
   * A table of the layers with their types and parameter counts, and with the shapes of their outputs when the shape of
   * the input is given (or a list of shapes, for a forward of several inputs): `console.log(model.summary([1, 784]))`.
   * The shapes come from one forward of zeros in inference mode without gradients.
   */
  summary(inputShape?: readonly number[] | readonly (readonly number[])[]): string {
    return summarize(this, inputShape);
  }

  /** The tree of modules as text, one line for each. */
  toString(): string {
    const lines = this.namedChildren().map(
      ([name, child]) => `\n  (${name}): ${child.toString().replace(/\n/g, '\n  ')}`,
    );
    return `${this.constructor.name}(${this.describe()}${lines.join('')}${lines.length > 0 ? '\n' : ''})`;
  }
}

inspectAsText(Module.prototype);

// Parameters and modules among fields, those in arrays as `name.index`; `other` sees what is neither.
function members(
  fields: Iterable<readonly [string, unknown]>,
  other?: (name: string, value: unknown) => void,
): [string, Parameter | Module][] {
  const found: [string, Parameter | Module][] = [];
  const visit = (name: string, value: unknown): void => {
    if (value instanceof Parameter || value instanceof Module) found.push([name, value]);
    else if (Array.isArray(value))
      value.forEach((item: unknown, i) => {
        visit(`${name}.${i}`, item);
      });
    else other?.(name, value);
  };
  for (const [name, value] of fields) visit(name, value);
  return found;
}

function unique<T>(modules: [string, Module][], own: (module: Module) => [string, T][]): [string, T][] {
  const found = new Map<T, string>();
  for (const [path, module] of modules) {
    for (const [name, item] of own(module)) {
      if (!found.has(item)) found.set(item, path === '' ? name : `${path}.${name}`);
    }
  }
  return [...found].map(([item, path]) => [path, item]);
}

// Every path to every tensor; `above` keeps a module that refers back to its parent from going round in circles.
function* placements(module: Module, prefix = '', above = new Set<Module>()): Generator<[string, Tensor]> {
  above.add(module);
  for (const [name, parameter] of module.ownParameters()) yield [prefix + name, parameter];
  for (const [name, buffer] of module.ownBuffers()) yield [prefix + name, buffer];
  for (const [name, child] of module.namedChildren()) {
    if (!above.has(child)) yield* placements(child, `${prefix}${name}.`, above);
  }
  above.delete(module);
}
