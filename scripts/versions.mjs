// Versions X.Y.Z, and their entries in the changelog.

const pattern = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

/**
 * The version that a word stands for: a part to raise, or the version itself; null for anything else.
 * @param {string} current
 * @param {string} word
 */
export function nextVersion(current, word) {
  if (pattern.test(word)) return word;
  const [major, minor, patch] = current.split('.').map(Number);
  if (word === 'major') return `${major + 1}.0.0`;
  if (word === 'minor') return `${major}.${minor + 1}.0`;
  return word === 'patch' ? `${major}.${minor}.${patch + 1}` : null;
}

/**
 * Negative where `a` is the older one, 0 where they are the same.
 * @param {string} a
 * @param {string} b
 */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = left.findIndex((part, i) => part !== right[i]);
  return at < 0 ? 0 : left[at] - right[at];
}

/** @param {string} version */
function heading(version) {
  return `## ${version} (unreleased)\n`;
}

/**
 * What the changelog says of a version that is not released yet; empty when there is no entry for it.
 * @param {string} changelog
 * @param {string} version
 */
export function unreleasedNotes(changelog, version) {
  const [, after = ''] = changelog.split(heading(version));
  return (after.split(/^## /m)[0] ?? '').trim();
}

/**
 * The changelog with the date of the release in place of `unreleased`.
 * @param {string} changelog
 * @param {string} version
 * @param {string} date
 */
export function datedChangelog(changelog, version, date) {
  return changelog.replace(heading(version), `## ${version} (${date})\n`);
}
