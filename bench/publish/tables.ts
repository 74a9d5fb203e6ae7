// Tables in Markdown: a row per case, and beside our figure each peer's ratio with its 10th and 90th percentile.
import { headlineTable } from './ratios';
import type { Ratio, Result, Results } from './results';

/** The tables of a suite, one for each number of threads and instruction-set level; undefined without results. */
export function tablesOf(suite: string, all: Results): string | undefined {
  const results = all.results.filter((result) => result.suite === suite);
  if (results.length === 0) return undefined;
  const ratios = all.ratios.filter((ratio) => ratio.suite === suite);
  const heading = ({ threads, isa }: { threads: number; isa: string }) =>
    `${threads} thread${threads === 1 ? '' : 's'}, ${isa}`;
  const headings = [...new Set(results.map(heading))];
  return headings
    .map((title) => {
      const isHere = (line: { threads: number; isa: string }) => heading(line) === title;
      return `${title}:\n\n${table({ ...all, results: results.filter(isHere), ratios: ratios.filter(isHere) })}`;
    })
    .join('\n\n');
}

function table({ results, ratios }: Results): string {
  const ours = results.filter(({ impl }) => impl === 'anneal');
  const peers = [...new Set(ratios.map(({ peer }) => peer))];
  const hasShare = ours.some(({ share }) => share !== undefined);
  const rows = ours.map((result) => [
    result.case,
    figure(result),
    ...(hasShare ? [shareOf(result)] : []),
    ...peers.map((peer) => {
      const found = ratios.find((ratio) => ratio.peer === peer && ratio.case === result.case);
      return found ? ratioWithSpread(found) : '';
    }),
  ]);
  const columns = ['', 'anneal', ...(hasShare ? ['of the peak'] : []), ...peers.map((peer) => `${peer} / anneal`)];
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function ratioWithSpread({ ratio, p10, p90 }: Ratio): string {
  const number = (value: number) => value.toFixed(value < 10 ? 2 : 0);
  return p10 === p90 ? number(ratio) : `${number(ratio)} (${number(p10)} to ${number(p90)})`;
}

function shareOf({ rate, rateUnit, share }: Result): string {
  return share === undefined ? '' : `${threeDigits(rate ?? Number.NaN)} ${rateUnit}, ${(100 * share).toFixed(0)} %`;
}

/** In the unit that keeps it between 1 and 1000, where it is a time. */
export function figure({ median, unit }: Pick<Result, 'median' | 'unit'>): string {
  const [, per] = /^ms(\/.*)?$/.exec(unit) ?? [];
  if (!unit.startsWith('ms')) return `${threeDigits(median)} ${unit}`;
  const [factor, name] =
    median < 1e-3 ? [1e6, 'ns'] : median < 1 ? [1e3, 'µs'] : median < 1e3 ? [1, 'ms'] : [1e-3, 's'];
  return `${threeDigits(median * factor)} ${name}${per ?? ''}`;
}

function threeDigits(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

/** The text with what stands between `<!-- bench:SUITE -->` and `<!-- /bench:SUITE -->` replaced; `ratios` is the README's table. */
export function withTables(text: string, all: Results): string {
  return text.replace(
    /(<!-- bench:([\w-]+) -->\n)[\s\S]*?(<!-- \/bench:\2 -->)/g,
    (whole, begin: string, suite: string, end: string) => {
      const tables = suite === 'ratios' ? headlineTable(all) : tablesOf(suite, all);
      return tables === undefined ? whole : `${begin}\n${tables}\n\n${end}`;
    },
  );
}
