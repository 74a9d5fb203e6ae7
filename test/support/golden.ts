// What golden runs of several networks share: parameters and whole numbers that PyTorch's side makes as well.
import { type nn, noGrad, type Tensor, tensor } from 'anneal';
import { counterValues } from './counter';

/** Uniform values of each parameter, by the order of their names, around 1 for the weights of normalisations. */
export function start(model: nn.Module): void {
  const parameters = new Map(model.namedParameters());
  for (const [seed, name] of [...parameters.keys()].sort().entries()) {
    const parameter = parameters.get(name) as nn.Parameter;
    const { shape, size, rank } = parameter;
    const bound = rank > 1 ? 1 / Math.sqrt(shape.at(-1) as number) : 0.1;
    const shift = rank === 1 && name.endsWith('weight') ? 1 : 0;
    const values = counterValues(seed, size, -bound, bound).map((value) => value + shift);
    noGrad(() => parameter.assign(tensor(values, { dtype: 'float32', shape })));
  }
}

/** int64 from 0 to before `below`. */
export function integers(seed: number, shape: number[], below: number): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensor(counterValues(seed, count, 0, below).map(Math.floor), { dtype: 'int64', shape });
}
