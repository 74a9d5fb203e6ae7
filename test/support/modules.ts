// The modules of fixtures/module-cases.json as this package makes them, with what PyTorch computed of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { grad, nn, type Tensor, tensor } from 'anneal';
import { type Expected, readFixtures } from './fixtures';
import { type InputSpec, makeCotangents, makeInput } from './samples';

/** A module: its name, arguments, and options at the end. Modules may be among them. */
type Build = (string | number | object)[];

interface Case {
  name: string;
  module: Build;
  inputs: InputSpec[];
  /** Arguments of `forward`; `$i` is input i, by itself or in a list. */
  call: (string | number | object)[];
}

/** The cases of the file. */
export const moduleCases = JSON.parse(
  readFileSync(join(__dirname, '..', 'fixtures', 'module-cases.json'), 'utf8'),
) as Case[];

const { tensors } = readFixtures('modules', '.');

type Forward = nn.Module & { forward(...args: unknown[]): unknown };

function build([name, ...args]: Build): Forward {
  const made = args.map((arg) => {
    if (Array.isArray(arg)) return build(arg);
    if (typeof arg !== 'object') return arg;
    return Object.fromEntries(
      Object.entries(arg).map(([key, value]) => [key, Array.isArray(value) ? build(value) : value]),
    );
  });
  const Type = (nn as unknown as Record<string, new (...args: unknown[]) => Forward>)[name as string];
  if (!Type) throw new Error(`there is no nn.${name}`);
  return new Type(...made);
}

function fillIn(argument: unknown, inputs: readonly Tensor[]): unknown {
  if (typeof argument === 'string') return inputs[Number(argument.slice(1))];
  if (Array.isArray(argument)) return argument.map((item) => fillIn(item, inputs));
  if (typeof argument !== 'object' || argument === null) return argument;
  return Object.fromEntries(Object.entries(argument).map(([key, value]) => [key, fillIn(value, inputs)]));
}

/** The module of a case with its parameters, and the arguments of its call. */
export function makeCase({ name, module, inputs, call }: Case, dtype: 'float32' | 'float64') {
  const made = build(module).to(dtype).eval();
  const prefix = `${name}.state.`;
  const state = [...tensors].flatMap(([key, { shape, values }]): [string, Tensor][] =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), tensor(values as Float64Array, { shape, dtype })]] : [],
  );
  made.loadStateDict(Object.fromEntries(state));
  const given = inputs.map((spec, i) => makeInput(i + 1, { dtype, ...spec }));
  const by = given.flatMap((x, i) => (x.dtype === dtype && call.flat().includes(`$${i}`) ? [i] : []));
  for (const i of by) (given[i] as Tensor).requiresGrad = true;
  return { module: made, args: call.map((argument) => fillIn(argument, given)), inputs: given, by };
}

/** What a case computes, by the names of PyTorch's results: outputs, and gradients of inputs and parameters. */
export function caseResults(each: Case, dtype: 'float32' | 'float64'): [string, Tensor][] {
  const { module, args, inputs, by } = makeCase(each, dtype);
  const found = module.forward(...args);
  const outputs = [found].flat(2).filter((x): x is Tensor => x !== null);
  const parameters = module.namedParameters();
  const sources = [...by.map((i) => inputs[i] as Tensor), ...parameters.map(([, parameter]) => parameter)];
  const gradients = grad(outputs, sources, { gradOutputs: makeCotangents(outputs) });
  const names = [...by.map((i) => `grad${i}`), ...parameters.map(([path]) => `grad.${path}`)];
  return [
    ...outputs.map((output, j): [string, Tensor] => [`out${j}`, output]),
    ...names.map((name, i): [string, Tensor] => [name, gradients[i] as Tensor]),
  ];
}

/** PyTorch's result of a case, in float64. */
export function expectedOf({ name }: Case, result: string): Expected {
  const expected = tensors.get(`${name}.${result}`);
  if (!expected)
    throw new Error(`${name} has no ${result} among the fixtures: run python test/fixtures/make_modules.py`);
  return expected;
}
