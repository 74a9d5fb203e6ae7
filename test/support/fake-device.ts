// The engine's second device for tests, which computes on the CPU in memory of its own (native/cpu/fakeDevice.h).
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Device } from 'anneal';

/** Opens the device and gives its name. */
export function fakeDevice(): Device {
  const addon = createRequire(__filename)(join(__dirname, '..', '..', 'build', 'Release', 'anneal.node'));
  addon.openFakeDevice();
  return 'fake' as Device;
}
