// Fields of a module that look as if it learned them, although the walk through its fields does not find them.
import { ArgumentError, describe } from '../errors';
import { copyOf, isMap, isOfOtherCopy, isPlainObject, isSet } from '../kinds';
import { Tensor } from '../tensor';
import { warnOnce } from '../warn';

// Of the package's objects, only modules and tensors bear its mark.
function isLearned(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !(copyOf in value)) return false;
  return value instanceof Tensor ? !value.isDisposed && value.isLeaf && value.requiresGrad : true;
}

/**
 * Tells of a field that is no parameter or module. A tensor that requires gradients, and modules in a Map, a Set or a plain
 * object, are warned about once.
 *
 * @throws ArgumentError for what another copy of the package made
 */
export function checkStray(owner: object, name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (isOfOtherCopy(value)) {
    throw new ArgumentError(`[${owner.constructor.name}] field '${name}' is ${describe(value)}`);
  }
  if (value instanceof Tensor) {
    if (!isLearned(value)) return;
    warnOnce(
      'ANNEAL_STRAY_TENSOR',
      `field '${name}' of ${owner.constructor.name} is a tensor that requires gradients but no parameter: parameters() and ` +
        'stateDict() leave it out, and no optimizer updates it. Make it an nn.Parameter, or a buffer by registerBuffer',
    );
    return;
  }
  const items = isMap(value) || isSet(value) ? value.values() : isPlainObject(value) ? Object.values(value) : [];
  for (const item of items) {
    if (!isLearned(item)) continue;
    const kind = isMap(value) ? 'a Map' : isSet(value) ? 'a Set' : 'an object';
    warnOnce(
      'ANNEAL_STRAY_MODULE',
      `field '${name}' of ${owner.constructor.name} holds parameters or modules in ${kind}: they are not found there, and no ` +
        'optimizer updates them. Hold them in fields, arrays or an nn.ModuleList',
    );
    return;
  }
}
