import { cpus } from 'node:os';
import { loadAddon, type NativeAddon } from '../addon.js';
import { DeviceOfAddon } from './native-device.js';

/** The machine's own processor. Each device has a thread of its own, and so its own OpenMP pool. */
export class HostDevice extends DeviceOfAddon {
  constructor(addon: Pick<NativeAddon, 'createHostDevice'> = loadAddon()) {
    super('cpu', cpuModel(), addon.createHostDevice());
  }
}

export function cpuModel(): string {
  return cpus()[0]?.model.trim() ?? 'CPU';
}
