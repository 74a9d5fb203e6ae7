// A progress bar an epoch on standard error, for people at a terminal; silent everywhere else.
import type { SingleBar } from 'cli-progress';
import type { RunningMean } from './mean';

// The loss is read back this often.
const READ_MS = 250;

/** One bar for one pass through the data. */
export class Progress {
  #bar: SingleBar | undefined;
  #lastRead = performance.now();
  #reading = false;

  private constructor(bar: SingleBar | undefined) {
    this.#bar = bar;
  }

  /** A bar titled `title` over `total` batches (undefined: unknown), or a silent one where nobody looks. */
  static async start(wanted: boolean, title: string, total: number | undefined): Promise<Progress> {
    if (!wanted || process.stderr.isTTY !== true) return new Progress(undefined);
    const { default: cliProgress } = await import('cli-progress');
    const track = total === undefined ? '{value}' : '[{bar}] {value}/{total}';
    const bar = new cliProgress.SingleBar(
      { format: `${title} ${track} | loss {loss}`, barsize: 30, fps: 10, stream: process.stderr },
      cliProgress.Presets.shades_classic,
    );
    bar.start(total ?? Number.MAX_SAFE_INTEGER, 0, { loss: '-' });
    return new Progress(bar);
  }

  /** After some more batches. */
  advance(losses: RunningMean, batches: number): void {
    if (this.#bar === undefined) return;
    this.#bar.increment(batches);
    if (this.#reading || performance.now() - this.#lastRead < READ_MS) return;
    this.#reading = true;
    losses
      .read()
      .then((loss) => this.#bar?.update({ loss: loss.toFixed(4) }))
      .catch(() => {}) // The step that failed reports it.
      .finally(() => {
        this.#reading = false;
        this.#lastRead = performance.now();
      });
  }

  /** Leaves the bar on the screen, with the final loss when there is one. */
  stop(loss?: number): void {
    if (loss !== undefined) this.#bar?.update({ loss: loss.toFixed(4) });
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
