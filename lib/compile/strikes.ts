// When tracing does not pay: what a function depends on changes so often that its programs hardly run. A trace costs about as much
// as five calls that are not compiled.

const YOUNG = 8; // runs before which a program has not paid
const STRIKES = 4;
const FIRST_PAUSE = 64; // calls
const LONGEST_PAUSE = 4096;

/** Counts programs of one kind of call that failed young; after some in a row, calls of this kind run without compiling. */
export class Strikes {
  readonly #advice: string;
  #count = 0;
  #names: readonly string[] = [];
  #pause = FIRST_PAUSE;
  #left = 0;

  /** `advice`: what people may do about it. */
  constructor(advice: string) {
    this.#advice = advice;
  }

  /**
   * A program that ran `runs` times does not fit the next call, because of what has these names. Returns whether this call and some
   * after it are to run without compiling.
   */
  failed(runs: number, names: readonly string[]): boolean {
    if (runs >= YOUNG) {
      this.#count = 0;
      this.#pause = FIRST_PAUSE;
      return false;
    }
    const common = this.#names.filter((name) => names.includes(name));
    this.#names = this.#count === 0 || common.length === 0 ? names : common;
    if (++this.#count < STRIKES) return false;
    this.#count = 0;
    this.#left = this.#pause - 1;
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
    return true;
  }

  /** Whether this call is to run without compiling; counts it. */
  waits(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  /** Why there was a pause. */
  get reason(): string {
    const some = this.#names.slice(0, 3).join(', ');
    return `${some} changed at each of the last ${STRIKES} calls: ${this.#advice}`;
  }

  /** In words; undefined where nothing has failed lately. */
  get state(): string | undefined {
    const some = this.#names.slice(0, 3).join(', ');
    if (this.#left > 0) return `the next ${this.#left} calls run without compiling, since ${some} kept changing`;
    return this.#count > 0 ? `strikes: ${this.#count} of ${STRIKES}, by ${some}` : undefined;
  }
}
