// What `console.log` shows of an object.
import { inspect } from 'node:util';

/**
 * Makes `console.log` show objects with this prototype by their `toString`. Not as a method of their class, whose declaration would
 * then need those of Node.
 */
export function inspectAsText(prototype: object): void {
  const value = function (this: object): string {
    return this.toString();
  };
  Object.defineProperty(prototype, inspect.custom, { value, configurable: true, writable: true });
}
