// Functions that are called when a module runs, forward and backward.
import { linked } from '../custom-gradient';
import { ArgumentError, describe } from '../errors';
import { isTensor, type Tensor } from '../tensor';

/** Called before `forward`, with its inputs; what it returns, unless undefined, replaces them: an array of inputs, or a single one. */
export type ForwardPreHook<M> = (module: M, inputs: readonly unknown[]) => unknown;

/** Called after `forward`, with its inputs and its output; what it returns, unless undefined, replaces the output. */
export type ForwardHook<M> = (module: M, inputs: readonly unknown[], output: unknown) => unknown;

/**
 * Called in backward, when the gradients by all inputs of the module are known, with them and with those by its outputs: of the tensors
 * among its arguments, or in its result, null where there is none. An array that it returns replaces the gradients by the inputs.
 */
export type BackwardHook<M> = (
  module: M,
  gradInputs: readonly (Tensor | null)[],
  gradOutputs: readonly (Tensor | null)[],
  // biome-ignore lint/suspicious/noConfusingVoidType: a function without a result is a hook too
) => readonly (Tensor | null)[] | undefined | void;

/** The hooks of a module; replaced as a whole when one is added or removed, so that a trace sees the change. */
export class ModuleHooks {
  readonly pre: readonly ForwardPreHook<never>[];
  readonly post: readonly ForwardHook<never>[];
  readonly backward: readonly BackwardHook<never>[];

  constructor({ pre = [], post = [], backward = [] }: Partial<ModuleHooks> = {}) {
    this.pre = pre;
    this.post = post;
    this.backward = backward;
  }

  /** With a hook more, or without it. */
  with<Kind extends keyof ModuleHookLists>(kind: Kind, hook: ModuleHookLists[Kind]): ModuleHooks {
    return new ModuleHooks({ ...this.lists(), [kind]: [...this[kind], hook] });
  }
  without<Kind extends keyof ModuleHookLists>(kind: Kind, hook: ModuleHookLists[Kind]): ModuleHooks {
    return new ModuleHooks({
      ...this.lists(),
      [kind]: (this[kind] as readonly unknown[]).filter((other) => other !== hook),
    });
  }

  private lists(): Partial<ModuleHooks> {
    const { pre, post, backward } = this;
    return { pre, post, backward };
  }
}

/** The kinds of hooks. */
export interface ModuleHookLists {
  pre: ForwardPreHook<never>;
  post: ForwardHook<never>;
  backward: BackwardHook<never>;
}

/** Runs a forward with its module's hooks around it. */
export function runWithHooks(
  module: never,
  hooks: ModuleHooks,
  inputs: readonly unknown[],
  forward: (inputs: readonly unknown[]) => unknown,
): unknown {
  let given = inputs;
  for (const hook of hooks.pre) {
    const replaced = hook(module, given);
    if (replaced !== undefined) given = Array.isArray(replaced) ? replaced : [replaced];
  }
  let output =
    hooks.backward.length > 0 ? forwardWithGradients(module, hooks.backward, given, forward) : forward(given);
  for (const hook of hooks.post) {
    const replaced = hook(module, given, output);
    if (replaced !== undefined) output = replaced;
  }
  return output;
}

const takesGradient = (value: unknown): value is Tensor => isTensor(value) && value.requiresGrad;

/** A list with its tensors that take gradients replaced by others, in their order. */
function replaceTensors(list: readonly unknown[], tensors: readonly Tensor[]): unknown[] {
  let next = 0;
  return list.map((value) => (takesGradient(value) ? tensors[next++] : value));
}

function forwardWithGradients(
  module: never,
  hooks: readonly BackwardHook<never>[],
  inputs: readonly unknown[],
  forward: (inputs: readonly unknown[]) => unknown,
): unknown {
  const tensors = inputs.filter(isTensor);
  const learned = tensors.filter(takesGradient);
  let gradOutputs: readonly (Tensor | null)[] = [];
  const call = (gradients: readonly Tensor[]): readonly (Tensor | null)[] => {
    let next = 0;
    let all: readonly (Tensor | null)[] = tensors.map((x) =>
      learned.includes(x) ? (gradients[next++] ?? null) : null,
    );
    for (const hook of hooks) {
      const replaced = hook(module, all, gradOutputs) as readonly (Tensor | null)[] | undefined;
      if (replaced === undefined) continue;
      if (!Array.isArray(replaced) || replaced.length !== all.length) {
        throw new ArgumentError(
          `[registerBackwardHook] expected ${all.length} gradients or nothing from the hook, received ${describe(replaced)}`,
        );
      }
      all = replaced;
    }
    return all.filter((_, i) => learned.includes(tensors[i] as Tensor));
  };
  const given =
    learned.length === 0
      ? inputs
      : replaceTensors(
          inputs,
          linked(learned, learned, (...gradients) => call(gradients)),
        );
  const output = forward(given);
  const results = Array.isArray(output) ? (output as unknown[]) : [output];
  const taking = results.filter(takesGradient);
  if (taking.length === 0) return output;
  const all = results.filter(isTensor);
  const watched = linked(taking, taking, (...gradients) => {
    let next = 0;
    gradOutputs = all.map((x) => (taking.includes(x) ? (gradients[next++] ?? null) : null));
    if (learned.length === 0) call([]);
    return gradients;
  });
  const replaced = replaceTensors(results, watched);
  return Array.isArray(output) ? replaced : replaced[0];
}
