// The workflows of GitHub: they run scripts of the project and nothing else, with as few rights as they need.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(__dirname, '..');
const folder = join(root, '.github', 'workflows');

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Job {
  uses?: string;
  needs?: string | string[];
  permissions?: Record<string, string>;
  'runs-on'?: string;
  'timeout-minutes'?: number;
  strategy?: { matrix: Matrix };
  steps?: Step[];
}

type Combination = Record<string, string | number>;
type Matrix = Record<string, (string | number)[]> & { include?: Combination[] };

interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const names = readdirSync(folder);
const workflows = Object.fromEntries(
  names.map((name) => [name, parse(readFileSync(join(folder, name), 'utf8')) as Workflow]),
);

const jobs = Object.entries(workflows).flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => ({ place: `${file}, ${name}`, file, name, job })),
);

/** Every combination of a matrix, one that is empty where there is none. */
function combinations({ include = [], ...axes }: Matrix = {}): Combination[] {
  const crossed = Object.entries(axes).reduce<Combination[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
  return [...crossed, ...include];
}

/** A text with the values of a combination in place of `${{ matrix.name }}`. */
function fill(text: string, combination: Combination): string {
  return text.replace(/\$\{\{ matrix\.(\w+) \}\}/g, (_, name: string) => String(combination[name]));
}

const commands = jobs.flatMap(({ place, job }) =>
  (job.steps ?? []).flatMap(({ run }) =>
    run === undefined ? [] : combinations(job.strategy?.matrix).map((one) => ({ place, command: fill(run, one) })),
  ),
);

describe('workflows of the package', () => {
  it('are those that are documented', () => {
    assert.deepEqual(names.sort(), ['ci.yml', 'prebuild.yml', 'publish.yml']);
    assert.deepEqual(Object.keys(workflows['publish.yml'].on), ['push']);
  });

  it('run scripts that exist, and nothing else', () => {
    assert.ok(commands.length > 10);
    for (const { place, command } of commands) {
      if (command === 'npm publish ./anneal-*.tgz --provenance --access public') {
        assert.equal(place, 'publish.yml, publish');
        continue;
      }
      const [, script = command === 'npm test' ? 'test' : ''] =
        /^npm run ([\w:]+)( -- [\w -]+| -- --check "\$GITHUB_REF_NAME")?$/.exec(command) ?? [];
      assert.ok(Object.hasOwn(scripts, script), `${place}: \`${command}\` runs no script of package.json`);
    }
  });

  it('use only the actions of GitHub, by their version', () => {
    for (const { place, job } of jobs) {
      for (const uses of [job.uses, ...(job.steps ?? []).map((step) => step.uses)]) {
        if (uses === undefined) continue;
        const ours = uses.startsWith('./') && existsSync(join(root, uses));
        const theirs = /^actions\/(checkout|setup-node|upload-artifact|download-artifact)@v4$/.test(uses);
        assert.ok(ours || theirs, `${place}: ${uses}`);
      }
    }
  });

  it('may read the sources, and in one job ask for the identity that npm trusts', () => {
    for (const [name, { permissions }] of Object.entries(workflows)) {
      assert.deepEqual(permissions, { contents: 'read' }, name);
    }
    for (const { place, job } of jobs) {
      const isPublish = place === 'publish.yml, publish';
      assert.deepEqual(job.permissions, isPublish ? { contents: 'read', 'id-token': 'write' } : undefined, place);
      for (const { uses, with: options } of job.steps ?? []) {
        if (uses?.startsWith('actions/checkout')) assert.equal(options?.['persist-credentials'], false, place);
      }
    }
    const { steps = [] } = workflows['publish.yml'].jobs.publish;
    assert.ok(!steps.some(({ uses }) => uses?.startsWith('actions/checkout')));
  });

  it('end, and run on machines that GitHub has', () => {
    const runners = ['ubuntu-24.04', 'ubuntu-24.04-arm', 'macos-15', 'macos-15-intel', 'windows-2025'];
    const used = new Set<string>();
    for (const { place, job } of jobs) {
      if (job.uses !== undefined) continue;
      assert.ok(Number(job['timeout-minutes']) <= 60, place);
      for (const one of combinations(job.strategy?.matrix)) used.add(fill(String(job['runs-on']), one));
    }
    assert.deepEqual([...used].sort(), runners.sort());
  });

  it('build a binary for each target, and test on each Node', async () => {
    const { targets } = await import('../scripts/targets.mjs');
    assert.deepEqual(workflows['prebuild.yml'].jobs.binary.strategy?.matrix.target, Object.keys(targets));
    assert.deepEqual(workflows['ci.yml'].jobs.test.strategy?.matrix.node, [20, 22, 24, 26]);
  });

  it('publish what has been checked', () => {
    const { publish, check } = workflows['publish.yml'].jobs;
    assert.deepEqual([publish.needs, check.needs], ['check', 'package']);
  });
});
