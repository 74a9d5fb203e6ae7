// Writes dist/index.mjs and dist/index.d.mts: the names of the CommonJS build for `import`, so that there is one copy of
// every class. The names come from the declarations; nothing is loaded.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, root } from './command.mjs';

/** The names of dist/index.d.ts that exist at run time. */
async function exportedValues() {
  const { default: ts } = await import('typescript');
  const file = join(root, 'dist/index.d.ts');
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    noLib: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new BuildError(`anneal: ${file} exports nothing.`);
  return checker
    .getExportsOfModule(module)
    .filter((symbol) => {
      const typeOnly = symbol.declarations?.some((node) => ts.isTypeOnlyImportOrExportDeclaration(node));
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return (
        !typeOnly &&
        (target.flags & ts.SymbolFlags.Value & ~ts.SymbolFlags.ConstEnum) !== 0 &&
        symbol.name !== 'default'
      );
    })
    .map((symbol) => symbol.name)
    .sort();
}

export async function writeFacade() {
  const names = await exportedValues();
  const list = names.map((name) => `  ${name},\n`).join('');
  const code = `import anneal from './index.js';\n\nexport const {\n${list}} = anneal;\n`;
  writeFileSync(join(root, 'dist/index.mjs'), code);
  writeFileSync(join(root, 'dist/index.d.mts'), "export * from './index.js';\n");
}
