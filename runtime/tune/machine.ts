import type { Target } from '../../codegen/targets/target.js';
import { cpuTarget, cudaTarget, deviceOf } from '../device/choose-target.js';
import { architectureOf, deviceAt, openCuda } from '../device/cuda.js';
import { cpuModel } from '../device/host.js';

/** What a target would run on, found without opening it: the device belongs to the process that times. */
export interface Machine {
  readonly target: Target;
  /** The GPU, or the CPU's model. */
  readonly device: string;
  /** Of a GPU: what cubins for it are compiled for, and its multiprocessors. */
  readonly architecture?: string;
  readonly multiprocessors?: number;
}

/** @throws {InfinitileError} when there is no such target, or nothing here runs it. */
export function findMachine(name: string, gpu = 0): Machine {
  if (deviceOf(name) === 'cpu') return { target: cpuTarget(name), device: cpuModel() };
  const info = deviceAt(gpu, openCuda());
  return { target: cudaTarget(name, info), device: info.name, architecture: architectureOf(info), multiprocessors: info.multiprocessors };
}
