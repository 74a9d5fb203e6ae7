// What the files beside module.ts ask of a module, so that they need not import its class.
import type { Tensor } from '../tensor';

/** A module as a tree of modules. */
export interface ModuleTree {
  training: boolean;
  forward(...inputs: never[]): unknown;
  modules(): ModuleTree[];
  namedModules(): [path: string, module: ModuleTree][];
  parameters(): Tensor[];
  ownParameters(): [name: string, parameter: Tensor][];
}
