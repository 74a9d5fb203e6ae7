// Features brought to mean 0 and standard deviation 1.

import { ArgumentError, FormatError, ShapeError } from '../errors';
import { tensor } from '../ops/create';
import { Tensor } from '../tensor';
import { checkArgument } from './arguments';

/** A fitted scaler; plain JSON. */
export interface StandardScalerState {
  /** Means of the columns. */
  mean: number[];
  /** Standard deviations; 1 for a column without variance. */
  scale: number[];
}

/**
 * Standardises columns: z = (x - mean) / scale, with mean and (population) standard deviation of each column of the
 * data it was fitted to. Columns without variance are only centred. Fit it to training data alone.
 *
 * ```ts
 * const scaler = await new StandardScaler().fit(trainingFeatures);
 * const features = scaler.transform(testFeatures);
 * ```
 */
export class StandardScaler {
  #state: StandardScalerState | undefined;

  /**
   * Learns mean and standard deviation of the columns of x: [samples, features], in float64.
   * @throws ShapeError for another rank or no samples; ArgumentError for NaN or infinity
   */
  async fit(x: Tensor): Promise<this> {
    checkColumns('StandardScaler.fit', x);
    const [samples = 0] = x.shape;
    if (samples === 0)
      throw new ShapeError(`[StandardScaler.fit] expected one sample or more but received [${x.shape.join(', ')}]`);
    const detached = x.detach();
    const values = detached.to('float64');
    const meanTensor = values.mean(0);
    const centred = values.sub(meanTensor);
    const squares = centred.square();
    const varianceTensor = squares.mean(0);
    try {
      const mean = Array.from(await meanTensor.data(), Number);
      const variance = Array.from(await varianceTensor.data(), Number);
      const scale = variance.map((value, column) => scaleOf(value, mean[column], samples));
      const wrong = scale.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) throw new ArgumentError(`[StandardScaler.fit] column ${wrong} holds NaN or infinity`);
      this.#state = { mean, scale };
      return this;
    } finally {
      for (const made of [detached, values, meanTensor, centred, squares, varianceTensor]) made.dispose();
    }
  }

  /** z = (x - mean) / scale, x: [samples, features]; floating-point x keeps its dtype, other becomes float32. */
  transform(x: Tensor): Tensor {
    return this.#apply('StandardScaler.transform', x, (values, mean, scale) => {
      const centred = values.sub(mean);
      const result = centred.div(scale);
      centred.dispose();
      return result;
    });
  }

  /** x = z * scale + mean: undoes `transform`. */
  inverseTransform(z: Tensor): Tensor {
    return this.#apply('StandardScaler.inverseTransform', z, (values, mean, scale) => {
      const spread = values.mul(scale);
      const result = spread.add(mean);
      spread.dispose();
      return result;
    });
  }

  /** What was fitted, to keep beside a model. */
  state(): StandardScalerState {
    const { mean, scale } = this.#fitted('StandardScaler.state');
    return { mean: [...mean], scale: [...scale] };
  }

  /** Takes over what another scaler was fitted to. */
  setState(state: StandardScalerState): this {
    const { mean, scale } = state ?? {};
    const valid =
      isNumbers(mean) && isNumbers(scale) && mean.length === scale.length && scale.every((value) => value !== 0);
    if (!valid)
      throw new FormatError('[StandardScaler] expected a state { mean, scale } of two lists with as many numbers');
    this.#state = { mean: [...mean], scale: [...scale] };
    return this;
  }

  // Float64 in between: features such as years or prices lie many standard deviations away from zero.
  #apply(owner: string, x: Tensor, rule: (values: Tensor, mean: Tensor, scale: Tensor) => Tensor): Tensor {
    const { mean, scale } = this.#fitted(owner);
    checkColumns(owner, x);
    if (x.shape[1] !== mean.length) {
      throw new ShapeError(
        `[${owner}] expected ${mean.length} columns, as fitted, but received [${x.shape.join(', ')}]`,
      );
    }
    const values = x.to('float64');
    const means = tensor(Float64Array.from(mean), { dtype: 'float64' });
    const scales = tensor(Float64Array.from(scale), { dtype: 'float64' });
    const wide = rule(values, means, scales);
    const result = wide.to(x.dtype === 'float64' ? 'float64' : 'float32');
    for (const made of new Set([values, means, scales, wide])) if (made !== x && made !== result) made.dispose();
    return result;
  }

  #fitted(owner: string): StandardScalerState {
    if (!this.#state) throw new ArgumentError(`[${owner}] the scaler has not been fitted: call fit or setState first`);
    return this.#state;
  }
}

// A constant column has a variance of rounding errors rather than 0; scaling by it would blow them up to size 1.
function scaleOf(variance: number, mean: number, samples: number): number {
  const rounding = Number.EPSILON * Math.abs(mean) * samples;
  return variance <= rounding * rounding ? 1 : Math.sqrt(variance);
}

function checkColumns(owner: string, x: Tensor): void {
  checkArgument(x instanceof Tensor, owner, 'x', 'a tensor', x);
  if (x.rank !== 2)
    throw new ShapeError(`[${owner}] expected x to be [samples, features] but received [${x.shape.join(', ')}]`);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((element) => Number.isFinite(element));
}
