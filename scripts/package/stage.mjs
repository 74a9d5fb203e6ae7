// The package as npm would publish it, and empty projects to install it into.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BuildError, findProgram, root, run } from '../command.mjs';
import { npmCommand, npmPack, packInto } from '../npm.mjs';
import { prebuiltFile, targets } from '../targets.mjs';

export const folder = join(root, 'build', 'package');

/**
 * Runs a program and gives what it printed; its failure is an error with that.
 * @param {string} program
 * @param {string[]} args
 * @param {import('../command.mjs').RunOptions} [options]
 */
export async function must(program, args, options) {
  const { code, output } = await run(program, args, options);
  if (code !== 0) throw new BuildError(`${program} ${args.join(' ')} failed:\n${output}`);
  return output;
}

/** What runs programs for arm64 on this machine; null where nothing does. */
export const armEmulator = () => findProgram('qemu-aarch64', 'qemu-aarch64-static');

/** The same with the glibc and the libraries of Debian's cross compiler: the beginning of a command line. */
export function armRunner() {
  const libraries = '/usr/aarch64-linux-gnu';
  const emulator = armEmulator();
  return emulator && existsSync(libraries) ? [emulator, '-L', libraries] : null;
}

/** The target of the running system. */
export function ownTarget() {
  const found = Object.entries(targets).find(
    ([, { platform, arch }]) => platform === process.platform && arch === process.arch,
  );
  if (!found) throw new BuildError(`test-package: no binary is made for ${process.platform}-${process.arch}`);
  return found;
}

/**
 * The tarball. Its binaries are those of prebuilds/, or, with `built`, the one of this machine's own build in the place of this system's.
 * @param {boolean} built
 */
export async function packTarball(built) {
  const { files } = await npmPack(root, '--dry-run');
  const stage = join(folder, 'stage');
  rmSync(stage, { recursive: true, force: true });
  /** @param {string} from @param {string} to */
  const copy = (from, to) => {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    copyFileSync(join(root, from), join(stage, to));
  };
  for (const { path } of files) if (!built || !path.startsWith('prebuilds/')) copy(path, path);
  if (built) {
    const binary = prebuiltFile(ownTarget()[1]);
    copy('native/build/Release/anneal.node', binary);
    if (findProgram('strip') && process.platform === 'linux') await must('strip', [join(stage, binary)]);
  } else {
    const missing = Object.values(targets)
      .map(prebuiltFile)
      .filter((file) => !existsSync(join(root, file)));
    if (missing.length > 0) {
      throw new BuildError(`test-package: ${missing.join(', ')} is missing; \`npm run prebuild\` makes it.`);
    }
  }
  return packInto(folder, stage);
}

/**
 * An empty project outside of the repository, whose packages it cannot find there.
 * @param {string} name
 * @param {Record<string, unknown>} [manifest]
 */
export function emptyProject(name, manifest = {}) {
  const project = mkdtempSync(join(tmpdir(), `anneal-${name}-`));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, ...manifest }));
  return project;
}

/**
 * Programs of npm packages, installed once below build/: the folder with their node_modules.
 * @param {string} name
 * @param {string[]} packages with versions
 */
export async function installTools(name, ...packages) {
  const tools = join(folder, 'tools', name);
  if (existsSync(join(tools, 'installed'))) return tools;
  rmSync(tools, { recursive: true, force: true });
  mkdirSync(tools, { recursive: true });
  writeFileSync(join(tools, 'package.json'), '{ "private": true }');
  const [npm = '', ...first] = npmCommand();
  await must(npm, [...first, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--force', ...packages], {
    cwd: tools,
  });
  writeFileSync(join(tools, 'installed'), '');
  return tools;
}
