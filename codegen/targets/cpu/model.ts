import type { AskedMachine, MachineModel } from '../../cost/estimate.js';
import type { CpuMachine } from './machines.js';

const kib = 1024;

/** What cores share: L3, and memory, of which one core does not get all, and more than so many get no more. */
const l3 = { bytes: 32 * kib * kib, bytesPerClockOfCore: 10 };
const memory = { bytesPerSecondOfCore: 12e9, coresThatFillIt: 16 };

/** A typical CPU of the class. Two vectors a clock are multiplied, and two loaded from L1; an exponential takes ten clocks of a vector. */
export function cpuModel({ name, lanes, typical: { clock, l1Bytes, l2Bytes } }: CpuMachine, { workers = 2 }: AskedMachine = {}): MachineModel {
  const macsPerClock = 2 * lanes;
  return {
    name: `a CPU of ${name}, ${workers} ${workers === 1 ? 'thread' : 'threads'}`,
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
    capacity: { l1: l1Bytes, l2: l2Bytes, l3: l3.bytes },
    launchSeconds: 5e-6,
    latencySeconds: 0,
  };
}
