// The table that `module.summary()` returns: a line per module, indented by depth, and totals.
import { noGrad, scope } from '../context';
import { ArgumentError } from '../errors';
import { zeros } from '../ops/create';
import { Tensor } from '../tensor';
import { observeForward } from './forward';
import { rememberModes } from './mode';
import type { ModuleTree } from './tree';

type Shape = readonly number[];

/** See `Module.summary`. */
export function summarize(module: ModuleTree, inputShape?: Shape | readonly Shape[]): string {
  const shapes = inputShape === undefined ? undefined : outputShapes(module, shapeList(inputShape));
  const header = ['Layer', 'Type', ...(shapes ? ['Output shape'] : []), 'Parameters'];
  const depths = new Map<string, number>();
  const rows = module.namedModules().map(([path, layer]) => {
    const own = layer.ownParameters().reduce((sum, [, parameter]) => sum + parameter.size, 0);
    const parent = parentOf(path, depths);
    const depth = path === '' ? 0 : (depths.get(parent) ?? 0) + 1;
    depths.set(path, depth);
    const name = parent === '' ? path : path.slice(parent.length + 1);
    return [
      '  '.repeat(depth) + (path === '' ? '(model)' : name),
      layer.constructor.name,
      ...(shapes ? [shapes.get(layer) ?? '-'] : []),
      own === 0 ? '-' : grouped(own),
    ];
  });

  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === header.length - 1 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ');
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));

  const parameters = module.parameters();
  const count = (list: Tensor[]): number => list.reduce((sum, parameter) => sum + parameter.size, 0);
  const total = count(parameters);
  const learned = count(parameters.filter((parameter) => parameter.requiresGrad));
  const footer = `${grouped(total)} parameters, ${grouped(learned)} trainable`;
  return [line(header), rule, ...rows.map(line), rule, footer].join('\n');
}

// The path of the module that holds the one at `path`: not just all but the last part, for an array in a field is no module.
function parentOf(path: string, known: ReadonlyMap<string, number>): string {
  let parent = path;
  do parent = parent.slice(0, Math.max(0, parent.lastIndexOf('.')));
  while (parent !== '' && !known.has(parent));
  return parent;
}

function outputShapes(module: ModuleTree, inputShapes: readonly Shape[]): Map<ModuleTree, string> {
  const shapes = new Map<ModuleTree, string>();
  const restoreModes = rememberModes(module);
  for (const inner of module.modules()) inner.training = false;
  try {
    scope(() =>
      noGrad(() =>
        observeForward(
          (layer, output) => shapes.set(layer, describeOutput(output)),
          () => {
            const forward = module.forward as (...inputs: Tensor[]) => unknown;
            forward.apply(
              module,
              inputShapes.map((shape) => zeros([...shape])),
            );
          },
        ),
      ),
    );
  } finally {
    restoreModes();
  }
  return shapes;
}

function describeOutput(output: unknown): string {
  if (output instanceof Tensor) return `[${output.shape.join(', ')}]`;
  return Array.isArray(output) ? output.map(describeOutput).join(' ') : '-';
}

function shapeList(shape: Shape | readonly Shape[]): readonly Shape[] {
  if (!Array.isArray(shape)) throw new ArgumentError('[summary] expected a shape such as [1, 784] for inputShape');
  const nested = (shape as readonly unknown[]).some((extent) => Array.isArray(extent));
  return nested ? (shape as readonly Shape[]) : [shape as Shape];
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
