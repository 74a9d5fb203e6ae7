// Plots as SVG, drawn without a browser: achieved rate beside the peak, and times beside the peers'.
import type { Result, Results } from './results';

const width = 760;
const legendHeight = 24;
const marginTop = legendHeight + 16;
const colors: Record<string, string> = {
  anneal: '#d6431f',
  'anneal-eager': '#f0a58f',
  'anneal-prebuilt': '#a33a24',
  torch: '#2f6db3',
  'torch-in-memory': '#7fb2e5',
  'torch-compile': '#7fb2e5',
  jax: '#3c8d4f',
  onnxruntime: '#8a5fbf',
  'tfjs-wasm': '#b38f2a',
  'tfjs-cpu': '#d8c27d',
  openblas: '#3c8d4f',
  blis: '#8a5fbf',
  onednn: '#b38f2a',
};

/** By the name of the file: of the suites that there are results of, with one thread. */
export async function plotsOf(all: Results): Promise<Record<string, string>> {
  const plots: Record<string, string> = {};
  const gemm = select(all, 'gemm');
  if (gemm.length > 0) plots['gemm.svg'] = await ratePlot(gemm);
  for (const suite of ['mlp', 'mlp-infer']) {
    const results = select(all, suite);
    if (results.length > 0) plots[`${suite}.svg`] = await timePlot(results);
  }
  return plots;
}

// Of the highest level that was measured: the first in the files.
function select({ results }: Results, suite: string): Result[] {
  const found = results.filter((result) => result.suite === suite && result.threads === 1);
  return found.filter(({ isa }) => isa === found[0].isa);
}

/** GFLOP/s by case, and the peak measured beside each as a line above it; without the cases that bandwidth limits. */
async function ratePlot(results: readonly Result[]): Promise<string> {
  const rates = results.filter(({ rateUnit }) => rateUnit === 'GFLOP/s');
  const { Plot, document, toText } = await tools();
  return toText(
    Plot.plot({
      document,
      width,
      height: 440,
      marginTop,
      marginBottom: 110,
      style: { background: 'white' },
      x: { domain: casesOf(rates), tickRotate: -45, label: null },
      y: { grid: true, zero: true, label: 'GFLOP/s' },
      color: colorScale(rates),
      marks: [
        Plot.tickY(rates, { x: 'case', y: 'peak', stroke: '#999', strokeDasharray: '3 2' }),
        Plot.dot(rates, { x: 'case', y: 'rate', fill: 'impl', r: 4 }),
        ...legend(Plot, rates),
      ],
    }),
  );
}

/** Times on a logarithmic axis, a row a case, with 10th to 90th percentile. */
async function timePlot(results: readonly Result[]): Promise<string> {
  const { Plot, document, toText } = await tools();
  const cases = casesOf(results);
  return toText(
    Plot.plot({
      document,
      width,
      height: 80 + 34 * cases.length,
      marginTop,
      marginLeft: 140,
      marginBottom: 40,
      style: { background: 'white' },
      x: { type: 'log', grid: true, label: results[0].unit, tickFormat: (value: number) => String(value) },
      y: { domain: cases, label: null },
      color: colorScale(results),
      marks: [
        Plot.ruleY(results, { y: 'case', x1: 'p10', x2: 'p90', stroke: 'impl' }),
        Plot.dot(results, { x: 'median', y: 'case', fill: 'impl', r: 4.5 }),
        ...legend(Plot, results),
      ],
    }),
  );
}

type PlotModule = typeof import('@observablehq/plot', { with: { 'resolution-mode': 'import' }});

// Both come as ES modules only.
async function tools() {
  const Plot: PlotModule = await import('@observablehq/plot');
  const { parseHTML } = await import('linkedom');
  // Its types want those of a browser.
  const { document } = parseHTML('<html></html>') as unknown as { document: undefined };
  const toText = (plot: { setAttribute(name: string, value: string): void; outerHTML: string }): string => {
    plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    return `${plot.outerHTML}\n`;
  };
  return { Plot, document, toText };
}

function casesOf(results: readonly Result[]): string[] {
  return [...new Set(results.map((result) => result.case))];
}

function implsOf(results: readonly Result[]): string[] {
  return [...new Set(results.map(({ impl }) => impl))];
}

function colorScale(results: readonly Result[]) {
  const domain = implsOf(results);
  return { domain, range: domain.map((impl) => colors[impl] ?? '#555') };
}

// Names in their colours along the top: Plot's own legend is HTML, which an SVG file cannot hold.
function legend(Plot: PlotModule, results: readonly Result[]) {
  const perLetter = 7;
  let dx = 0;
  return implsOf(results).map((impl) => {
    const fill = colors[impl] ?? '#555';
    const text = Plot.text([impl], {
      ...{ frameAnchor: 'top-left', textAnchor: 'start', dx, dy: -legendHeight },
      ...{ fill, fontWeight: 'bold', fontSize: 11 },
    });
    dx += perLetter * impl.length + 16;
    return text;
  });
}
