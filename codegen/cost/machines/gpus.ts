import type { MachineModel } from '../estimate.js';

/** A GPU but for how many of its multiprocessors are used. */
interface Gpu extends Omit<MachineModel, 'flops' | 'workers'> {
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
  latencySeconds: 0.8e-6,
} as const;

const h200: Gpu = { ...hopper, name: 'NVIDIA H200', memoryBytes: 4.3e12 };
const h100: Gpu = { ...hopper, name: 'NVIDIA H100', memoryBytes: 3e12 };
const a100: Gpu = {
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

/** A GPU of which nothing is known counts as what the target was written for. */
const usual: Readonly<Record<string, Gpu>> = { sm_90a: h200, sm_80: a100 };

/** `workers`: multiprocessors, as many as the GPU usually has, unless said. */
export function gpuModel(target: string, device: string | undefined, workers?: number): MachineModel {
  const [, named] = known.find(([pattern]) => device !== undefined && pattern.test(device)) ?? [];
  const { multiprocessors, waitedMacsPerClock, ...gpu } = named ?? usual[target] ?? a100;
  const macsPerClock = target === 'sm_90a' ? gpu.macsPerClock : waitedMacsPerClock;
  const used = workers ?? multiprocessors;
  return { ...gpu, workers: used, macsPerClock, flops: 2 * macsPerClock * gpu.clock * used };
}
