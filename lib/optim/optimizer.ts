// Optimizer: parameter groups, state by parameter, and a step that updates each group in one native call.
import { notes, registerWatched } from '../compile/notes';
import { guard, tracing, untraced } from '../compile/trace';
import { keep, noGrad } from '../context';
import { isFloating } from '../dtype';
import { ArgumentError, describe } from '../errors';
import { fullLike } from '../ops/create';
import { checkOptions, definedOf } from '../options';
import { Tensor } from '../tensor';
import { warnOnce } from '../warn';
import { type Batch, count, ParameterBatch } from './batch';
import { type DynamicOptions, learningRate, traceUpdate, withToldOptions } from './dynamic';
import {
  type BaseOptions,
  follow,
  type Group,
  newState,
  type OptimizerState,
  type ParameterState,
  packState,
  unpackState,
} from './state';

export type { Batch } from './batch';
export type { BaseOptions, Group, ParameterState } from './state';

/** Parameters with options of their own; what is left out comes from the optimizer's options. */
export type ParameterGroup<O extends BaseOptions> = { params: Iterable<Tensor> } & Partial<O>;

/** Parameters that are divided among processes; see `distributed.shardOptimizer`. @internal */
export interface Sharding {
  /** Makes parameters known, in an order that is the same on all processes. */
  add(params: readonly Tensor[]): void;
  /** The process that updates a parameter. */
  ownerOf(param: Tensor): number;
  /** Whether this process does. */
  owns(param: Tensor): boolean;
  /** Gives all processes what each has made of its parameters. */
  share(params: readonly Tensor[]): void;
}

/** Base of the optimizers; a subclass checks its options and updates a {@link Batch}. */
export abstract class Optimizer<O extends BaseOptions = BaseOptions> {
  /** The parameter groups, in the order in which they were given. */
  readonly paramGroups: Group<O>[] = [];
  readonly #defaults: O;
  readonly #states = new Map<Tensor, ParameterState>();
  #shard: Sharding | undefined;
  // Counts what makes compiled steps of this optimizer stale.
  #generation = 0;

  /**
   * @param params parameters, or groups of them with their own options.
   * @throws ArgumentError for an empty list, a tensor that is no leaf or not floating-point, one given twice, or an
   * option out of range.
   */
  constructor(params: Iterable<Tensor> | Iterable<ParameterGroup<O>>, defaults: O) {
    this.#defaults = defaults;
    registerWatched(this);
    this.check(defaults);
    if (typeof params?.[Symbol.iterator] !== 'function') {
      throw new ArgumentError(`[${this.kind}] expected parameters, received ${describe(params)}`);
    }
    // One by one, so that a wrong one ends the walk: an array may be longer than memory.
    const list: (Tensor | ParameterGroup<O>)[] = [];
    for (const item of params) {
      if (typeof item !== 'object' || item === null) {
        throw new ArgumentError(`[${this.kind}] expected tensors or groups with params, received ${describe(item)}`);
      }
      list.push(item);
    }
    const loose = list.filter((item): item is Tensor => item instanceof Tensor);
    if (list.length === 0) throw new ArgumentError(`[${this.kind}] there are no parameters to optimize`);
    if (loose.length > 0 && loose.length < list.length) {
      throw new ArgumentError(`[${this.kind}] expected parameters or groups of parameters, received a mixture`);
    }
    if (loose.length > 0) this.addParamGroup({ params: loose } as unknown as ParameterGroup<O>);
    else for (const group of list) this.addParamGroup(group as ParameterGroup<O>);
  }

  /** Name of the algorithm, also in saved states; that of the class unless a subclass says otherwise. */
  get kind(): string {
    return this.constructor.name;
  }

  /** Throws an ArgumentError for options out of range. */
  protected abstract check(options: O): void;

  /** Updates the parameters of `batch` and their state tensors in place. */
  protected abstract update(batch: Batch, options: O): void;

  /**
   * Options that a compiled step takes anew at every run, so that schedules cost no new trace. A kernel must take them as they are; a
   * step that computes with one holds for its value alone.
   */
  protected get dynamicOptions(): DynamicOptions<O> {
    return learningRate;
  }

  /** Adds a group, such as layers that are thawed in the middle of training. */
  addParamGroup(group: ParameterGroup<O>): void {
    if (typeof group?.params?.[Symbol.iterator] !== 'function') {
      throw new ArgumentError(`[${this.kind}] expected tensors or groups with params, received ${describe(group)}`);
    }
    checkOptions(this.kind, group, ['params', ...Object.keys(this.#defaults)]);
    const params: Tensor[] = [];
    const known = new Set(this.paramGroups.flatMap((other) => other.params));
    for (const param of group.params) {
      const i = params.length;
      if (!(param instanceof Tensor)) {
        throw new ArgumentError(`[${this.kind}] parameter ${i} is no tensor but ${describe(param)}`);
      }
      if (!param.isLeaf) throw new ArgumentError(`[${this.kind}] parameter ${i} is a result, not a leaf tensor`);
      if (!isFloating(param.dtype)) {
        throw new ArgumentError(
          `[${this.kind}] parameter ${i} has dtype ${param.dtype}, expected a floating-point one`,
        );
      }
      if (known.has(param)) throw new ArgumentError(`[${this.kind}] parameter ${i} is given twice`);
      known.add(param);
      params.push(param);
    }
    const full = { ...this.#defaults, ...definedOf(group), params };
    this.check(full);
    this.#shard?.add(params);
    this.paramGroups.push(withToldOptions(full, this.kind, this.dynamicOptions));
    this.#generation++;
  }

  /** Learning rate (of the first group); setting it sets that of every group. */
  get lr(): number {
    return (this.paramGroups[0] as Group<O>).lr;
  }
  set lr(value: number) {
    requireAtLeastZero(this.kind, { lr: value });
    for (const group of this.paramGroups) group.lr = value;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    this.#note();
    for (const group of this.paramGroups) for (const param of group.params) param.grad = null;
  }

  /** Updates every parameter that has a gradient. Warns once where none has: `backward` comes before `step`. */
  step(): void {
    this.#note();
    let updated = false;
    const dynamic = this.dynamicOptions;
    noGrad(() => {
      for (const group of this.paramGroups) {
        const trace = tracing();
        if (trace !== undefined) guard(`the parameters or the loaded state of ${this.kind}`, () => this.#generation);
        const shard = this.#shard;
        const own = shard === undefined ? group.params : group.params.filter((param) => shard.owns(param));
        for (const batch of this.#batches(own)) {
          updated = true;
          if (trace === undefined) this.update(batch, group);
          else traceUpdate(trace, this.kind, group, dynamic, (options) => this.update(batch, options));
          if (!batch.countsItself) count(batch);
          // Our own handles: left to the collector, they would hold the gradients' memory beyond zeroGrad.
          for (const grad of batch.grads) grad.dispose();
        }
      }
      this.#shard?.share(this.#params);
    });
    if (!updated && this.#shard === undefined) {
      warnOnce(
        'ANNEAL_STEP_WITHOUT_GRADIENTS',
        `[${this.kind}] step() found no gradients and changed nothing: call backward() before it, and zeroGrad() after it or before backward()`,
      );
    }
  }

  /**
   * Options, step counts and state tensors: loaded into an optimizer of the same parameters, training goes on as if it
   * had never stopped. All but `tensors` can be written as JSON; the tensors share storage with the optimizer.
   */
  stateDict(): OptimizerState {
    if (this.#shard !== undefined) {
      throw new ArgumentError(
        `[${this.kind}.stateDict] the state is divided among processes: await distributed.gatherOptimizerState(optimizer)`,
      );
    }
    return this.ownState();
  }

  /** The state of the parameters that this process updates. @internal */
  ownState(): OptimizerState {
    return packState(this.kind, this.paramGroups, this.#states);
  }

  /** Whether a step of this optimizer was taken or loaded; of parameters that other processes update it is not known. @internal */
  get hasStepped(): boolean {
    return this.#states.size > 0 || this.#shard !== undefined;
  }

  /** How parameters are divided among processes, if they are. @internal */
  get shard(): Sharding | undefined {
    return this.#shard;
  }

  /** Divides the parameters among processes. @internal */
  shardWith(shard: Sharding): void {
    if (this.#shard !== undefined) throw new ArgumentError(`[shardOptimizer] this ${this.kind} is divided already`);
    if (this.#states.size > 0) {
      throw new ArgumentError(
        `[shardOptimizer] this ${this.kind} has taken steps: divide it before the first one, and load its state afterwards`,
      );
    }
    shard.add(this.#params);
    this.#shard = shard;
    this.#generation++;
  }

  get #params(): Tensor[] {
    return this.paramGroups.flatMap((group) => group.params);
  }

  /**
   * Takes over a state made by `stateDict` of an optimizer of the same kind and equally shaped parameters; its tensors
   * are copied. Nothing is changed when it throws.
   *
   * @throws ArgumentError that says what does not fit.
   */
  loadStateDict(state: OptimizerState): void {
    const { options, states } = unpackState(this.kind, this.paramGroups, state);
    for (const group of options) this.check({ ...this.#defaults, ...group } as O);
    for (const [i, group] of this.paramGroups.entries()) Object.assign(group, options[i]);
    this.#states.clear();
    this.#generation++;
    for (const [param, loaded] of states) {
      if (this.#shard?.owns(param) ?? true) this.#states.set(param, loaded);
    }
  }

  /** The state tensor `name` of a parameter. When there is none, it is made and filled with what `initial` returns, by default 0. */
  protected stateTensor(param: Tensor, state: ParameterState, name: string, initial?: () => number): Tensor {
    let tensor = state.tensors.get(name);
    if (tensor === undefined) {
      const value = initial?.() ?? 0;
      tensor = untraced(() => keep(fullLike(param, value)));
      state.tensors.set(name, tensor);
    }
    return tensor;
  }

  // Options are read here for the trace, and not by the function that is traced.
  #note(): void {
    const trace = notes;
    if (trace === undefined) return;
    untraced(() => trace.optimized(this, this.kind, this.paramGroups, this.dynamicOptions));
  }

  #batches(params: readonly Tensor[]): Iterable<ParameterBatch> {
    const batches = new Map<string, ParameterBatch>();
    for (const param of params) {
      const grad = param.grad;
      if (grad === null) continue;
      let state = this.#states.get(param);
      if (state === undefined) {
        state = newState(param.device);
        this.#states.set(param, state);
      }
      follow(param, state);
      const key = `${param.device} ${param.dtype}`;
      let batch = batches.get(key);
      if (batch === undefined) {
        batch = new ParameterBatch(this.kind);
        batches.set(key, batch);
      }
      batch.params.push(param);
      batch.grads.push(grad);
      batch.states.push(state);
    }
    return batches.values();
  }
}

/** Throws an ArgumentError for what is no optimizer. */
export function requireOptimizer(caller: string, optimizer: unknown): void {
  if (!(optimizer instanceof Optimizer)) {
    throw new ArgumentError(`[${caller}] expected an optimizer, received ${describe(optimizer)}`);
  }
}

/** Throws an ArgumentError unless `betas` are two numbers in [0, 1). */
export function requireBetas(kind: string, betas: unknown): void {
  if (!Array.isArray(betas) || betas.length !== 2 || !betas.every((beta) => beta >= 0 && beta < 1)) {
    throw new ArgumentError(`[${kind}] expected two betas in [0, 1), received [${String(betas)}]`);
  }
}

/** Throws an ArgumentError for the first value that is not a number >= 0. */
export function requireAtLeastZero(kind: string, values: Record<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(typeof value === 'number' && value >= 0)) {
      throw new ArgumentError(`[${kind}] expected ${name} >= 0, received ${String(value)}`);
    }
  }
}
