// Started by `anneal launch`: what the launcher tells it, and what it is to do wrong.
const { RANK, WORLD_SIZE, LOCAL_RANK, ANNEAL_RESTARTS, ANNEAL_NUM_THREADS } = process.env;
const [what, ...rest] = process.argv.slice(2);
console.log([`${RANK}/${WORLD_SIZE}`, LOCAL_RANK, ...rest].join(' '));
if (what === 'threads') console.log(`threads ${ANNEAL_NUM_THREADS}`);
if (what === 'fail-once' && RANK === '1' && ANNEAL_RESTARTS === '0') process.exit(3);
if (what === 'fail' && RANK === '1') process.exit(3);
if (what === 'fail' && RANK === '0') setTimeout(() => {}, 600_000);
