// The addon as the build leaves it, for tests that use its functions themselves.
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The file that node-gyp makes. */
export const builtAddon = join(__dirname, '..', '..', 'native', 'build', 'Release', 'anneal.node');

/** The functions of the addon that the package uses, which `ANNEAL_BINARY` may name. */
export function loadAddon<Functions = Record<string, unknown>>(): Functions {
  return createRequire(__filename)(process.env.ANNEAL_BINARY || builtAddon);
}
