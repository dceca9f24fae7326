import type { Capability, CapabilityNeed, Target } from '../../codegen/targets/target.js';
import type { CudaDeviceInfo } from '../addon.js';

/** Which CUDA targets a GPU runs. */

export type Gpu = Pick<CudaDeviceInfo, 'computeMajor' | 'computeMinor'>;

export function runsOn({ capability }: Target, { computeMajor, computeMinor }: Gpu): boolean {
  if (capability === undefined) return false;
  const [major, minor] = needed(capability);
  if ('exactly' in capability) return computeMajor === major && computeMinor === minor;
  return computeMajor > major || (computeMajor === major && computeMinor >= minor);
}

/** Whether the GPU runs cubins of {@link leastArchitecture}: those of its own major version, up to its minor. Others take PTX. */
export function cubinServes({ capability }: Target, { computeMajor, computeMinor }: Gpu): boolean {
  if (capability === undefined) return false;
  const [major, minor] = needed(capability);
  return computeMajor === major && computeMinor >= minor;
}

/** What NVRTC compiles a target's kernels for where no GPU is at hand: the least that runs them. */
export function leastArchitecture({ name, architecture, capability }: Target): string {
  if (architecture !== undefined) return architecture;
  if (capability === undefined) throw new Error(`target ${name} is for no GPU`);
  return `sm_${needed(capability).join('')}`;
}

/** `compute capability 8.0 or later`. */
export function printCapability(need: CapabilityNeed): string {
  return `compute capability ${needed(need).join('.')}${'least' in need ? ' or later' : ''}`;
}

function needed(need: CapabilityNeed): Capability {
  return 'least' in need ? need.least : need.exactly;
}
