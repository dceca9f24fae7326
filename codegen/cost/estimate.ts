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

/** The peaks of a machine, for the roofline. Rates are per second, of the whole machine. */
export interface MachineModel {
  readonly name: string;
  readonly flops: number;
  readonly memoryBytes: number;
}
