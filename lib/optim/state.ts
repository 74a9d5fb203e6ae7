// An optimizer's state as plain data and tensors, and back. Parameters are numbered through all groups, in order.
import { untraced } from '../compile/trace';
import { keep, noGrad } from '../context';
import type { Device } from '../device';
import { ArgumentError, describe } from '../errors';
import { isPromiseLike } from '../kinds';
import { full } from '../ops/create';
import { Tensor } from '../tensor';

/** What every optimizer has. */
export interface BaseOptions {
  /** Learning rate. */
  lr: number;
}

/** A group as the optimizer holds it, with all options; they may be changed between steps. */
export type Group<O extends BaseOptions> = { params: Tensor[] } & O;

/** What an optimizer remembers of one parameter. */
export interface ParameterState {
  /** Steps taken so far: int64, of shape []. A step that a failed kernel prevents does not count. */
  count: Tensor;
  /** State tensors by name (`expAvg`), shaped like the parameter. */
  tensors: Map<string, Tensor>;
}

/** What `optimizer.stateDict()` returns. */
export interface OptimizerState {
  /** Name of the algorithm. */
  kind: string;
  /** Options of each group and the numbers of its parameters. */
  groups: { options: Record<string, unknown>; params: number[] }[];
  /** Steps taken, by parameter. */
  steps: number[];
  /** State tensors, named by parameter and kind: `3.expAvg`. */
  tensors: Record<string, Tensor>;
}

/** The state of a parameter that has taken so many steps. */
export function newState(device: Device, steps = 0): ParameterState {
  return { count: untraced(() => keep(full([], steps, { dtype: 'int64', device }))), tensors: new Map() };
}

/** Moves what is remembered of a parameter to where the parameter is now. */
export function follow(param: Tensor, state: ParameterState): void {
  const { device } = param;
  if (state.count.device === device) return;
  untraced(() => {
    state.count = keep(state.count.to(device));
    for (const [name, tensor] of state.tensors) state.tensors.set(name, keep(tensor.to(device)));
  });
}

/** See `Optimizer.stateDict`. */
export function packState<O extends BaseOptions>(
  kind: string,
  groups: readonly Group<O>[],
  states: ReadonlyMap<Tensor, ParameterState>,
): OptimizerState {
  const packed: OptimizerState = { kind, groups: [], steps: [], tensors: {} };
  for (const { params, ...options } of groups) {
    const first = packed.steps.length;
    packed.groups.push({ options: structuredClone(options), params: params.map((_, i) => first + i) });
    for (const param of params) {
      const state = states.get(param);
      for (const [name, tensor] of state?.tensors ?? []) {
        packed.tensors[`${packed.steps.length}.${name}`] = tensor.detach();
      }
      packed.steps.push(state === undefined ? 0 : Number(state.count.itemSync()));
    }
  }
  return packed;
}

/** Checks a state against the groups and copies its tensors; see `Optimizer.loadStateDict`. */
export function unpackState<O extends BaseOptions>(
  kind: string,
  groups: readonly Group<O>[],
  state: OptimizerState,
): { options: Record<string, unknown>[]; states: Map<Tensor, ParameterState> } {
  const refuse = (reason: string): never => {
    throw new ArgumentError(`[${kind}.loadStateDict] ${reason}`);
  };
  if (typeof state !== 'object' || state === null || isPromiseLike(state)) {
    return refuse(`expected a state, received ${describe(state)}`);
  }
  const { groups: packed, steps, tensors } = state;
  if (
    !Array.isArray(packed) ||
    !packed.every((group) => Array.isArray(group?.params)) ||
    !Array.isArray(steps) ||
    typeof tensors !== 'object' ||
    tensors === null
  ) {
    refuse('a state has kind, groups, steps and tensors');
  }
  if (state.kind !== kind) refuse(`the state is of ${String(state.kind)}`);
  const sizes = (list: readonly { params: readonly unknown[] }[]): string =>
    list.map((g) => g.params.length).join(', ');
  if (sizes(state.groups) !== sizes(groups)) {
    refuse(`the state has groups of ${sizes(state.groups)} parameters, the optimizer of ${sizes(groups)}`);
  }
  const params = groups.flatMap((group) => group.params);
  if (state.steps.length !== params.length) refuse(`the state counts steps of ${state.steps.length} parameters`);

  const found: [param: number, name: string, value: Tensor][] = [];
  for (const [key, value] of Object.entries(state.tensors)) {
    const [number, name] = key.split('.');
    const param = params[Number(number)];
    if (param === undefined || name === undefined) return refuse(`there is no parameter for '${key}'`);
    if (!(value instanceof Tensor)) return refuse(`'${key}' is no tensor but ${describe(value)}`);
    const [shape, expected] = [value.shape.join(', '), param.shape.join(', ')];
    if (shape !== expected) return refuse(`'${key}' is [${shape}], the parameter is [${expected}]`);
    found.push([Number(number), name, value]);
  }

  return noGrad(() => {
    const states = new Map<Tensor, ParameterState>();
    state.steps.forEach((step, i) => {
      if (step > 0) states.set(params[i] as Tensor, newState((params[i] as Tensor).device, step));
    });
    for (const [i, name, value] of found) {
      const param = params[i] as Tensor;
      states.get(param)?.tensors.set(name, keep(value.detach().to(param.dtype).to(param.device).clone()));
    }
    return { options: state.groups.map((group) => structuredClone(group.options)), states };
  });
}
