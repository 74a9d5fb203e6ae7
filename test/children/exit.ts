// Ends of the main thread: with work still on the stream, with reads under way, from within calls. The argument says which.
import { type Tensor, uniform } from 'anneal';
import { network } from './network';

// Some seconds of work for the stream.
function pileUp(): Tensor {
  let x = uniform([1024, 1024]);
  for (let i = 0; i < 200; i++) x = x.matmul(x).mul(1e-3);
  return x;
}

const ends: Record<string, () => unknown> = {
  // Nobody waits for the result, so the process ends at once.
  unread: () => pileUp(),
  read: () => {
    const { step } = network();
    void step()
      .data()
      .then(() => console.log('settled'));
  },
  exit: () => {
    pileUp();
    process.exit(3);
  },
  'exit while reading': () => {
    void pileUp().data();
    setTimeout(() => process.exit(4), 20);
  },
  'exit in a hook': () => {
    const x = uniform([8], { requiresGrad: true });
    x.registerHook(() => process.exit(5));
    x.square().sum().backward();
  },
  'throw in a hook': () => {
    const x = uniform([8], { requiresGrad: true });
    x.registerHook(() => {
      throw new Error('hooked');
    });
    x.square().sum().backward();
  },
  'throw in a step': () => {
    const { step } = network();
    step();
    throw new Error('in the middle');
  },
  'work in an exit handler': () => {
    const { step } = network();
    step();
    process.on('exit', () => console.log(step().itemSync() > 0 ? 'worked' : 'no'));
  },
  'reject unhandled': () => {
    void uniform([3])
      .indexSelect(0, uniform([1], { low: 5, high: 6 }).cast('int64'))
      .data();
  },
};

ends[process.argv[2] as string]?.();
