import type { AskedMachine, MachineModel } from '../../cost/estimate.js';

/** A GPU but for how many of its multiprocessors are used. */
export interface Gpu extends Omit<MachineModel, 'flops' | 'workers'> {
  readonly multiprocessors: number;
  /** Of a multiprocessor in a clock, by instructions that a warp waits for (mma.sync); `macsPerClock` by the fastest there are. */
  readonly waitedMacsPerClock: number;
}

/** Under load a Hopper is at its limit of power, well below the clock that its data sheet has. Rates as the passes of this package reach them. */
const hopper = {
  multiprocessors: 132,
  clock: 1.45e9,
  macsPerClock: 2048,
  waitedMacsPerClock: 1270,
  operationsPerClock: 128,
  specialPerClock: 16,
  sharedBytesPerClock: 128,
  l2Bytes: 9.5e12,
  capacity: { l2: 50 * 2 ** 20 },
  launchSeconds: 3e-6,
  latencySeconds: 0.7e-6,
} as const;

export const h200: Gpu = { ...hopper, name: 'NVIDIA H200', memoryBytes: 4.3e12 };
const h100: Gpu = { ...hopper, name: 'NVIDIA H100', memoryBytes: 3e12 };
export const a100: Gpu = {
  name: 'NVIDIA A100',
  multiprocessors: 108,
  clock: 1.3e9,
  macsPerClock: 1024,
  waitedMacsPerClock: 1024,
  operationsPerClock: 64,
  specialPerClock: 16,
  sharedBytesPerClock: 128,
  l2Bytes: 4.5e12,
  memoryBytes: 1.7e12,
  capacity: { l2: 40 * 2 ** 20 },
  launchSeconds: 3e-6,
  latencySeconds: 0.8e-6,
};

/** By what a device's name has. */
const known: readonly (readonly [RegExp, Gpu])[] = [
  [/H200/, h200],
  [/H100/, h100],
  [/A100/, a100],
];

/** What a target makes of a GPU. */
export interface GpuUse {
  /** A GPU of which nothing is known counts as this one. */
  readonly usual: Gpu;
  /** Whether its products are instructions that a warp waits for. */
  readonly waits: boolean;
}

/** The GPU that `device` names. `workers`: multiprocessors, as many as it usually has, unless said. */
export function gpuModel({ usual, waits }: GpuUse, { device, workers }: AskedMachine = {}): MachineModel {
  const [, named = usual] = known.find(([pattern]) => device !== undefined && pattern.test(device)) ?? [];
  const { multiprocessors, waitedMacsPerClock, ...gpu } = named;
  const macsPerClock = waits ? waitedMacsPerClock : gpu.macsPerClock;
  const used = workers ?? multiprocessors;
  return { ...gpu, workers: used, macsPerClock, flops: 2 * macsPerClock * gpu.clock * used };
}
