// Gradients of first and second order of a sample by central differences, in float64.
//
// A sample stands for f(x) = sum_j <c_j, y_j>, y = op(x) with fixed cotangents c; its gradient g = df/dx is checked along
// directions d: <g, d> = (f(x + h d) - f(x - h d)) / 2h. The second order is the same for f2(x, c) = sum_k <w_k, g_k>.
import { type Device, grad, type Tensor, tensor } from 'anneal';
import { counterValues } from './counter';
import { floatingOf, makeCotangents, makeInputs, runSample, type Sample } from './samples';

// Truncation leaves about h^2 = 1e-12, rounding 1e-16 / h = 1e-10; both grow with the function.
const STEP = 1e-6;
const TOLERANCE = 2e-7;
// Small inputs are checked in each element, others along as many random directions as this.
const ELEMENTS = 12;
const DIRECTIONS = 3;

const WEIGHTS = 2000;
const DIRECTION = 3000;

/** A variable: its values, and where the tensor made of them is. */
interface Variable {
  values: Float64Array;
  shape: number[];
  device: Device;
}

const variableOf = (x: Tensor): Variable => ({ values: x.dataSync('float64'), shape: x.shape, device: x.device });
const tensorOf = ({ values, shape, device }: Variable): Tensor => tensor(values, { shape, device });

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function directionsOf(size: number): Float64Array[] {
  if (size > ELEMENTS) {
    return Array.from({ length: DIRECTIONS }, (_, i) => counterValues(DIRECTION + i, size, -1, 1));
  }
  return Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
}

/** Compares the gradients of f by its variables with differences of f; undefined when they agree. */
function compare(
  variables: readonly Variable[],
  gradients: readonly (ArrayLike<number> | undefined)[],
  f: (variables: readonly Variable[]) => number,
  what: string,
): string | undefined {
  for (const [k, variable] of variables.entries()) {
    for (const direction of directionsOf(variable.values.length)) {
      const at = (h: number) => {
        const moved = { ...variable, values: variable.values.map((x, i) => x + h * (direction[i] as number)) };
        return f(variables.map((other, i) => (i === k ? moved : other)));
      };
      const ahead = at(STEP);
      const numeric = (ahead - at(-STEP)) / (2 * STEP);
      const analytic = gradients[k] ? dot(gradients[k], direction) : 0;
      const allowed = TOLERANCE * Math.max(1, Math.abs(numeric), Math.abs(ahead));
      if (!(Math.abs(numeric - analytic) <= allowed)) {
        return `${what} ${k} is ${analytic}, differences give ${numeric}`;
      }
    }
  }
  return undefined;
}

const resultsAt = (sample: Sample, inputs: Tensor[]): Tensor[] => floatingOf(runSample(sample, inputs, true));

/** The point of a sample: which inputs vary, the others, and the cotangents. */
function pointOf(sample: Sample): { inputs: Tensor[]; by: number[]; variables: Variable[]; cotangents: Variable[] } {
  const inputs = makeInputs(sample, true);
  const by = sample.grad ?? [];
  const outputs = resultsAt(sample, inputs);
  return {
    inputs,
    by,
    variables: by.map((i) => variableOf(inputs[i] as Tensor)),
    cotangents: makeCotangents(outputs).map(variableOf),
  };
}

function withVariables(inputs: readonly Tensor[], by: readonly number[], variables: readonly Variable[]): Tensor[] {
  const moved = [...inputs];
  for (const [k, i] of by.entries()) moved[i] = tensorOf(variables[k] as Variable);
  return moved;
}

/** First order; undefined when the gradients are right. */
export function checkFirstOrder(sample: Sample): string | undefined {
  const { inputs, by, variables, cotangents } = pointOf(sample);
  const found = grad(
    resultsAt(sample, inputs),
    by.map((i) => inputs[i] as Tensor),
    { gradOutputs: cotangents.map(tensorOf), allowUnused: true },
  );
  const f = (at: readonly Variable[]) => {
    const outputs = resultsAt(sample, withVariables(inputs, by, at));
    return outputs.reduce((sum, y, j) => sum + dot(y.dataSync('float64'), (cotangents[j] as Variable).values), 0);
  };
  const gradients = found.map((g) => g?.dataSync('float64'));
  return compare(variables, gradients, f, 'gradient by variable');
}

/** Gradients at a point as tensors that can be differentiated, with their sources: inputs first, then cotangents. */
function gradientsAt(
  sample: Sample,
  inputs: Tensor[],
  by: readonly number[],
  cotangents: Tensor[],
  createGraph: boolean,
) {
  const sources = by.map((i) => inputs[i] as Tensor);
  for (const source of sources) source.requiresGrad = true;
  if (createGraph) for (const cotangent of cotangents) cotangent.requiresGrad = true;
  return {
    sources,
    found: grad(resultsAt(sample, inputs), sources, { gradOutputs: cotangents, createGraph, allowUnused: true }),
  };
}

/** Second order: derivatives of the gradients by inputs and cotangents. */
export function checkSecondOrder(sample: Sample): string | undefined {
  const { inputs, by, variables, cotangents } = pointOf(sample);
  const weights = variables.map(({ values }, k) => counterValues(WEIGHTS + k, values.length, -1, 1));

  const f = (at: readonly Variable[]) => {
    const moved = withVariables(inputs, by, at);
    const { found } = gradientsAt(sample, moved, by, at.slice(by.length).map(tensorOf), false);
    return found.reduce((sum, g, k) => sum + (g ? dot(g.dataSync('float64'), weights[k] as Float64Array) : 0), 0);
  };

  const starts = cotangents.map(tensorOf);
  const { sources, found } = gradientsAt(sample, [...inputs], by, starts, true);
  let sum: Tensor | undefined;
  for (const [k, g] of found.entries()) {
    if (!g) continue;
    const weighted = g.mul(tensorOf({ ...(variables[k] as Variable), values: weights[k] as Float64Array })).sum();
    sum = sum ? sum.add(weighted) : weighted;
  }
  if (!sum?.requiresGrad) return 'the gradient cannot be differentiated';
  const all = [...sources, ...starts];
  const kept = grad(sum, all, { createGraph: true, allowUnused: true }).map((g) => g?.dataSync('float64'));
  const seconds = grad(sum, all, { allowUnused: true }).map((g) => g?.dataSync('float64'));
  return (
    compare([...variables, ...cotangents], seconds, f, 'second derivative by variable') ??
    compare([...variables, ...cotangents], kept, f, 'with createGraph, second derivative by variable')
  );
}
