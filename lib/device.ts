// Devices: where tensors lie and operators run.
import { cudaInfo } from './cuda';
import { ArgumentError, DeviceError, describe } from './errors';
import { native } from './native';
import { warnOnce } from './warn';

export { type CudaReport, cudaInfo } from './cuda';

/** The name of a device: the CPU, or a GPU by its number; `cuda` is `cuda:0`. */
export type Device = 'cpu' | 'cuda' | `cuda:${number}`;

/** By the engine's number; empty where there is none. GPUs are looked for when the first is asked for. */
function names(): Device[] {
  cudaInfo();
  return native.devices() as Device[];
}

/** The names of the devices that this process can use. Looks for GPUs. */
export function devices(): Device[] {
  return names().filter(Boolean);
}

/**
 * The name of a device, after a look whether it is there. `'auto'` is the first GPU, or the CPU where there is none, which a warning
 * then tells with the reason, once.
 *
 * @throws ArgumentError for what is no name; DeviceError when there is no such device, with the reason.
 */
export function device(name: Device | 'auto'): Device {
  if (name !== 'auto') return deviceOfCode(deviceCode('device', name));
  if (devices().includes('cuda:0')) return 'cuda:0';
  warnOnce('ANNEAL_NO_GPU', `there is no GPU to use, so 'auto' is the CPU: ${cudaInfo().problem}`);
  return 'cpu';
}

let chosen: Device | undefined;

/** Where tensors are made without `device`: what {@link setDefaultDevice} has set, or `ANNEAL_DEVICE`, or the CPU. */
export function defaultDevice(): Device {
  chosen ??= device((process.env.ANNEAL_DEVICE || 'cpu') as Device);
  return chosen;
}

/**
 * Sets the device of tensors that are made without `device`, in this thread. `'auto'` is as in {@link device}.
 *
 * @throws ArgumentError for what is no name; DeviceError when there is no such device.
 */
export function setDefaultDevice(name: Device | 'auto'): void {
  chosen = device(name);
}

const codes = new Map<string, number>([['cpu', 0]]);

/** The engine's number of a device. @throws DeviceError when there is none of that name. @internal */
export function deviceCode(op: string, device: Device): number {
  const known = codes.get(device);
  if (known !== undefined) return known;
  if (typeof device !== 'string') {
    throw new ArgumentError(`[${op}] expected the name of a device, received ${describe(device)}`);
  }
  const code = names().indexOf(device === 'cuda' ? 'cuda:0' : device);
  if (code >= 0) {
    codes.set(device, code);
    return code;
  }
  const { problem } = cudaInfo();
  const reason = device.startsWith('cuda') && problem !== null ? `: ${problem}` : '';
  throw new DeviceError(`[${op}] there is no device '${device}' here, only ${devices().join(', ')}${reason}`);
}

/** The name of a device by the engine's number. @internal */
export function deviceOfCode(code: number): Device {
  return native.devices()[code] as Device;
}

/** Whether a value names a device, be it there or not. @internal */
export function isDevice(value: unknown): value is Device {
  return typeof value === 'string' && (/^(cpu|cuda)(:\d+)?$/.test(value) || native.devices().includes(value));
}
