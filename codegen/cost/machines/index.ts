import type { MachineModel } from '../estimate.js';
import { cpuModel } from './cpus.js';
import { gpuModel } from './gpus.js';

/**
 * What runs a target: the GPU that `device` names, or a typical CPU of its class. `workers`: threads, or multiprocessors.
 */
export function machineFor(target: { readonly name: string; readonly device: 'cpu' | 'cuda' }, { device, workers }: { readonly device?: string; readonly workers?: number } = {}): MachineModel {
  return target.device === 'cpu' ? cpuModel(target.name, workers) : gpuModel(target.name, device, workers);
}
