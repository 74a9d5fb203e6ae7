// Learns from ratings which movies people like, measures it on ratings that it has not seen, and recommends movies.
import { arange, data, fullLike, noGrad, optim, scope } from 'anneal';
import {
  applyOptions,
  positiveNumber,
  runProgram,
  type TrainingOptions,
  trainingCommand,
  wholeNumber,
  writeResults,
} from '../command-line';
import { Recommender } from './model';
import { loadRatings, type Ratings, toDataset } from './ratings';
import { errorOf, trainRecommender } from './training';

interface Arguments extends TrainingOptions {
  epochs: number;
  size: number;
  penalty: number;
  user: number;
}

function parseArguments(argv: readonly string[]): Arguments {
  const defaults = { batchSize: 256, lr: 0.002 };
  return trainingCommand('movie-recommender', 'Learns from 100,000 ratings which movies people like.', defaults)
    .option('--epochs <n>', 'passes through the training set', wholeNumber(1), 12)
    .option('--size <n>', 'numbers in the vectors of users and movies', wholeNumber(1), 64)
    .option('--penalty <weight>', 'weight of the squares of vectors and biases in the loss', positiveNumber, 0.1)
    .option('--user <n>', 'the user to recommend movies to', wholeNumber(1, 943), 1)
    .parse([...argv], { from: 'user' })
    .opts<Arguments>();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The movies with the most stars predicted, among those that the user has not rated. */
async function recommend(model: Recommender, ratings: Ratings, user: number, count: number): Promise<string[]> {
  const movies = arange(ratings.titles.length);
  model.eval();
  const stars = await scope(() => noGrad(() => model.forward(fullLike(movies, user), movies))).data('float32');
  const rated = new Set(ratings.movies.filter((_, i) => ratings.users[i] === user));
  return ratings.titles
    .map((title, movie) => ({ title, movie, stars: stars[movie] as number }))
    .filter(({ movie }) => !rated.has(movie))
    .sort((a, b) => b.stars - a.stars)
    .slice(0, count)
    .map(({ title, stars }) => `${stars.toFixed(1)}  ${title}`);
}

runProgram(async () => {
  const options = parseArguments(process.argv.slice(2));
  const { epochs, batchSize, lr, seed, size, penalty } = options;
  applyOptions(options);
  const ratings = await loadRatings();
  const { userCount, titles, stars } = ratings;
  const [training, test] = await data.trainValidationSplit(toDataset(ratings), { validation: 0.1, seed });
  console.log(`${stars.length} ratings of ${titles.length} movies by ${userCount} users`);

  const meanStars = mean(training.indices.map((i) => stars[i] as number));
  const model = new Recommender(userCount, titles.length, size, meanStars);
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const begin = performance.now();
  const onEpoch = async (epoch: number) => {
    console.log(`Epoch [${epoch}/${epochs}], error in stars: ${(await errorOf(model, training)).toFixed(4)}`);
  };
  await trainRecommender(model, optimizer, training, { epochs, batchSize, seed, penalty, onEpoch });
  const seconds = (performance.now() - begin) / 1000;
  const error = await errorOf(model, test);
  const errorOfMean = Math.sqrt(mean(test.indices.map((i) => ((stars[i] as number) - meanStars) ** 2)));
  console.log(`Test error in stars: ${error.toFixed(4)}; with the mean for every rating: ${errorOfMean.toFixed(4)}`);

  const recommended = await recommend(model, ratings, options.user - 1, 10);
  console.log(`\nFor user ${options.user}:\n${recommended.join('\n')}`);
  await writeResults(options.json, { error, errorOfMean, seconds, recommended });
});
