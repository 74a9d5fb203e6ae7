// What a training run does about a loss that has become NaN.
import { ArgumentError, describe } from '../errors';
import { warn } from '../warn';
import type { RunningMean } from './mean';

/** warn: tells once per `fit`. stop: tells, and ends training soon, with a `stopReason`. ignore: neither. */
export type NanLoss = 'warn' | 'stop' | 'ignore';

const LOOK_MS = 100;

/** Thrown to leave an epoch. */
const leave = Symbol('the loss is NaN');

/** Watches the losses of one `fit`. */
export class NanWatch {
  readonly #mode: NanLoss;
  readonly #losses: RunningMean;
  readonly #stop: (reason: string) => void;
  #told = false;
  #looking = false;
  #found = false;
  #lookedAt = performance.now();

  /** @throws ArgumentError for a mode that there is not */
  constructor(mode: NanLoss, losses: RunningMean, stop: (reason: string) => void) {
    if (!['warn', 'stop', 'ignore'].includes(mode)) {
      throw new ArgumentError(`[fit] expected 'warn', 'stop' or 'ignore' for nanLoss, received ${describe(mode)}`);
    }
    this.#mode = mode;
    this.#losses = losses;
    this.#stop = stop;
  }

  /** Runs an epoch, which calls `look` between batches. It ends early where training is to stop. */
  async during(epoch: (look: () => void) => Promise<void>): Promise<void> {
    this.#found = false;
    try {
      await epoch(() => this.#look());
    } catch (error) {
      if (error !== leave) throw error;
    }
  }

  // One NaN makes the sum NaN, so that now and then is enough.
  #look(): void {
    if (this.#found) throw leave;
    if (this.#mode !== 'stop' || this.#looking || performance.now() - this.#lookedAt < LOOK_MS) return;
    this.#looking = true;
    this.#losses
      .hasNaN()
      .then((found) => {
        this.#found = found;
      })
      .catch(() => {}) // the step that failed reports it
      .finally(() => {
        this.#looking = false;
        this.#lookedAt = performance.now();
      });
  }

  /** After an epoch. */
  judge(epoch: number, loss: number): void {
    if (!Number.isNaN(loss) || this.#mode === 'ignore') return;
    if (this.#mode === 'stop') this.#stop(`the loss of epoch ${epoch} is NaN`);
    if (this.#told) return;
    this.#told = true;
    warn(
      'ANNEAL_NAN_LOSS',
      `[fit] the loss of epoch ${epoch} is NaN. The learning rate may be too high, the data may hold NaN, or the loss may ignore ` +
        "every target; nanLoss: 'stop' ends training there, 'ignore' says nothing",
    );
  }
}
