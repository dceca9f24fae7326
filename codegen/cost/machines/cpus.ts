import type { MachineModel } from '../estimate.js';

/** A core of a server's CPU. */
interface Core {
  /** f32 numbers of a vector. */
  readonly lanes: number;
  /** Hz, with all cores at work. */
  readonly clock: number;
  /** Bytes of its caches. */
  readonly l1: number;
  readonly l2: number;
}

const kib = 1024;

/** By target. */
const cores: Readonly<Record<string, Core>> = {
  'x86-64-v4-bf16': { lanes: 16, clock: 3.5e9, l1: 32 * kib, l2: 1024 * kib },
  'x86-64-v4': { lanes: 16, clock: 3.5e9, l1: 32 * kib, l2: 1024 * kib },
  'x86-64-v3': { lanes: 8, clock: 3.2e9, l1: 32 * kib, l2: 512 * kib },
  armv8: { lanes: 4, clock: 2.8e9, l1: 64 * kib, l2: 1024 * kib },
};

/** What cores share: L3, and memory, of which one core does not get all, and more than so many get no more. */
const l3 = { bytes: 32 * kib * kib, bytesPerClockOfCore: 10 };
const memory = { bytesPerSecondOfCore: 12e9, coresThatFillIt: 16 };

/** Two vectors a clock are multiplied, and two loaded from L1; an exponential takes ten clocks of a vector. */
export function cpuModel(target: string, workers = 2): MachineModel {
  const core = cores[target];
  if (core === undefined) throw new Error(`no CPU is known for '${target}'`);
  const { lanes, clock, l1, l2 } = core;
  const macsPerClock = 2 * lanes;
  return {
    name: `a CPU of ${target}, ${workers} ${workers === 1 ? 'thread' : 'threads'}`,
    flops: 2 * macsPerClock * clock * workers,
    memoryBytes: memory.bytesPerSecondOfCore * Math.min(workers, memory.coresThatFillIt),
    workers,
    clock,
    macsPerClock,
    operationsPerClock: 2 * lanes,
    specialPerClock: lanes / 10,
    sharedBytesPerClock: 8 * lanes,
    l2Bytes: 4 * lanes * clock * workers,
    l3Bytes: l3.bytesPerClockOfCore * clock * workers,
    capacity: { l1, l2, l3: l3.bytes },
    launchSeconds: 5e-6,
    latencySeconds: 0,
  };
}
