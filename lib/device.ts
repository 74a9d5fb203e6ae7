// Devices: where tensors lie and operators run.
import { ArgumentError, DeviceError, describe } from './errors';
import { native } from './native';

/** The name of a device: the CPU, or a GPU by its number; `cuda` is `cuda:0`. */
export type Device = 'cpu' | 'cuda' | `cuda:${number}`;

/** The names of the devices that this process can use. */
export function devices(): Device[] {
  return (native.devices() as Device[]).filter(Boolean);
}

/** The engine's number of a device. @throws DeviceError when there is none of that name. @internal */
export function deviceCode(op: string, device: Device): number {
  if (device === 'cpu') return 0;
  if (typeof device !== 'string') {
    throw new ArgumentError(`[${op}] expected the name of a device, received ${describe(device)}`);
  }
  const code = native.devices().indexOf(device === 'cuda' ? 'cuda:0' : device);
  if (code >= 0) return code;
  throw new DeviceError(`[${op}] there is no device '${device}' here, only ${devices().join(', ')}`);
}

/** The name of a device by the engine's number. @internal */
export function deviceOfCode(code: number): Device {
  return native.devices()[code] as Device;
}

/** Whether a value names a device, be it there or not. @internal */
export function isDevice(value: unknown): value is Device {
  return typeof value === 'string' && (/^(cpu|cuda)(:\d+)?$/.test(value) || native.devices().includes(value));
}
