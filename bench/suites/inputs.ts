// Inputs that every rival of a case reads from one file.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { io, type Tensor } from 'anneal';

/** Saves the tensors in the run's folder, unless an earlier case has: the path of the file. */
export async function saveInputs(folder: string, name: string, make: () => Record<string, Tensor>): Promise<string> {
  const file = join(folder, `${name}.safetensors`);
  if (!existsSync(file)) await io.save(file, make());
  return file;
}
