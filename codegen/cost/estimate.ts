/** What bounds a pass: where its longest time is spent. */
export type Resource = 'arithmetic' | 'special functions' | 'shared memory' | 'L1' | 'L2' | 'memory' | 'launches';

/** The time of one kernel of a plan over a whole run, on each resource as if it were alone there. */
export interface PassEstimate {
  readonly kernel: string;
  readonly milliseconds: number;
  readonly bound: Resource;
  readonly on: Readonly<Partial<Record<Resource, number>>>;
  /** Floating-point operations, and bytes to and from memory. */
  readonly flops: number;
  readonly bytes: number;
}

/** What the roofline says of a plan: forward and backward together. */
export interface Estimate {
  readonly milliseconds: number;
  readonly passes: readonly PassEstimate[];
}

/** The peaks of a machine, for the roofline: `flops` and `memoryBytes` per second and of the whole machine. */
export interface MachineModel {
  readonly name: string;
  readonly flops: number;
  readonly memoryBytes: number;
  /** What works side by side, multiprocessors or threads, and its clock under load, in Hz. */
  readonly workers: number;
  readonly clock: number;
  /** Of one worker in one clock: multiplications with their additions in products; other operations on fp32 numbers; functions such as exponentials. */
  readonly macsPerClock: number;
  readonly operationsPerClock: number;
  readonly specialPerClock: number;
  /** Of one worker in one clock, to and from its shared memory, or a CPU's L1. */
  readonly sharedBytesPerClock: number;
  /** Per second, of the whole machine: from L2, and from a CPU's L3. */
  readonly l2Bytes: number;
  readonly l3Bytes?: number;
  /** Bytes that caches hold: L1 and L2 of a worker of a CPU, L2 of a GPU, L3 of all workers. */
  readonly capacity: { readonly l1?: number; readonly l2: number; readonly l3?: number };
  /** Seconds of a launch, and from asking L2 to having it while others ask too. */
  readonly launchSeconds: number;
  readonly latencySeconds: number;
}

/** What one launch asks of a machine. */
export interface Demand {
  /** Seconds on each resource, of the worker that has most to do, as if it were alone there. */
  readonly on: Readonly<Partial<Record<Resource, number>>>;
  /** Seconds that nothing runs beside: what is copied first, what is worked out last. */
  readonly exposed: number;
  readonly flops: number;
  /** To and from memory. */
  readonly bytes: number;
}

/** Which machine is meant: a GPU by its name, and how many threads, or multiprocessors. */
export interface AskedMachine {
  readonly device?: string;
  readonly workers?: number;
}
