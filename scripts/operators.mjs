// Writes docs/operators.md from the engine's table; with --check it only compares. Needs a built package.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** @type {import('anneal')} */
const { operators } = createRequire(import.meta.url)('anneal');
const file = fileURLToPath(new URL('../docs/operators.md', import.meta.url));

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|');
/** @param {import('anneal').OperatorParam} param */
const describe = ({ name, kind, choices, default: value }) => {
  const words = choices ? choices.map((choice) => `'${choice}'`).join(' or ') : kind;
  const text = typeof value === 'string' ? `'${value}'` : value;
  return `${name}: ${words}${value === undefined || value === null ? '' : ` = ${text}`}`;
};
const rows = operators.map(({ name, doc, params, differentiable }) => {
  const list = params.map(describe).join(', ');
  return `| \`${name}\` | ${cell(list)} | ${cell(doc)} | ${differentiable ? 'yes' : 'no'} |`;
});
const text = `# Operators

The engine's table, one row per operator; \`npm run docs:operators\` writes this page from it. Each gradient is checked against
PyTorch and against finite differences, and can be differentiated again. Names ending in \`Backward\` or \`Error\` are the parts
that gradients and losses are made of; \`invoke(name, args)\` calls any of them.

| operator | parameters | computes | gradient |
|---|---|---|---|
${rows.join('\n')}
`;

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error("docs/operators.md is not what the engine's table says; run 'npm run docs:operators'");
    process.exit(1);
  }
} else {
  writeFileSync(file, text);
}
