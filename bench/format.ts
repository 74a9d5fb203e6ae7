// The whole report of a run, for a program or a document to take: JSON, CSV or Markdown.
import { stringify } from 'csv-stringify/sync';
import type { Report } from './measure';
import { figure } from './publish/tables';
import { counted } from './report';

export const formats = ['json', 'csv', 'markdown'] as const;
export type Format = (typeof formats)[number];

/** A line of the report, as report.ts and figures.ts write it. */
interface Line {
  suite: string;
  case: string;
  threads: number;
  impl?: string;
  peer?: string;
  unit: string;
  median: number;
  p10: number;
  p90: number;
  ratio?: number;
  rate?: number;
  rateUnit?: string;
  limit?: string;
  share?: number;
}

/** An implementation of a case, with its time over that of the first one. */
type Row = Line & { impl: string; ratioP10?: number; ratioP90?: number };

/** Without a line break at its end. */
export function formatReport(report: Report, format: Format): string {
  if (format === 'json') return JSON.stringify(asObject(report), null, 2);
  const rows = rowsOf(report);
  return format === 'csv' ? stringify(rows, { header: true, columns }).trimEnd() : markdown(rows, report);
}

function asObject({ lines, surroundings }: Report): object {
  return {
    ...surroundings,
    results: lines.filter((line) => 'impl' in line),
    ratios: lines.filter((line) => 'peer' in line),
  };
}

const columns = [
  ...['suite', 'case', 'threads', 'impl', 'unit', 'median', 'p10', 'p90', 'rounds', 'iterations', 'cpu'],
  ...['rate', 'rateUnit', 'limit', 'peak', 'share', 'ratio', 'ratioP10', 'ratioP90'],
];

function rowsOf(report: Report): Row[] {
  const lines = report.lines as Line[];
  return lines.flatMap((line) => {
    const { impl } = line;
    if (impl === undefined) return [];
    const found = lines.find(
      ({ peer, suite, case: name, threads }) =>
        peer === impl && suite === line.suite && name === line.case && threads === line.threads,
    );
    return [{ ...line, impl, ratio: found?.ratio, ratioP10: found?.p10, ratioP90: found?.p90 }];
  });
}

function markdown(rows: readonly Row[], { surroundings }: Report): string {
  const titleOf = ({ suite, threads }: Row) => `${suite}, ${counted(threads, 'thread')}`;
  const tables = [...new Set(rows.map(titleOf))].map(
    (title) => `## ${title}\n\n${table(rows.filter((row) => titleOf(row) === title))}\n`,
  );
  const { machine, versions, commit, modified, date } = surroundings;
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const source = commit === null ? [] : [`commit ${commit}${modified ? ', modified' : ''}`];
  return `${tables.join('\n')}\n${[`${machine.cpu} (${machine.isa})`, ...list, ...source, date].join('; ')}`;
}

function table(rows: readonly Row[]): string {
  const hasShare = rows.some(({ share }) => share !== undefined);
  const hasRatio = rows.some(({ ratio }) => ratio !== undefined);
  const heading = ['case', 'implementation', 'median', '10th to 90th percentile'];
  const more = [...(hasShare ? ['of the limit'] : []), ...(hasRatio ? ['relative to the first'] : [])];
  const cells = rows.map((row, i) => {
    const { unit, p10, p90, rate, rateUnit, share, limit, ratio, ratioP10, ratioP90 } = row;
    const isFirst = rows[i - 1]?.case !== row.case;
    const spread = `${figure({ median: p10, unit })} to ${figure({ median: p90, unit })}`;
    return [
      isFirst ? row.case : '',
      row.impl,
      figure(row),
      spread,
      ...(hasShare
        ? [share === undefined ? '' : `${rate?.toPrecision(3)} ${rateUnit}, ${percent(share)} of ${limit}`]
        : []),
      ...(hasRatio
        ? [ratio === undefined ? '' : `${ratio.toFixed(2)} (${ratioP10?.toFixed(2)} to ${ratioP90?.toFixed(2)})`]
        : []),
    ];
  });
  const all = [[...heading, ...more], [...heading, ...more].map(() => '---'), ...cells];
  return all.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
