// What `npm pack` would put into the package, by the npm that runs the tests or the one on PATH.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface Packed {
  files: { path: string }[];
  unpackedSize: number;
}

export function packed(): Packed {
  const npm = process.env.npm_execpath ?? '';
  const [program, args] = npm.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const pack = [...args, 'pack', '--dry-run', '--json', '--ignore-scripts'];
  const root = join(__dirname, '..', '..');
  return JSON.parse(execFileSync(program, pack, { cwd: root, encoding: 'utf8', stdio: 'pipe' }))[0] as Packed;
}
