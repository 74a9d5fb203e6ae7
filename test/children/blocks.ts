// Runs the programs that its arguments name, one after another in this process, and prints a line after each.
import { pathToFileURL } from 'node:url';

/** The line between the outputs of two programs. */
export const separator = '---- end of a block';

async function runAll(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      await import(pathToFileURL(path).href);
    } catch (error) {
      console.error(path, error);
      process.exit(1);
    }
    console.log(separator);
  }
}

if (require.main === module) void runAll(process.argv.slice(2));
