// Loading a state: everything is checked before the first value is written.
import { noGrad } from '../context';
import { ArgumentError, describe } from '../errors';
import { type NamedTensors, namedEntries } from '../named-tensors';
import { Tensor } from '../tensor';

/** What `loadStateDict` found without using it; both are empty after a strict load. */
export interface LoadResult {
  /** Names that the module has and the state lacks. */
  missing: string[];
  /** Names that the state has and the module lacks. */
  unexpected: string[];
}

/** Copies `state` into the tensors of `placements` (path and tensor, a shared one under each of its paths). */
export function loadState(
  owner: string,
  placements: Iterable<readonly [string, Tensor]>,
  named: NamedTensors,
  strict: boolean,
): LoadResult {
  const state: Readonly<Record<string, unknown>> = Object.fromEntries(namedEntries('loadStateDict', named));
  const names = new Map<Tensor, string[]>();
  for (const [path, tensor] of placements) names.set(tensor, [...(names.get(tensor) ?? []), path]);

  const missing: string[] = [];
  const misfits: string[] = [];
  const writes: [target: Tensor, value: Tensor][] = [];
  for (const [target, paths] of names) {
    const given = paths.filter((path) => Object.hasOwn(state, path));
    if (given.length === 0) missing.push(paths[0] as string);
    for (const path of given) {
      const value: unknown = state[path];
      if (!(value instanceof Tensor)) misfits.push(`${path} is no tensor but ${describe(value)}`);
      else if (!sameShape(value, target)) misfits.push(`${path} is ${shapeOf(value)}, expected ${shapeOf(target)}`);
      else writes.push([target, value]);
    }
  }
  const known = new Set([...names.values()].flat());
  const unexpected = Object.keys(state).filter((path) => !known.has(path));

  const complaints = [
    ...(strict && missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
    ...(strict && unexpected.length > 0 ? [`unexpected: ${unexpected.join(', ')}`] : []),
    ...(misfits.length > 0 ? [`wrong shape: ${misfits.join('; ')}`] : []),
  ];
  if (complaints.length > 0) {
    throw new ArgumentError(`[loadStateDict] the state does not fit ${owner}\n  ${complaints.join('\n  ')}`);
  }

  noGrad(() => {
    const converted = writes.map(
      ([target, value]) => [target, value.detach().to(target.dtype).to(target.device)] as const,
    );
    for (const [target, value] of converted) target.assign(value);
  });
  return { missing, unexpected };
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return shapeOf(a) === shapeOf(b);
}

function shapeOf(tensor: Tensor): string {
  return `[${tensor.shape.join(', ')}]`;
}
