// A build is fresh when the stamp it left equals the hash of its sources. Content, not time: a checkout changes times.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './command.mjs';

/**
 * Files below a folder, but for those of a build, sorted, as paths from the root of the repository.
 * @param {string} folder
 * @param {RegExp} pattern
 * @returns {string[]}
 */
export function filesBelow(folder, pattern) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === 'build' ? [] : filesBelow(path, pattern);
      return pattern.test(entry.name) ? [path] : [];
    })
    .sort();
}

/**
 * @param {string[]} files paths from the root of the repository
 * @param {...string} facts what else the build depends on
 */
export function hashOf(files, ...facts) {
  const hash = createHash('sha256').update(facts.join('\0'));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/**
 * @param {string} stamp path of the stamp
 * @param {string} hash
 * @param {string[]} products files that must exist as well
 */
export function isFresh(stamp, hash, products) {
  if (![stamp, ...products].every((file) => existsSync(join(root, file)))) return false;
  return readFileSync(join(root, stamp), 'utf8') === hash;
}

/**
 * @param {string} stamp
 * @param {string} hash
 */
export function writeStamp(stamp, hash) {
  mkdirSync(dirname(join(root, stamp)), { recursive: true });
  writeFileSync(join(root, stamp), hash);
}
