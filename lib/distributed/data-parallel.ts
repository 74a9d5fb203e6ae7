// Data parallelism: each process has the whole model and its own part of the data, and all take the same steps.
import { noGrad } from '../context';
import { ArgumentError, describe } from '../errors';
import { Module } from '../nn/module';
import { broadcastFrom } from '../ops/collective';
import { checkOptions } from '../options';
import type { Tensor } from '../tensor';
import { requireGroup } from './group';
import { type Named, Reducer } from './reducer';

/** Options of {@link DistributedDataParallel}. */
export interface DistributedDataParallelOptions {
  /**
   * Bytes of gradients that travel together. Smaller ones leave earlier and overlap more with backward; larger ones cost less for each
   * byte. Default 4 MiB.
   */
  bucketBytes?: number;
  /** Whether buffers, such as running means, are those of process 0 at every `forward` in training mode. Default true. */
  broadcastBuffers?: boolean;
}

/**
 * A model that trains on several processes at once: `backward` leaves in `grad` the mean of the gradients of all processes, so that equal
 * models take equal steps. With batches of equal size that is the gradient by the joint batch.
 *
 * ```ts
 * await distributed.init();
 * const model = new distributed.DistributedDataParallel(new Classifier());
 * ```
 *
 * Parameters and buffers become those of process 0. Gradients are averaged in buckets while backward computes the rest; the sum is
 * taken in the order of the processes, so that the same processes get the same bits on every run. A parameter that `backward` does
 * not reach on one process gets what it has on the others; one that none reaches gets zeros.
 *
 * Every process must run the same sequence of forwards and backwards. `grad()` averages nothing.
 *
 * @throws DistributedError before `init`. That the models differ is a DistributedError of whatever reads the parameters; it names the
 * process and the parameter.
 */
export class DistributedDataParallel<M extends Module> extends Module {
  /** The model. */
  readonly module: M;
  readonly #reducer: Reducer;
  readonly #broadcastBuffers: boolean;

  constructor(module: M, options: DistributedDataParallelOptions = {}) {
    super();
    checkOptions('DistributedDataParallel', options, ['bucketBytes', 'broadcastBuffers']);
    const { bucketBytes = 4 << 20, broadcastBuffers = true } = options;
    if (!(module instanceof Module)) {
      throw new ArgumentError(`[DistributedDataParallel] expected a module, received ${describe(module)}`);
    }
    if (!(bucketBytes > 0)) {
      throw new ArgumentError(
        `[DistributedDataParallel] expected bytes above 0 for bucketBytes, received ${bucketBytes}`,
      );
    }
    requireGroup('DistributedDataParallel');
    this.module = module;
    this.#broadcastBuffers = broadcastBuffers;
    const parameters: Named[] = module.namedParameters();
    broadcastAll([...parameters, ...module.namedBuffers()]);
    const learned = parameters.filter(([, parameter]) => parameter.requiresGrad);
    this.#reducer = new Reducer(learned, bucketBytes);
  }

  /** The model's output. */
  forward(...inputs: Parameters<M['forward']>): ReturnType<M['forward']> {
    if (this.#broadcastBuffers && this.#reducer.enabled && this.module.training)
      broadcastAll(this.module.namedBuffers());
    return this.module.forward(...inputs) as ReturnType<M['forward']>;
  }

  /**
   * Runs `fn` without averaging: gradients add up in `grad`, each process's its own, and the next backward outside averages them with its
   * own. For steps on several batches.
   */
  noSync<T>(fn: () => T): T {
    const { enabled } = this.#reducer;
    this.#reducer.enabled = false;
    try {
      return fn();
    } finally {
      this.#reducer.enabled = enabled;
    }
  }
}

function broadcastAll(tensors: readonly Named[]): void {
  noGrad(() => {
    for (const [name, tensor] of tensors) broadcastFrom(tensor as Tensor, 0, name);
  });
}
