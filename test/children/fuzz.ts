// Checks one property: fuzz.ts <property> <seed> <runs> <file>. A failure is thrown with fast-check's report; when the process
// crashes, the file holds the input that it did not survive.
import { writeFileSync } from 'node:fs';
import { ones, setMemoryLimit, uniform } from 'anneal';
import fc from 'fast-check';
import { LIMIT, properties } from './fuzz-properties';

async function main([name, seed, runs, file]: string[]): Promise<void> {
  const property = properties[name as string];
  if (!property) throw new Error(`no property '${name}' among ${Object.keys(properties).join(', ')}`);
  setMemoryLimit(LIMIT);
  const run = property.run.bind(property);
  property.run = (value) => {
    writeFileSync(file as string, fc.stringify(value).slice(0, 4000));
    return run(value);
  };
  await fc.assert(property, { seed: Number(seed), numRuns: Number(runs), timeout: 20_000 });
  // And the engine works on.
  const [sum, random] = [await ones([3]).add(1).sum().item(), await uniform([4]).min().item()];
  if (sum !== 6 || !(random >= 0)) throw new Error(`afterwards ones and uniform give ${sum} and ${random}`);
  console.log('survived');
}

void main(process.argv.slice(2));
