// Suites that are about several devices: what they make without naming one is on the CPU, wherever other tests make theirs.
import { defaultDevice, setDefaultDevice } from 'anneal';

/** Makes the CPU the default device of the suite that calls this. */
export function onCpuByDefault(): void {
  const others = defaultDevice();
  before(() => setDefaultDevice('cpu'));
  after(() => setDefaultDevice(others));
}
