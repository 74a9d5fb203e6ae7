// Which of several names a misspelt one probably means.

/** The name that `given` is probably a misspelling of: `weight_decay` of `weightDecay`, `corection` of `correction`. */
export function closest(given: string, names: readonly string[]): string | undefined {
  const plain = (name: string) => name.toLowerCase().replace(/[_-]/g, '');
  const ranked = names.map((name) => ({ name, distance: editDistance(plain(given), plain(name)) }));
  const [best] = ranked.sort((a, b) => a.distance - b.distance);
  // Beyond a third of the letters the two have hardly more in common than any two words.
  return best && best.distance <= Math.max(1, best.name.length / 3) ? best.name : undefined;
}

/** How many letters have to be put in, taken out or replaced to make `b` of `a`. (Levenshtein) */
function editDistance(a: string, b: string): number {
  // A name this long is no misspelling, and the time grows with the product of the lengths.
  if (a.length > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
