// The gradients of a model on their way through all processes: in buckets, each of which leaves as soon as its gradients are there, while
// backward computes the others.
import { afterBackward } from '../after-backward';
import { guard } from '../compile/trace';
import { noGrad, scope } from '../context';
import { bytesOfElement } from '../dtype';
import { allReduceStart, allReduceWait } from '../ops/collective';
import { zerosLike } from '../ops/create';
import { concat, reshape, slice } from '../ops/shape';
import type { Tensor } from '../tensor';

/** A parameter with its path. */
export type Named = readonly [name: string, parameter: Tensor];

interface Bucket {
  name: string;
  members: readonly Named[];
}

const bytesOf = ({ size, dtype }: Tensor) => size * bytesOfElement(dtype);

/** Cuts parameters into buckets of about `bytes`, the last ones first: backward comes upon them in about that order. */
export function bucketsOf(parameters: readonly Named[], bytes: number): Bucket[] {
  const buckets: Named[][] = [];
  let room = 0;
  for (const named of [...parameters].reverse()) {
    const [, parameter] = named;
    const last = buckets.at(-1);
    const fits = last !== undefined && room >= bytesOf(parameter) && last[0]?.[1].dtype === parameter.dtype;
    if (fits) last.push(named);
    else buckets.push([named]);
    room = (fits ? room : bytes) - bytesOf(parameter);
  }
  return buckets.map((members) => {
    const [first, last] = [members[0], members.at(-1)] as [Named, Named];
    return { name: first === last ? first[0] : `${last[0]} ... ${first[0]}`, members };
  });
}

/** Averages the gradients of parameters over all processes in every backward, while it is `enabled`. */
export class Reducer {
  enabled = true;
  readonly #buckets: readonly Bucket[];
  readonly #parameters: readonly Tensor[];
  // Of the backward under way: gradients that wait for their bucket, and buckets that have left, in the order of `#buckets`.
  readonly #arrived = new Map<Tensor, Tensor>();
  #started: Tensor[] = [];
  #active = false;

  constructor(parameters: readonly Named[], bytes: number) {
    this.#buckets = bucketsOf(parameters, bytes);
    this.#parameters = parameters.map(([, parameter]) => parameter);
    for (const [i, parameter] of this.#parameters.entries()) parameter.registerHook(hookOf(new WeakRef(this), i));
  }

  /** Takes in the gradient of a parameter, by its number. */
  arrive(i: number, gradient: Tensor): void {
    if (!guard('noSync', () => this.enabled)) return;
    if (!this.#active && !afterBackward((failed) => this.#finish(failed))) return;
    this.#active = true;
    const parameter = this.#parameters[i] as Tensor;
    noGrad(() => {
      this.#arrived.set(
        parameter,
        scope(() => withFormer(parameter, gradient)),
      );
      while (this.#next?.members.every(([, member]) => this.#arrived.has(member))) this.#start(this.#next);
    });
  }

  get #next(): Bucket | undefined {
    return this.#buckets[this.#started.length];
  }

  // A gradient that is missing was not needed for what backward began from: what this process adds to those of others is 0.
  #start({ name, members }: Bucket): void {
    const joined = scope(() =>
      concat(
        members.map(([, parameter]) => {
          const gradient = this.#arrived.get(parameter) ?? parameter.grad ?? zerosLike(parameter);
          return reshape(gradient, [-1]);
        }),
      ),
    );
    for (const [, parameter] of members) this.#arrived.get(parameter)?.dispose();
    allReduceStart(joined, 'mean', `gradients of ${name}`);
    this.#started.push(joined);
  }

  // What has left comes back, whatever happens: the other processes wait for it, and its memory is in use.
  #finish(failed: boolean): void {
    scope(() =>
      noGrad(() => {
        while (!failed && this.#next !== undefined) this.#start(this.#next);
        for (const [i, joined] of this.#started.entries()) {
          allReduceWait(joined);
          if (!failed) spread(joined, (this.#buckets[i] as Bucket).members);
          joined.dispose();
        }
      }),
    );
    this.#started = [];
    for (const gradient of this.#arrived.values()) gradient.dispose();
    this.#arrived.clear();
    this.#active = false;
  }
}

// A hook is kept for as long as its parameter lives, with all that its function reaches. So it reaches no parameter.
function hookOf(reducer: WeakRef<Reducer>, i: number): (gradient: Tensor) => void {
  return (gradient) => reducer.deref()?.arrive(i, gradient);
}

// Gradients that earlier backwards have left, such as those that were not to be averaged, count as well.
function withFormer(parameter: Tensor, gradient: Tensor): Tensor {
  const { grad } = parameter;
  return grad === null ? gradient.detach() : grad.add(gradient);
}

function spread(joined: Tensor, members: readonly Named[]): void {
  let at = 0;
  for (const [, parameter] of members) {
    parameter.grad = reshape(slice(joined, 0, at, at + parameter.size), parameter.shape);
    at += parameter.size;
  }
}
