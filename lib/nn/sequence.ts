// Sequences of different lengths as one tensor, and back.
import { ArgumentError, describe, ShapeError } from '../errors';
import { narrow } from '../ops/arrange';
import { integersFor } from '../ops/check';
import { pad } from '../ops/pad';
import { stack, transpose } from '../ops/shape';
import { checkOptions } from '../options';
import { formatShape, handleOf, type Tensor } from '../tensor';

/** Options of {@link padSequence}. */
export interface PadSequenceOptions {
  /** Whether the result is `[batch, time, ...]` and not `[time, batch, ...]`. Default false. */
  batchFirst?: boolean;
  /** What stands behind the end of shorter sequences. Default 0. */
  paddingValue?: number;
  /** Whether shorter sequences stand at the end, and not at the beginning. Default right. */
  paddingSide?: 'right' | 'left';
}

/**
 * Sequences `[time, ...]` of different lengths as one tensor `[longest, batch, ...]`, or `[batch, longest, ...]`.
 *
 * @throws ShapeError unless the sequences agree in all but their lengths; ArgumentError when there is none.
 */
export function padSequence(sequences: readonly Tensor[], options: PadSequenceOptions = {}): Tensor {
  checkOptions('padSequence', options, ['batchFirst', 'paddingValue', 'paddingSide']);
  const { batchFirst = false, paddingValue = 0, paddingSide = 'right' } = options;
  if (!Array.isArray(sequences) || sequences.length === 0) {
    throw new ArgumentError(
      `[padSequence] expected an array of Tensors for 'sequences', received ${describe(sequences)}`,
    );
  }
  if (paddingSide !== 'right' && paddingSide !== 'left') {
    throw new ArgumentError(
      `[padSequence] expected right or left for 'paddingSide', received ${describe(paddingSide)}`,
    );
  }
  for (const [i, sequence] of sequences.entries()) {
    handleOf('padSequence', `sequences[${i}]`, sequence);
    if (sequence.rank === 0) throw new ShapeError(`[padSequence] sequence ${i} is a scalar`);
  }
  const longest = Math.max(...sequences.map(({ shape }) => shape[0] as number));
  const padded = sequences.map((sequence) => {
    const missing = longest - (sequence.shape[0] as number);
    const pairs = sequence.shape.map((): [number, number] => [0, 0]);
    pairs[0] = paddingSide === 'right' ? [0, missing] : [missing, 0];
    return missing === 0 ? sequence : pad(sequence, pairs, { value: paddingValue });
  });
  return stack(padded, batchFirst ? 0 : 1);
}

/** What {@link padSequence} joined: the first `lengths[i]` steps of each sequence. @throws ShapeError, ArgumentError */
export function unpadSequence(
  padded: Tensor,
  lengths: readonly number[],
  options: { batchFirst?: boolean } = {},
): Tensor[] {
  handleOf('unpadSequence', 'padded', padded);
  checkOptions('unpadSequence', options, ['batchFirst']);
  if (padded.rank < 2) throw new ShapeError(`[unpadSequence] expected time and batch in ${formatShape(padded.shape)}`);
  const rows = options.batchFirst ? padded : transpose(padded, 0, 1);
  const counts = integersFor('unpadSequence', 'lengths', lengths, 0);
  if (counts.length !== rows.shape[0]) {
    throw new ShapeError(`[unpadSequence] ${counts.length} lengths of ${rows.shape[0]} sequences`);
  }
  return counts.map((length, i) => narrow(rows.select(0, i), 0, 0, length));
}
