// Writes lib/ops/methods.ts: the methods of Tensor, from the functions of lib/ops that carry the tag `@method`. A method has its
// function's parameters without the first, which is the tensor itself, and its function's documentation.
// With --check it only compares.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { BuildError, root, runAsProgram } from './command.mjs';
import { filesBelow } from './stamp.mjs';

const target = 'lib/ops/methods.ts';

/**
 * @typedef {object} Method
 * @property {string[]} names of the method; more than one where it has aliases
 * @property {string} fn the function
 * @property {string} module it is in
 * @property {string} doc
 * @property {string} signature parameters and result
 * @property {Map<string, string>} types that the signature names: the module of each
 */

/**
 * The documentation of a method: its function's, where the first parameter is the tensor.
 * @param {string} comment with its stars
 * @param {string} self name of the first parameter
 */
function docOf(comment, self) {
  const text = comment
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
  // Tags begin at an @ that follows white space; those of inline links follow a brace.
  const [description = '', ...tags] = text.split(/(?:^|\s+)(?=@\w)/);
  const kept = tags.filter((tag) => !/^@method\b/.test(tag) && !new RegExp(`^@param ${self}\\b`).test(tag));
  const mentions = new RegExp(`\\b${self}\\b`).test([description, ...kept].join(' '));
  const paragraphs = [description.trim(), ...(mentions ? [`Here \`${self}\` is this tensor.`] : []), kept.join('\n')];
  const lines = paragraphs.filter(Boolean).join('\n\n').split('\n');
  return ['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'].join('\n');
}

/**
 * The type of a parameter that has none written: that of its default.
 * @param {ts.ParameterDeclaration} parameter
 */
function typeOf(parameter) {
  if (parameter.type) return parameter.type.getText();
  const value = parameter.initializer;
  if (value && (ts.isNumericLiteral(value) || ts.isPrefixUnaryExpression(value))) return 'number';
  if (value && (value.kind === ts.SyntaxKind.TrueKeyword || value.kind === ts.SyntaxKind.FalseKeyword))
    return 'boolean';
  if (value && ts.isPropertyAccessExpression(value) && value.expression.getText() === 'Number') return 'number';
  throw new BuildError(`anneal: the type of '${parameter.getText()}' must be written for its method`);
}

/**
 * @param {ts.SourceFile} source
 * @param {ts.FunctionDeclaration} node
 * @param {string} module
 * @param {string} comment
 * @param {string[]} names
 * @returns {Method}
 */
function methodOf(source, node, module, comment, names) {
  const [self, ...rest] = node.parameters;
  const generic = node.typeParameters?.[0]?.name.text;
  const parameters = rest.map((parameter) => {
    const name = ts.isIdentifier(parameter.name) ? parameter.name.text : 'options';
    const rest = parameter.dotDotDotToken ? '...' : '';
    const optional = parameter.questionToken || parameter.initializer ? '?' : '';
    return `${rest}${name}${optional}: ${typeOf(parameter)}`;
  });
  const result = node.type?.getText() ?? '';
  const signature = `(${parameters.join(', ')}): ${result === generic ? 'this' : result}`;
  return {
    names,
    fn: /** @type {ts.Identifier} */ (node.name).text,
    module,
    doc: docOf(comment, self.name.getText()),
    signature,
    types: typesOf(source, module, signature),
  };
}

/**
 * Where the types come from that a signature names: what the file imports, or the file itself.
 * @param {ts.SourceFile} source
 * @param {string} module
 * @param {string} signature
 */
function typesOf(source, module, signature) {
  /** @type {Map<string, string>} */
  const origins = new Map();
  for (const node of source.statements) {
    if (ts.isImportDeclaration(node) && node.importClause?.namedBindings) {
      const from = /** @type {ts.StringLiteral} */ (node.moduleSpecifier).text;
      const bindings = node.importClause.namedBindings;
      if (ts.isNamedImports(bindings)) for (const { name } of bindings.elements) origins.set(name.text, from);
    }
    if (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) {
      if (node.name) origins.set(node.name.text, module);
    }
  }
  const named = [...signature.matchAll(/\b[A-Z]\w*/g)].map(([name]) => name);
  return new Map(named.flatMap((name) => (origins.has(name) ? [[name, origins.get(name) ?? '']] : [])));
}

/** @param {string} file */
function methodsIn(file) {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022, true);
  const module = `./${basename(file, '.ts')}`;
  return source.statements.filter(ts.isFunctionDeclaration).flatMap((node) => {
    const range = ts.getLeadingCommentRanges(source.text, node.getFullStart())?.at(-1);
    const comment = range ? source.text.slice(range.pos, range.end) : '';
    const tag = /@method\b([ \t\w]*)/.exec(comment);
    if (!tag || !node.name) return [];
    const names = tag[1].trim() ? tag[1].trim().split(/\s+/) : [node.name.text];
    return [methodOf(source, node, module, comment, names)];
  });
}

/** @param {Method[]} methods */
function render(methods) {
  /** @type {Map<string, Set<string>>} */
  const imports = new Map([['./call', new Set(['defineMethods'])]]);
  /** @param {string} module @param {string} name */
  const need = (module, name) => imports.set(module, (imports.get(module) ?? new Set()).add(name));
  for (const { fn, module, types } of methods) {
    need(module, fn);
    // What '../tensor' exports is in scope where its interface is extended.
    for (const [name, from] of types) if (from !== '../tensor') need(from, `type ${name}`);
  }
  const lines = [...imports].map(([from, names]) => `import { ${[...names].join(', ')} } from '${from}';`);
  const declared = methods.flatMap(({ names, doc, signature }) => names.map((name) => `${doc}\n${name}${signature};`));
  const defined = methods.flatMap(({ names, fn }) => names.map((name) => (name === fn ? name : `${name}: ${fn}`)));
  return `// The methods of Tensor. Written by scripts/methods.mjs from the functions of this folder that are marked @method: change those,
// then run \`npm run generate\`.
${lines.sort().join('\n')}

declare module '../tensor' {
  interface Tensor {
${declared.join('\n')}
  }
}

defineMethods({ ${defined.join(', ')} });
`;
}

/** @param {string} code */
function formatted(code) {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'check', '--write', `--stdin-file-path=${target}`];
  return execFileSync(process.execPath, args, { input: code, cwd: root, encoding: 'utf8' });
}

await runAsProgram(import.meta.url, () => {
  const files = filesBelow('lib/ops', /\.ts$/).filter((file) => file !== target);
  const code = formatted(render(files.flatMap(methodsIn)));
  if (!process.argv.includes('--check')) {
    writeFileSync(join(root, target), code);
  } else if (readFileSync(join(root, target), 'utf8') !== code) {
    throw new BuildError(`anneal: ${target} is not what the functions of lib/ops say; run 'npm run generate'.`);
  }
});
