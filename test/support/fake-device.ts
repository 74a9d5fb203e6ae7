// The engine's second device for tests, which computes on the CPU in memory of its own (native/cpu/fakeDevice.h).
import type { Device } from 'anneal';
import { loadAddon } from './addon';

/** Opens the device and gives its name. */
export function fakeDevice(): Device {
  loadAddon<{ openFakeDevice(): void }>().openFakeDevice();
  return 'fake' as Device;
}
