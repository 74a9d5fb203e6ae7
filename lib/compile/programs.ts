// The programs of one function: found by the arguments' structure, traced where there is none that fits.
import { isGradEnabled } from '../context';
import type { Tensor } from '../tensor';
import { Program } from './program';
import { matches, signatureOf, type Template, takeApart } from './structure';

/** A program and the tensors among the arguments it was looked up with. */
export interface Found {
  program: Program;
  inputs: Tensor[];
}

interface Entry {
  program: Program;
  template: Template;
  grads: boolean;
  signature: string;
}

/** Programs of one function, at most so many; the one used longest ago goes first. */
export class Programs {
  readonly #fn: (...args: never[]) => unknown;
  readonly #limit: number;
  // The one used last at the end.
  #entries: Entry[] = [];

  constructor(fn: (...args: never[]) => unknown, limit: number) {
    this.#fn = fn;
    this.#limit = limit;
  }

  get count(): number {
    return this.#entries.length;
  }

  clear(): void {
    this.#entries = [];
  }

  /** The program for these arguments, as things are now. @throws whatever the function throws while it is traced */
  find(args: readonly unknown[]): Found {
    const inputs: Tensor[] = [];
    const grads = isGradEnabled();
    const entries = this.#entries;
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i] as Entry;
      inputs.length = 0;
      if (entry.grads !== grads || !matches(entry.template, args, inputs) || !entry.program.fits(inputs)) continue;
      if (i < entries.length - 1) entries.push(...entries.splice(i, 1));
      return { program: entry.program, inputs };
    }
    inputs.length = 0;
    const template = takeApart(args, inputs, 'argument');
    const program = new Program(this.#fn, template, inputs);
    entries.push({ program, template, grads, signature: `${grads}${signatureOf(template, inputs)}` });
    if (entries.length > this.#limit) entries.shift();
    return { program, inputs };
  }

  explain(): string {
    return this.#entries.map(({ signature, program }) => `${signature}\n${program.explain()}`).join('\n');
  }
}
