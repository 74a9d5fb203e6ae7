// The few ratios of the README: each a row of a suite and the peer that it is compared with.
import type { Results } from './results';

interface Headline {
  what: string;
  suite: string;
  case: string;
  peer: string;
  /** What readers call the peer. */
  name: string;
  /** Its key among the versions of a run. */
  version: string;
}

const headlines: readonly Headline[] = [
  {
    what: 'a training step of a classifier of digits, batch 64, Adam',
    ...{ suite: 'mlp', case: 'batch 64, adam', peer: 'torch', name: 'PyTorch', version: 'torch' },
  },
  {
    what: 'the same step',
    ...{
      suite: 'mlp',
      case: 'batch 64, adam',
      peer: 'tfjs-wasm',
      name: 'TensorFlow.js (WebAssembly)',
      version: 'tfjs',
    },
  },
  {
    what: 'one digit classified and its result read',
    ...{
      suite: 'mlp-infer',
      case: 'batch 1, each read',
      peer: 'onnxruntime',
      name: 'ONNX Runtime',
      version: 'onnxruntime',
    },
  },
];

/** A table of the headlines that there are results of, with one thread, and where they come from; undefined without any. */
export function headlineTable({ ratios, runs }: Results): string | undefined {
  const found = headlines.flatMap((headline) => {
    const isIt = ({ suite, case: name, peer, threads }: Results['ratios'][number]) =>
      suite === headline.suite && name === headline.case && peer === headline.peer && threads === 1;
    const ratio = ratios.find(isIt);
    return ratio === undefined ? [] : [{ ...headline, ratio, run: runs[ratio.run] }];
  });
  if (found.length === 0) return undefined;
  const rows = found.map(({ what, name, version, ratio: { ratio, p10, p90 }, run }) => {
    const release = (run.versions[version] ?? '').replace(/\+.*/, ''); // 2.13.0+cpu
    return `| ${what} | ${`${name} ${release}`.trim()} | ${digits(ratio)} (${digits(p10)} to ${digits(p90)}) |`;
  });
  const { machine, date } = found[0].run;
  return [
    '| | compared with | times as fast |',
    '|---|---|---|',
    ...rows,
    '',
    `Medians with 10th and 90th percentile, on a shared ${machine.cpu} (${machine.isa}), ${date.slice(0, 10)}.`,
  ].join('\n');
}

function digits(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}
