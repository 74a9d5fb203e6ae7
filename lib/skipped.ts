// Tells of updates that did not happen because of a failure that nobody has read: a training loop that never reads its loss would
// stop learning without a word.
import { setTimeout } from 'node:timers';
import { native } from './native';
import { warn } from './warn';

// In which somebody may still read the failure.
const PATIENCE_MS = 1000;

let waiting = false;

function wait(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    tell(false);
  }, PATIENCE_MS).unref();
}

function tell(all: boolean): void {
  const [pending, ...failures] = native.takeSkipped(all);
  for (let i = 0; i < failures.length; i += 2) {
    const [message, updates] = failures.slice(i, i + 2);
    const what = updates === 1 ? 'an update in place' : `${updates} updates in place`;
    warn(
      'ANNEAL_SKIPPED',
      `${what} (the step of a parameter, assign) did not happen because of an error that nothing has read: ${message}`,
    );
  }
  if (pending) wait();
}

native.onSkipped(wait);
// The timer keeps no process alive. By then nobody waits for a read.
process.on('beforeExit', () => tell(true));
