// The programs of one function: found by the arguments' structure, traced where there is none that fits.
import { isGradEnabled } from '../context';
import type { Tensor } from '../tensor';
import { inWords } from './differences';
import { Program } from './program';
import { Strikes } from './strikes';
import { areDistinct, changedValues, flattenTensors, matches, signatureOf, type Template } from './structure';

// Of one signature: programs that differ in what else they depend on, and may hold what that was.
const MOST_ALIKE = 4;
const MOST_KINDS = 64;
const OF_VALUES = 'keep a number that changes in a 0-d tensor, and assign() it';
const OF_SHAPES = 'pad to fewer shapes, or allow more programs by maxPrograms';

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
  /** Of calls with this signature but for numbers. */
  strikes: Strikes;
}

/** Programs of one function, at most so many; the one used longest ago goes first. */
export class Programs {
  readonly #fn: (...args: never[]) => unknown;
  readonly #limit: number;
  readonly #undoes: boolean;
  // The one used last at the end.
  #entries: Entry[] = [];
  readonly #kinds = new Map<string, Strikes>();
  #shapes = new Strikes(OF_SHAPES);
  #pausedBy: Strikes | undefined;
  #lastChange: string | undefined;

  /** `undoes`: see `Program`. */
  constructor(fn: (...args: never[]) => unknown, limit: number, undoes = false) {
    this.#fn = fn;
    this.#limit = limit;
    this.#undoes = undoes;
  }

  get count(): number {
    return this.#entries.length;
  }

  clear(): void {
    this.#entries = [];
    this.#kinds.clear();
    this.#shapes = new Strikes(OF_SHAPES);
  }

  /** Why `find` last gave none. */
  get reason(): string {
    return this.#pausedBy?.reason ?? '';
  }

  /**
   * The program for these arguments, as things are now; undefined where programs have not lasted, and the call is to run without one.
   *
   * @throws whatever the function throws while it is traced
   */
  find(args: readonly unknown[]): Found | undefined {
    const inputs: Tensor[] = [];
    const grads = isGradEnabled();
    const entries = this.#entries;
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i] as Entry;
      inputs.length = 0;
      if (entry.grads !== grads || !matches(entry.template, args, inputs)) continue;
      if (!areDistinct(inputs) || !entry.program.fits(inputs)) continue;
      if (i < entries.length - 1) entries.push(...entries.splice(i, 1));
      return { program: entry.program, inputs };
    }
    inputs.length = 0;
    const template = flattenTensors(args, inputs, 'argument');
    const mode = grads ? '' : 'without gradients: ';
    const signature = mode + signatureOf(template, inputs);
    const strikes = this.#strikesOf(mode + signatureOf(template, inputs, true));
    if (this.#pauses(strikes, template)) return undefined;
    const program = new Program(this.#fn, template, inputs, this.#undoes);
    const alike = entries.filter((entry) => entry.signature === signature);
    if (alike.length === MOST_ALIKE) entries.splice(entries.indexOf(alike[0] as Entry), 1);
    entries.push({ program, template, grads, signature, strikes });
    if (entries.length > this.#limit) entries.shift();
    return { program, inputs };
  }

  explain(): string {
    const states = [...this.#kinds.values(), this.#shapes].flatMap(({ state }) => state ?? []);
    if (this.#lastChange !== undefined) states.push(`last traced anew because of ${this.#lastChange}`);
    const programs = this.#entries.map(
      ({ signature, program }) => `${signature}\n${program.dependencies()}\n${program.explain()}`,
    );
    return [...states, ...programs].join('\n');
  }

  // Whether a call for which there is no program runs without one.
  #pauses(strikes: Strikes, template: Template): boolean {
    const rival = this.#entries.findLast((entry) => entry.strikes === strikes);
    if (rival === undefined) {
      // Another kind of call: there may be too many of them.
      const [oldest] = this.#entries;
      const failed =
        this.#entries.length === this.#limit &&
        this.#shapes.failed((oldest as Entry).program.runs, ['the shapes of the arguments']);
      if (failed || this.#shapes.waits()) this.#pausedBy = this.#shapes;
      else if (strikes.waits()) this.#pausedBy = strikes;
      else return false;
      return true;
    }
    const values = changedValues(rival.template, template, 'argument');
    const changes = values.length > 0 ? values : rival.program.differences();
    this.#lastChange = inWords(
      changes[0] ?? { name: 'gradients that are there, hooks, or memory that arguments share' },
    );
    const names = changes.length > 0 ? changes.map(({ name }) => name) : [this.#lastChange];
    if (!strikes.failed(rival.program.runs, names)) return false;
    this.#pausedBy = strikes;
    this.#entries = this.#entries.filter((entry) => entry.strikes !== strikes);
    return true;
  }

  #strikesOf(kind: string): Strikes {
    const strikes = this.#kinds.get(kind) ?? new Strikes(OF_VALUES);
    this.#kinds.delete(kind);
    this.#kinds.set(kind, strikes);
    if (this.#kinds.size > MOST_KINDS) this.#kinds.delete(this.#kinds.keys().next().value as string);
    return strikes;
  }
}
