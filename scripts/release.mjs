// Prepares a release: npm run release -- patch|minor|major|X.Y.Z. It checks everything, then writes the version, commits and tags.
// It never pushes and never publishes: it prints the commands that do. With `--check vX.Y.Z` it only checks the tag that is checked
// out, as .github/workflows/publish.yml does before it publishes.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, root, run, runAsProgram } from './command.mjs';
import { npmCommand } from './npm.mjs';
import { prebuildProblems } from './prebuilds.mjs';
import { compareVersions, datedChangelog, nextVersion, unreleasedNotes } from './versions.mjs';

const usage = 'npm run release -- patch|minor|major|X.Y.Z, or npm run release -- --check vX.Y.Z';

/** @param {string} file */
const read = (file) => readFileSync(join(root, file), 'utf8');

/** @param {string[]} args */
function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** What is wrong with the package, whichever version it is to have. */
function packageProblems() {
  const { repository } = JSON.parse(read('package.json'));
  const address = typeof repository === 'string' ? repository : repository?.url;
  const expected = process.env.GITHUB_REPOSITORY;
  const problems = prebuildProblems();
  if (!address) {
    problems.push('package.json has no `repository`, which npm needs to say where a package was built (--provenance)');
  } else if (expected && !address.replace(/\.git$/, '').endsWith(`/${expected}`)) {
    problems.push(`package.json names the repository ${address}, and this one is ${expected}`);
  }
  return problems;
}

/**
 * Everything that forbids to release the version now.
 * @param {string} version
 * @param {string} current
 */
function releaseProblems(version, current) {
  const problems = [];
  const changed = git('status', '--porcelain');
  if (changed) problems.push(`the working tree is not clean:\n${changed.replace(/^/gm, '    ')}`);
  const branch = git('branch', '--show-current');
  if (branch !== 'main') problems.push(`releases are made on the branch main, this is ${branch || 'no branch'}`);
  const tags = git('tag', '--list', 'v*').split('\n');
  if (tags.includes(`v${version}`)) problems.push(`the tag v${version} exists already`);
  // The first release has the version that package.json has had from the beginning.
  const order = compareVersions(version, current);
  if (order < 0 || (order === 0 && tags.includes(`v${current}`))) {
    problems.push(`${version} is not greater than ${current}, the version in package.json`);
  }
  if (!unreleasedNotes(read('CHANGELOG.md'), version)) {
    problems.push(
      `CHANGELOG.md has no entry for the version: a heading \`## ${version} (unreleased)\` with text below it`,
    );
  }
  return [...problems, ...packageProblems()];
}

/** @param {string[]} problems @param {string} what */
function refuse(problems, what) {
  if (problems.length === 0) return;
  throw new BuildError(`release: ${what}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
}

/** @param {string[]} args */
async function npm(...args) {
  const [program, ...first] = npmCommand();
  const { code } = await run(program, [...first, ...args], { show: true });
  if (code !== 0) throw new BuildError(`release: \`npm ${args.join(' ')}\` failed; nothing was released.`);
}

/** @param {string} tag */
function checkTag(tag) {
  const { version } = JSON.parse(read('package.json'));
  const problems = packageProblems();
  if (tag !== `v${version}`) problems.unshift(`the tag ${tag} is not that of the version in package.json, ${version}`);
  refuse(problems, `${tag} cannot be published`);
  console.log(`${tag}: version, repository and binaries are those of this commit`);
}

/** @param {string} word */
async function release(word) {
  const { version: current } = JSON.parse(read('package.json'));
  const version = nextVersion(current, word);
  if (version === null) throw new BuildError(`release: '${word}' is no version; expected ${usage}`);
  refuse(releaseProblems(version, current), `${version} cannot be released`);
  await npm('run', 'lint');
  await npm('run', 'test:package');
  await npm('version', version, '--no-git-tag-version', '--allow-same-version');
  const today = new Date().toISOString().slice(0, 10);
  writeFileSync(join(root, 'CHANGELOG.md'), datedChangelog(read('CHANGELOG.md'), version, today));
  const files = ['package.json', 'package-lock.json', 'CHANGELOG.md'].filter((file) => existsSync(join(root, file)));
  git('add', ...files);
  git('commit', '--quiet', '-m', `Release ${version}`);
  git('tag', '-a', `v${version}`, '-m', `anneal ${version}`);
  console.log(`
Committed and tagged v${version}. Nothing has left this machine. Next:

  git show v${version}                 look at it once more
  git push origin main v${version}     .github/workflows/publish.yml then builds, checks and publishes

To take it back before it is pushed:

  git tag -d v${version} && git reset --hard HEAD~1`);
}

await runAsProgram(import.meta.url, async () => {
  const [word, tag, ...others] = process.argv.slice(2);
  if (word === undefined || others.length > 0 || (tag !== undefined) !== (word === '--check')) {
    throw new BuildError(`release: expected ${usage}`);
  }
  if (word === '--check') checkTag(tag);
  else await release(word);
});
