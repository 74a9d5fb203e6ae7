// The script that prepares a release, in a repository of its own: every reason to refuse one, and what a good one leaves.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..');

const manifest = {
  name: 'anneal',
  version: '0.1.0',
  repository: { type: 'git', url: 'git+https://github.com/someone/anneal.git' },
  scripts: { lint: 'node -e ""', 'test:package': 'node -e ""' },
};

const changelog = `# Changelog

## 0.2.0 (unreleased)

- Something new.

## 0.1.0 (2026-01-01)

- The first.
`;

const stampAll = `import('./scripts/prebuilds.mjs').then(async ({ stampPrebuild }) => {
  const { prebuiltFile, targets } = await import('./scripts/targets.mjs');
  const { mkdirSync, writeFileSync } = await import('node:fs');
  for (const [name, target] of Object.entries(targets)) {
    const file = prebuiltFile(target);
    mkdirSync(require('node:path').dirname(file), { recursive: true });
    writeFileSync(file, 'a binary');
    stampPrebuild(name);
  }
});`;

describe('release', function () {
  this.timeout(60_000);
  let folder = '';

  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }).trim();
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const commit = () => {
    git('add', '--all');
    git('commit', '--quiet', '-m', 'Change something');
  };

  function release(args: string[], env: NodeJS.ProcessEnv = {}): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/release.mjs', ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, GITHUB_REPOSITORY: '', ...env },
    });
    return { status, output: stdout + stderr };
  }

  function refuses(args: string[], message: RegExp, env?: NodeJS.ProcessEnv): void {
    const [before, tags] = [git('rev-parse', 'HEAD'), git('tag')];
    const { status, output } = release(args, env);
    assert.equal(status, 1, output);
    assert.match(output, message);
    assert.deepEqual([git('rev-parse', 'HEAD'), git('tag')], [before, tags], 'it has changed the repository');
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'anneal-release-'));
    cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
    mkdirSync(join(folder, 'native'));
    write('native/engine.cc', 'int engine;\n');
    write('CMakeLists.txt', '');
    write('.gitignore', 'prebuilds/\n');
    write('package.json', JSON.stringify(manifest, null, 2));
    write('CHANGELOG.md', changelog);
    git('init', '--quiet', '--initial-branch', 'main');
    git('config', 'user.name', 'Somebody');
    git('config', 'user.email', 'somebody@example.com');
    commit();
    git('tag', 'v0.1.0');
    execFileSync(process.execPath, ['-e', stampAll], { cwd: folder });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes the version, dates the changelog, commits and tags, and says what is next', () => {
    const { status, output } = release(['minor']);
    assert.equal(status, 0, output);
    assert.equal(JSON.parse(read('package.json')).version, '0.2.0');
    const today = new Date().toISOString().slice(0, 10);
    assert.equal(read('CHANGELOG.md'), changelog.replace('(unreleased)', `(${today})`));
    assert.equal(git('status', '--porcelain'), '');
    assert.equal(git('log', '-1', '--format=%s'), 'Release 0.2.0');
    assert.equal(git('cat-file', '-t', 'v0.2.0'), 'tag');
    assert.equal(git('rev-parse', 'v0.2.0^{commit}'), git('rev-parse', 'HEAD'));
    assert.match(output, /^ {2}git push origin main v0\.2\.0 /m);
    assert.match(output, /^ {2}git tag -d v0\.2\.0 && git reset --hard HEAD~1$/m);

    const { status: checked, output: check } = release(['--check', 'v0.2.0'], { GITHUB_REPOSITORY: 'someone/anneal' });
    assert.equal(checked, 0, check);
  });

  it('makes a first release of the version that package.json has', () => {
    git('tag', '-d', 'v0.1.0');
    write('CHANGELOG.md', changelog.replace('(2026-01-01)', '(unreleased)'));
    commit();
    const { status, output } = release(['0.1.0']);
    assert.equal(status, 0, output);
    assert.equal(git('tag'), 'v0.1.0');
  });

  it('refuses what is no version', () => {
    for (const word of ['huge', '1.2', 'v1.2.3', '01.2.3', '1.2.3-beta'])
      refuses([word], /is no version; expected npm run/);
    for (const args of [[], ['minor', 'patch'], ['--check'], ['minor', '--check', 'v1.0.0']]) {
      refuses(args, /release: expected npm run release -- patch\|minor\|major\|X\.Y\.Z/);
    }
  });

  it('refuses a tree that is not clean', () => {
    write('native/new.cc', '');
    refuses(['minor'], /the working tree is not clean:\n {4}\?\? native\/new\.cc/);
  });

  it('refuses another branch than main', () => {
    git('checkout', '--quiet', '-b', 'side');
    refuses(['minor'], /releases are made on the branch main, this is side/);
    git('checkout', '--quiet', '--detach');
    refuses(['minor'], /this is no branch/);
  });

  it('refuses a version that is not greater, or that is tagged', () => {
    refuses(['0.1.0'], /0\.1\.0 is not greater than 0\.1\.0/);
    refuses(['0.0.9'], /0\.0\.9 is not greater than 0\.1\.0/);
    git('tag', 'v0.2.0');
    refuses(['0.2.0'], /the tag v0\.2\.0 exists already/);
  });

  it('refuses a version that the changelog does not know', () => {
    refuses(['major'], /CHANGELOG\.md has no entry for the version: a heading `## 1\.0\.0 \(unreleased\)`/);
    write('CHANGELOG.md', changelog.replace('- Something new.\n', ''));
    commit();
    refuses(['minor'], /has no entry for the version/);
  });

  it('refuses binaries that are missing, or made from other sources', () => {
    rmSync(join(folder, 'prebuilds', 'win32-x64'), { recursive: true });
    refuses(['minor'], /prebuilds\/win32-x64\/anneal\.node is missing; npm run prebuild -- --target win32-x64/);
    write('native/engine.cc', 'long engine;\n');
    commit();
    refuses(['minor'], /anneal\.node was made from other sources; npm run prebuild -- --target linux-arm64/);
  });

  it('refuses a package without the address of its repository', () => {
    write('package.json', JSON.stringify({ ...manifest, repository: undefined }));
    commit();
    refuses(['minor'], /package\.json has no `repository`/);
  });

  it('stops where a check of the package fails', () => {
    for (const script of ['lint', 'test:package']) {
      const scripts = { ...manifest.scripts, [script]: 'node -e "process.exit(3)"' };
      write('package.json', JSON.stringify({ ...manifest, scripts }));
      commit();
      refuses(['minor'], new RegExp(`\`npm run ${script}\` failed; nothing was released`));
    }
  });

  it('names all reasons at once', () => {
    write('native/engine.cc', 'long engine;\n');
    const { output } = release(['major']);
    assert.equal(output.match(/^ {2}- /gm)?.length, 7, output); // the tree, the changelog, five binaries
  });

  it('does not let a tag be published that is not that of the commit', () => {
    refuses(['--check', 'v9.9.9'], /the tag v9\.9\.9 is not that of the version in package\.json, 0\.1\.0/);
    const elsewhere = { GITHUB_REPOSITORY: 'another/fork' };
    refuses(
      ['--check', 'v0.1.0'],
      /names the repository git\+https.*someone\/anneal\.git, and this one is another\/fork/,
      elsewhere,
    );
  });
});
