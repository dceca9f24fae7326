import { loadAddon, type CudaDeviceInfo, type CudaInfo, type NativeAddon, type NativeDevice } from '../addon.js';
import { deviceFailure, noCuda, noSuchCudaDevice } from './errors.js';
import { DeviceOfAddon } from './native-device.js';

/** A GPU. */
export class CudaDevice extends DeviceOfAddon {
  readonly info: CudaDeviceInfo;

  /**
   * @param ordinal its place in the driver's list.
   * @throws {InfinitileError} INF7001 when there is no driver or no such GPU, INF7003 when it cannot be opened.
   */
  constructor(ordinal = 0, addon: Pick<NativeAddon, 'openCuda' | 'createCudaDevice'> = loadAddon()) {
    const info = deviceAt(ordinal, openCuda(addon));
    super('cuda', info.name, create(info, addon));
    this.info = info;
  }

  get workers(): number {
    return this.info.multiprocessors;
  }

  /** What cubins for it are compiled for, unless their target says otherwise: `sm_90`. */
  get architecture(): string {
    return architectureOf(this.info);
  }
}

export function architectureOf({ computeMajor, computeMinor }: Pick<CudaDeviceInfo, 'computeMajor' | 'computeMinor'>): string {
  return `sm_${computeMajor}${computeMinor}`;
}

/**
 * The driver and its GPUs.
 *
 * @throws {InfinitileError} INF7001 with what the driver, or the loader, said.
 */
export function openCuda(addon: Pick<NativeAddon, 'openCuda'> = loadAddon()): CudaInfo {
  try {
    return addon.openCuda();
  } catch (error) {
    throw noCuda(error);
  }
}

/** @throws {InfinitileError} INF7001 when there is no such GPU. */
export function deviceAt(ordinal: number, { devices }: CudaInfo): CudaDeviceInfo {
  const info = devices[ordinal];
  if (info === undefined) throw noSuchCudaDevice(ordinal, devices.map(({ name }) => name));
  return info;
}

function create(info: CudaDeviceInfo, addon: Pick<NativeAddon, 'createCudaDevice'>): NativeDevice {
  try {
    return addon.createCudaDevice(info.ordinal);
  } catch (error) {
    throw deviceFailure({ description: info.name }, error);
  }
}
