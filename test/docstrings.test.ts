// Every name that the package exports has a docstring, and so has every public member of its classes and interfaces: what an
// editor shows. Read from the sources, through the compiler.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..');

/** The names without a docstring, as `nn.Linear.forward`, and how many there are in all. */
function undocumented(): { missing: string[]; count: number } {
  const file = join(root, 'lib', 'index.ts');
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    target: ts.ScriptTarget.ES2022,
    noLib: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const missing: string[] = [];
  const seen = new Set<ts.Symbol>();

  const isOurs = (node: ts.Node) => node.getSourceFile().fileName.startsWith(join(root, 'lib'));
  const isPrivateName = (name: ts.Node | undefined) => name !== undefined && ts.isPrivateIdentifier(name);
  const isHidden = (node: ts.Declaration) =>
    (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0 ||
    ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'internal') ||
    isPrivateName(ts.getNameOfDeclaration(node));
  const hasDoc = (symbol: ts.Symbol) => ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '';
  // A member may leave it to the one that it overrides or implements.
  const inherits = (node: ts.Declaration, name: string): boolean => {
    const owner = node.parent;
    if (!(ts.isClassLike(owner) || ts.isInterfaceDeclaration(owner))) return false;
    return (owner.heritageClauses ?? []).some((clause) =>
      clause.types.some((type) => {
        const member = checker.getTypeAtLocation(type).getProperty(name);
        return member !== undefined && (hasDoc(member) || !(member.declarations ?? []).some(isOurs));
      }),
    );
  };
  // The unnamed ones of JavaScript say by their symbol what they do.
  const isWellKnown = (node: ts.Declaration) => {
    const name = ts.getNameOfDeclaration(node);
    return (
      name !== undefined && ts.isComputedPropertyName(name) && /^(Symbol|inspect)\./.test(name.expression.getText())
    );
  };

  const visit = (path: string, exported: ts.Symbol): void => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (seen.has(symbol)) return;
    const declarations = (symbol.declarations ?? []).filter(isOurs);
    if (declarations.length === 0 || declarations.every(isHidden)) return;
    seen.add(symbol);
    if (symbol.flags & ts.SymbolFlags.ValueModule) {
      for (const inner of checker.getExportsOfModule(symbol))
        visit(path === '' ? inner.name : `${path}.${inner.name}`, inner);
      return;
    }
    const [declaration] = declarations as [ts.Declaration];
    if (!hasDoc(symbol) && !isWellKnown(declaration) && !inherits(declaration, symbol.name)) missing.push(path);
    for (const inner of [...(symbol.members?.values() ?? [])]) {
      const skipped = ts.SymbolFlags.Constructor | ts.SymbolFlags.TypeParameter | ts.SymbolFlags.Signature;
      if (!(inner.flags & skipped)) visit(`${path}.${inner.name}`, inner);
    }
  };
  const source = program.getSourceFile(file) as ts.SourceFile;
  visit('', checker.getSymbolAtLocation(source) as ts.Symbol);
  return { missing, count: seen.size };
}

describe('docstrings', () => {
  it('stand at every exported name and its public members', () => {
    const { missing, count } = undocumented();
    assert.ok(count > 500, `${count} names`); // else the walk has missed most of them
    assert.deepEqual(missing, []);
  }).timeout(60_000);
});
