// Optimizers whose memory is divided among the processes (ZeRO, stage 1: Rajbhandari et al. 2020).
import { noGrad, scope } from '../context';
import { broadcastFrom, gatherFrom } from '../ops/collective';
import { zeros, zerosLike } from '../ops/create';
import { concat, reshape, slice } from '../ops/shape';
import { type Optimizer, requireOptimizer, type Sharding } from '../optim/optimizer';
import type { BaseOptions, OptimizerState } from '../optim/state';
import type { Tensor } from '../tensor';
import * as group from './group';
import { allGatherObject } from './objects';

/** Which process updates which parameter, and how the others get it. */
export class Shard implements Sharding {
  readonly #owners = new Map<Tensor, number>();
  readonly #loads = Array.from({ length: group.size }, () => 0);

  /** Gives each parameter to the process that has the fewest elements so far, the largest first: the same on all processes. */
  add(params: readonly Tensor[]): void {
    for (const param of [...params].sort((a, b) => b.size - a.size)) {
      const owner = this.#loads.indexOf(Math.min(...this.#loads));
      this.#owners.set(param, owner);
      this.#loads[owner] = (this.#loads[owner] as number) + param.size;
    }
  }

  ownerOf(param: Tensor): number {
    return this.#owners.get(param) as number;
  }

  owns(param: Tensor): boolean {
    return this.ownerOf(param) === group.rank;
  }

  /** Gives all processes what each has made of its parameters. */
  share(params: readonly Tensor[]): void {
    const byDtype = new Map<string, Tensor[]>();
    for (const param of params) {
      const others = byDtype.get(param.dtype);
      if (others === undefined) byDtype.set(param.dtype, [param]);
      else others.push(param);
    }
    for (const members of byDtype.values()) scope(() => noGrad(() => this.#shareAlike(members)));
  }

  // All parameters of a process as one row, as long as the longest.
  #shareAlike(params: readonly Tensor[]): void {
    const rows = Array.from({ length: group.size }, (_, rank) =>
      params.filter((param) => this.ownerOf(param) === rank),
    );
    const sizes = rows.map((row) => row.reduce((sum, { size }) => sum + size, 0));
    const width = Math.max(...sizes);
    const mine = (rows[group.rank] as Tensor[]).map((param) => reshape(param, [-1]));
    const rest = width - (sizes[group.rank] as number);
    if (rest > 0) mine.push(zeros([rest], { dtype: (params[0] as Tensor).dtype }));
    const all = gatherFrom(concat(mine), group.size, 'parameters after a step');
    for (const [rank, row] of rows.entries()) {
      if (rank === group.rank) continue;
      const values = reshape(slice(all, 0, rank, rank + 1), [-1]);
      let at = 0;
      for (const param of row) {
        param.assign(reshape(slice(values, 0, at, at + param.size), param.shape));
        at += param.size;
      }
    }
  }
}

/**
 * Divides the memory of an optimizer among the processes of the group: each holds the state of its own part of the parameters, about one
 * of `size`, updates that part, and gives it to the others at the end of `step()`. The bits are those of the undivided optimizer.
 *
 * ```ts
 * const optimizer = distributed.shardOptimizer(new optim.Adam(model.parameters(), { lr: 1e-3 }));
 * ```
 *
 * For models whose gradients are equal on all processes, as {@link DistributedDataParallel} makes them. Every process calls `step()` as
 * often. `stateDict()` then throws: {@link gatherOptimizerState} has the whole state, which `loadStateDict` takes on every process,
 * also with another number of processes.
 *
 * @returns the optimizer.
 * @throws ArgumentError for an optimizer that has taken steps or is divided already; DistributedError before `init`.
 */
export function shardOptimizer<T extends Pick<Optimizer, 'kind' | 'step'>>(optimizer: T): T {
  checkMember('shardOptimizer', optimizer);
  (optimizer as unknown as Optimizer).shardWith(new Shard());
  return optimizer;
}

/**
 * The whole state of an optimizer that {@link shardOptimizer} has divided, on every process, for a checkpoint. All processes call it
 * together. With another optimizer it is its `stateDict()`.
 *
 * @throws DistributedError when another process is gone, or calls something else.
 */
export async function gatherOptimizerState<O extends BaseOptions>(optimizer: Optimizer<O>): Promise<OptimizerState> {
  checkMember('gatherOptimizerState', optimizer);
  const { shard } = optimizer;
  if (shard === undefined) return optimizer.stateDict();
  const own = optimizer.ownState();
  const params = optimizer.paramGroups.flatMap((group) => group.params);
  const parts = await allGatherObject({ steps: own.steps, tensors: Object.keys(own.tensors) });
  const whole: OptimizerState = { ...own, steps: [], tensors: {} };
  for (const [i, param] of params.entries()) {
    const from = shard.ownerOf(param);
    const { steps, tensors } = parts[from] as { steps: number[]; tensors: string[] };
    whole.steps.push(steps[i] as number);
    for (const key of tensors.filter((name) => name.startsWith(`${i}.`))) {
      noGrad(() => {
        const value = own.tensors[key]?.clone() ?? zerosLike(param);
        broadcastFrom(value, from, key);
        whole.tensors[key] = value;
      });
    }
  }
  return whole;
}

function checkMember(name: string, optimizer: unknown): void {
  requireOptimizer(name, optimizer);
  group.requireGroup(name);
}
