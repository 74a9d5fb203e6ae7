// Matrix factorisation (Koren, Bell & Volinsky 2009): a vector for each user and each movie, whose product says how well the two
// match, and a number for each, which says how generous the user and how popular the movie is.
import { nn, type Tensor } from 'anneal';

export class Recommender extends nn.Module {
  userTaste: nn.Embedding;
  movieKind: nn.Embedding;
  userBias: nn.Embedding;
  movieBias: nn.Embedding;
  readonly meanStars: number;

  constructor(users: number, movies: number, size: number, meanStars: number) {
    super();
    this.userTaste = new nn.Embedding(users, size);
    this.movieKind = new nn.Embedding(movies, size);
    this.userBias = new nn.Embedding(users, 1);
    this.movieBias = new nn.Embedding(movies, 1);
    this.meanStars = meanStars;
    // Small at first, so that all predictions begin near the mean.
    for (const parameter of this.parameters()) nn.init.normal(parameter, { std: 0.05 });
  }

  /** users, movies: [batch]; gives stars, [batch]. */
  forward(users: Tensor, movies: Tensor): Tensor {
    const match = this.userTaste.forward(users).mul(this.movieKind.forward(movies)).sum(1);
    const bias = this.userBias.forward(users).add(this.movieBias.forward(movies)).squeeze(1);
    return match.add(bias).add(this.meanStars);
  }

  /** The squares of all numbers that the predictions for these users and movies depend on, summed for each, [batch]. */
  squares(users: Tensor, movies: Tensor): Tensor {
    const ofUsers = [this.userTaste, this.userBias].map((table) => table.forward(users).square().sum(1));
    const ofMovies = [this.movieKind, this.movieBias].map((table) => table.forward(movies).square().sum(1));
    return [...ofUsers, ...ofMovies].reduce((sum, squares) => sum.add(squares));
  }
}
