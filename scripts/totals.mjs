// Counts of passed and failed checks: printed in one form, and added to the file that ANNEAL_TOTALS names.
import { appendFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped?: number }} Counts */

/**
 * Prints the counts of one run and makes the process fail when a check failed or nothing was checked.
 * @param {Counts[]} parts
 */
export function reportTotals(parts) {
  const passed = parts.reduce((sum, part) => sum + part.passed, 0);
  const failed = parts.reduce((sum, part) => sum + part.failed, 0);
  const skipped = parts.reduce((sum, part) => sum + (part.skipped ?? 0), 0);
  console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
  if (process.env.ANNEAL_TOTALS) appendFileSync(process.env.ANNEAL_TOTALS, `${passed} ${failed}\n`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}

/**
 * Reads "12 passed, 0 failed" (native tests) or "12 passing", "1 failing", "2 pending" (mocha) out of a program's output.
 * A program that fails without counting a failure counts as one.
 * @param {{ code: number, output: string }} result
 * @returns {Counts}
 */
export function readCounts({ code, output }) {
  /** @param {string} word */
  const count = (word) => {
    const matches = [...output.matchAll(new RegExp(`(?:^|\\s)(\\d+) ${word}\\b`, 'g'))];
    return Number(matches.at(-1)?.[1] ?? 0);
  };
  const passed = count('(?:passed|passing)');
  const failed = count('(?:failed|failing)');
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped: count('(?:skipped|pending)') };
}
