import type { Precision } from '../../dsl/problem.js';
import type { KnobValue } from '../../dsl/choice.js';
import type { KnobPlace, Tiling } from '../../dsl/tiling.js';
import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.js';
import type { AskedMachine, Demand, MachineModel } from '../cost/estimate.js';
import type { Launches } from '../cost/launches.js';
import type { Dialects, EmittedEpilogue } from '../emit/epilogue.js';
import type { RunShape } from '../plan/bind.js';
import type { Extent } from '../plan/extent.js';
import type { Buffer, Kernel, Plan } from '../plan/plan.js';
import type { Problem, ResolvedTiling } from '../plan/problem.js';

export type { Problem, ResolvedTiling };

/** An instruction set and its limits, and how kernels are written for it. Data and text; no device is touched. */
export interface Target {
  readonly name: string;
  readonly device: 'cpu' | 'cuda';
  /** One line for people: what runs it. */
  readonly summary: string;
  /** Features a CPU must have, in the words of Linux's /proc/cpuinfo. Empty for a GPU: its compute capability is checked. */
  readonly requires: readonly string[];
  /** Of a CPU: the family that compilers know by `__x86_64__` and its like. */
  readonly processor?: Processor;
  /** What a GPU must have; absent for a CPU. */
  readonly capability?: CapabilityNeed;
  /** What NVRTC compiles for, where the GPU's own architecture is not enough: `sm_90a` has what `sm_90` lacks. */
  readonly architecture?: string;
  /** Of a GPU that the target is meant for: a plan is sized for as many where no GPU is asked. Absent for a CPU. */
  readonly multiprocessors?: number;
  readonly precisions: readonly Precision[];
  readonly dialects: Dialects;
  /** Bytes of workspace a run takes unless told otherwise. */
  readonly defaultWorkspace: number;
  /** Options of the compiler that makes artifacts of the sources: g++'s, or NVRTC's. */
  readonly compilerOptions: readonly string[];
  /** The tiling with what it leaves open filled in, and everything that is wrong with it (then `tiling` is absent). */
  resolve(problem: Problem, tiling: Tiling): { readonly tiling?: ResolvedTiling; readonly diagnostics: readonly Diagnostic[] };
  /** The knobs that a tiling leaves out, with values worth trying: within the target's limits one by one, not together. */
  knobs(problem: Problem, tiling: Tiling, run: RunShape): readonly Knob[];
  /** Kernels, their launch geometry, and the workspace they need. */
  describe(problem: Problem, tiling: ResolvedTiling): TargetKernels;
  /** What runs it: the GPU that is named, or a typical CPU of its class. */
  machine(asked?: AskedMachine): MachineModel;
  /** What a launch of one of its tiled kernels asks of a machine; undefined of a kernel over vectors. */
  demand(plan: Plan, launches: Launches, machine: MachineModel): Demand | undefined;
  /** The sources of those kernels. */
  emit(problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue): readonly SourceText[];
}

/** A knob and values for it, in order. */
export interface Knob {
  readonly level: KnobPlace;
  readonly knob: string;
  readonly values: readonly KnobValue[];
}

export type Processor = 'x86_64' | 'aarch64';

/** Compute capability of a GPU: from one on, or one alone. */
export type CapabilityNeed = { readonly least: Capability } | { readonly exactly: Capability };

export type Capability = readonly [major: number, minor: number];

export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export interface TargetKernels {
  /** Those that the loss needs. */
  readonly kernels: Readonly<Partial<Record<KernelRole, Kernel>>>;
  /** Packing kernels, in launch order, for the products of a chunk, the guide's too. Empty where inputs are read in place. */
  readonly packs: readonly Pack[];
  /** Workspace buffers that the kernels name, beyond what every plan has. */
  readonly workspace: readonly Buffer[];
  /** Partial sums of a chunk's rows and of its columns, which the merging kernels add to the statistics. */
  readonly rowPartials: Partials;
  readonly colPartials: Partials;
  /** Partial sums of the pair term and of the parameters' gradients that the passes leave behind. */
  readonly scalarPartials: { readonly stats: Extent; readonly gradient: Extent; readonly most: Extent };
  /** Chunks of rows, and of columns, that the forward walk takes at once; one, unless said. */
  readonly forwardRows?: number;
  readonly forwardCols?: number;
  /** Both of a chunk's products in one launch, in place of `accumulateQueries` and `accumulateKeys`: where they write to different places. */
  readonly accumulate?: Kernel;
  /** What callers use beside the walks; absent where the host does it. */
  readonly forCallers?: CallerKernels;
  /** What makes gradients in the forward walk, where the loss allows it. */
  readonly fused?: FusedKernels;
  /** How G is kept: element type, its row pitch in elements, and the elements in all. */
  readonly gradient: { readonly element: Buffer['element']; readonly pitch: Extent; readonly count: Extent };
}

/** `results` writes what a step has found as numbers, for callers that do not wait for it; `multiply` makes a gradient what autograd asks for. */
export type CallerKernels = Readonly<Record<'results' | 'multiply', Kernel>>;

/** Kernels of a walk that holds all columns of its rows, and makes their gradients before the sums of other rows are known. */
export interface FusedKernels {
  /** Writes a chunk's exponentials where G would be, with the sums of its rows. */
  readonly weights: Kernel;
  /** Makes dK's operand of the chunk's queries, by the rows' scales: in `scaledQueries`, in place of the buffer `queries`. */
  readonly scaleQueries: Kernel;
  readonly queries: string;
  /** Scales what was accumulated, and adds what positives do. */
  readonly finishGradients: Kernel;
  /** Partial sums of a chunk's rows that `weights` leaves. */
  readonly rowPartials: Partials;
  /** Whether exponentials times dots are summed too, for the parameters' gradients. */
  readonly dots: boolean;
  /** Fewer rows than these are not worth a chunk with all columns; more columns than those are not summed in one go. */
  readonly leastRows: number;
  readonly mostCols: number;
}

/** Vectors of partial sums, one after the other. */
export interface Partials {
  /** How many there are for the chunk at hand, in `rows` and `cols`. */
  readonly parts: Extent;
  /** Elements from one to the next. */
  readonly pitch: Extent;
  /** Room for those of any chunk, when `rows` and `cols` are the largest chunk's. */
  readonly count: Extent;
}

export type KernelRole =
  | 'norms'
  | 'positives'
  | 'stats'
  | 'merge'
  | 'mergeChannels'
  | 'tally'
  | 'rowTerms'
  | 'colTerms'
  | 'gather'
  | 'add'
  | 'guide'
  | 'guidePositives'
  | 'gradient'
  | 'reduceScalars'
  | 'accumulateQueries'
  | 'accumulateKeys';

/** Makes one operand of a chunk ready for a kernel. */
export interface Pack {
  readonly kernel: Kernel;
  readonly side: 'rows' | 'cols';
  /** The workspace buffer written. */
  readonly buffer: string;
  readonly neededBy: 'stats' | 'gradient' | 'both';
}
