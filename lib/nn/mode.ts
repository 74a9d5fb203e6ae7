// Remembers training and inference modes.
import type { ModuleTree } from './tree';

/** Notes the mode of `module` and of every module in it; the function it returns sets them back. */
export function rememberModes(module: ModuleTree): () => void {
  const modes = module.modules().map((inner) => [inner, inner.training] as const);
  return () => {
    for (const [inner, mode] of modes) inner.training = mode;
  };
}
