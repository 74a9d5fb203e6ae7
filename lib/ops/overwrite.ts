// An update in place that loses its target together with its source.
import { handleOf, type Tensor } from '../tensor';
import { callVoid, operator } from './call';

const op = operator('overwrite');

/**
 * As `assign`, but if a failed kernel took `values`, what the target held is lost too, and reading it tells of the failure: for
 * sums and counts over many steps, of which none may be missing.
 */
export function overwrite(target: Tensor, values: Tensor): void {
  callVoid(op, handleOf('overwrite', 'target', target), handleOf('overwrite', 'values', values));
}
