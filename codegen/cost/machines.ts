import type { MachineModel } from './estimate.js';

/** A machine but for how many of its workers are used. */
type Machine = Omit<MachineModel, 'flops' | 'workers'> & { readonly usualWorkers: number };

/** Under load a Hopper is at its limit of power, well below the clock that its data sheet has. */
const hopper: Omit<Machine, 'name' | 'memoryBytes'> = {
  usualWorkers: 132,
  clock: 1.45e9,
  macsPerClock: 2048,
  operationsPerClock: 128,
  specialPerClock: 16,
  sharedBytesPerClock: 128,
  l2Bytes: 9.5e12,
  capacity: { l2: 50 * 2 ** 20 },
  launchSeconds: 3e-6,
  latencySeconds: 0.8e-6,
};

const gpus: readonly { readonly named: RegExp; readonly machine: Machine }[] = [
  { named: /H200/, machine: { ...hopper, name: 'NVIDIA H200', memoryBytes: 4.3e12 } },
  { named: /H100/, machine: { ...hopper, name: 'NVIDIA H100', memoryBytes: 3e12 } },
  {
    named: /A100/,
    machine: { ...hopper, name: 'NVIDIA A100', usualWorkers: 108, clock: 1.3e9, macsPerClock: 1024, operationsPerClock: 64, l2Bytes: 4.5e12, memoryBytes: 1.7e12, capacity: { l2: 40 * 2 ** 20 } },
  },
];

/** Whose GPU is not named: what the target was written for. */
const usualGpu: Readonly<Record<string, string>> = { sm_90a: 'NVIDIA H200', sm_80: 'NVIDIA A100' };

/** Of Hopper's tensor cores what instructions reach that a warp waits for. */
const synchronousShare = 0.62;

const kib = 1024;

/** CPUs by target, as servers have them: a core's rates, and what of memory's a core or all of them get. */
const cpus: Readonly<Record<string, Machine & { readonly memoryBytesOfCore: number; readonly l2BytesPerClock: number; readonly l3BytesPerClock: number }>> = {
  'x86-64-v4-bf16': cpu({ lanes: 16, clock: 3.5e9, l1: 32 * kib, l2: 1024 * kib }),
  'x86-64-v4': cpu({ lanes: 16, clock: 3.5e9, l1: 32 * kib, l2: 1024 * kib }),
  'x86-64-v3': cpu({ lanes: 8, clock: 3.2e9, l1: 32 * kib, l2: 512 * kib }),
  armv8: cpu({ lanes: 4, clock: 2.8e9, l1: 64 * kib, l2: 1024 * kib }),
};

/** Two vectors a clock are multiplied, and two loaded; an exponential takes a dozen instructions on each vector. */
function cpu({ lanes, clock, l1, l2 }: { readonly lanes: number; readonly clock: number; readonly l1: number; readonly l2: number }) {
  return {
    name: '',
    usualWorkers: 2,
    clock,
    macsPerClock: 2 * lanes,
    operationsPerClock: 2 * lanes,
    specialPerClock: lanes / 10,
    sharedBytesPerClock: 2 * 4 * lanes,
    l2Bytes: 0,
    memoryBytes: 0,
    capacity: { l1, l2, l3: 32 * kib * kib },
    launchSeconds: 5e-6,
    latencySeconds: 0,
    memoryBytesOfCore: 12e9,
    l2BytesPerClock: 4 * lanes,
    l3BytesPerClock: 10,
  };
}

/** More cores than these get no more of memory. */
const coresThatFillMemory = 16;

/**
 * What runs a target: the GPU that `device` names, or a typical CPU of its class with so many threads.
 * Of a GPU, `workers` are multiprocessors.
 */
export function machineFor(target: { readonly name: string; readonly device: 'cpu' | 'cuda' }, { device, workers }: { readonly device?: string; readonly workers?: number } = {}): MachineModel {
  return target.device === 'cpu' ? cpuFor(target.name, workers) : gpuFor(target.name, device, workers);
}

function gpuFor(target: string, device = usualGpu[target] ?? 'NVIDIA H200', asked?: number): MachineModel {
  const { usualWorkers, ...machine } = (gpus.find(({ named }) => named.test(device)) ?? gpus.find(({ named }) => named.test(usualGpu[target] ?? '')) ?? { machine: { ...hopper, name: device, memoryBytes: 3e12 } }).machine;
  const workers = asked ?? usualWorkers;
  const macsPerClock = machine.macsPerClock * (target === 'sm_80' && machine.macsPerClock === hopper.macsPerClock ? synchronousShare : 1);
  return { ...machine, workers, macsPerClock, flops: 2 * macsPerClock * machine.clock * workers };
}

function cpuFor(target: string, asked?: number): MachineModel {
  const found = cpus[target];
  if (found === undefined) throw new Error(`no CPU is known for '${target}'`);
  const { usualWorkers, memoryBytesOfCore, l2BytesPerClock, l3BytesPerClock, ...machine } = found;
  const workers = asked ?? usualWorkers;
  return {
    ...machine,
    name: `a CPU of ${target}, ${workers} ${workers === 1 ? 'thread' : 'threads'}`,
    workers,
    flops: 2 * machine.macsPerClock * machine.clock * workers,
    memoryBytes: memoryBytesOfCore * Math.min(workers, coresThatFillMemory),
    l2Bytes: l2BytesPerClock * machine.clock * workers,
    l3Bytes: l3BytesPerClock * machine.clock * workers,
  };
}
