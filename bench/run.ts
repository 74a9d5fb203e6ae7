// npm run bench -- mlp --peer torch: our times, and beside them those of peers, measured in turns in one run.
import { runProgram } from '../examples/command-line';
import { commandLine } from './command';

runProgram(async () => {
  await commandLine({ print: console.log, tell: console.error }).parseAsync();
});
