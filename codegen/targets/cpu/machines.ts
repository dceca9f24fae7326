import type { Precision } from '../../../dsl/problem.js';
import type { Processor } from '../target.js';

/** A class of CPUs for which one set of kernels is emitted. */
export interface CpuMachine {
  readonly name: string;
  readonly summary: string;
  readonly processor: Processor;
  /** What a CPU must have, in the words of Linux's `/proc/cpuinfo`. */
  readonly features: readonly string[];
  /** What selects the instruction set on the command line of GCC and Clang. */
  readonly options: readonly string[];
  /** f32 numbers in a vector register, and how many such registers there are. */
  readonly lanes: number;
  readonly registers: number;
  /** GCC's and Clang's letter for any of these registers in inline assembly. */
  readonly registerConstraint: 'v' | 'x' | 'w';
  /** Bytes of a core's own second-level cache, as its smallest member has it. */
  readonly l2Bytes: number;
  /** The first that suits the inputs is used where a tiling names none. */
  readonly instructions: readonly CpuInstruction[];
  /** A core as servers have it, for estimates: Hz with all cores at work, and bytes of its caches. */
  readonly typical: { readonly clock: number; readonly l1Bytes: number; readonly l2Bytes: number };
  /** The register tile where a tiling leaves it open, by measurement. */
  readonly register: { readonly rows: number; readonly cols: number };
}

export interface CpuInstruction {
  readonly name: string;
  /** Inputs whose dot products it takes. 16-bit inputs are widened to f32 when they are packed, unless it takes pairs. */
  readonly precisions: readonly Precision[];
  /** How many elements of the summed dimension a lane takes at once. */
  readonly step: 1 | 2;
}

const anyInput: readonly Precision[] = ['f32', 'bf16', 'f16'];

const avx512: Omit<CpuMachine, 'name' | 'summary' | 'instructions'> = {
  processor: 'x86_64',
  features: ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
  options: ['-march=x86-64-v4', '-mprefer-vector-width=512'],
  lanes: 16,
  registers: 32,
  registerConstraint: 'v',
  l2Bytes: 1024 * 1024,
  typical: { clock: 3.5e9, l1Bytes: 32 * 1024, l2Bytes: 1024 * 1024 },
  register: { rows: 12, cols: 32 },
};

/** The most capable first: a CPU gets the first row whose features it has. */
export const cpuMachines: readonly CpuMachine[] = [
  {
    ...avx512,
    name: 'x86-64-v4-bf16',
    summary: 'x86-64 with AVX-512 and its bf16 dot products (Zen 4, Sapphire Rapids, Cooper Lake and later)',
    features: [...avx512.features, 'avx512_bf16'],
    options: [...avx512.options, '-mavx512bf16'],
    instructions: [
      { name: 'avx512.bf16', precisions: ['bf16'], step: 2 },
      { name: 'avx512.fma', precisions: anyInput, step: 1 },
    ],
  },
  {
    ...avx512,
    name: 'x86-64-v4',
    summary: 'x86-64 with AVX-512 (Skylake-X and later)',
    instructions: [{ name: 'avx512.fma', precisions: anyInput, step: 1 }],
  },
  {
    name: 'x86-64-v3',
    summary: 'x86-64 with AVX2 and fused multiply-add (Haswell, Zen and later)',
    processor: 'x86_64',
    features: ['avx2', 'fma', 'bmi2'],
    options: ['-march=x86-64-v3'],
    lanes: 8,
    registers: 16,
    registerConstraint: 'x',
    l2Bytes: 256 * 1024,
    typical: { clock: 3.2e9, l1Bytes: 32 * 1024, l2Bytes: 512 * 1024 },
    instructions: [{ name: 'avx2.fma', precisions: anyInput, step: 1 }],
    register: { rows: 6, cols: 16 },
  },
  {
    name: 'armv8',
    summary: '64-bit Arm with NEON',
    processor: 'aarch64',
    features: ['asimd'],
    options: ['-march=armv8-a'],
    lanes: 4,
    registers: 32,
    registerConstraint: 'w',
    l2Bytes: 512 * 1024,
    typical: { clock: 2.8e9, l1Bytes: 64 * 1024, l2Bytes: 1024 * 1024 },
    instructions: [{ name: 'neon.fma', precisions: anyInput, step: 1 }],
    register: { rows: 8, cols: 12 },
  },
];
