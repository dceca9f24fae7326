import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Precision } from '../../../dsl/problem.js';
import type { Tiling } from '../../../dsl/tiling.js';

/** What a package that needs Infinitile's runtime says of itself: its loss as data, and where its kernels are. */
export interface PackageDefinition {
  readonly kind: 'package';
  readonly name: string;
  /** The version of Infinitile whose kernels these are. */
  readonly infinitile: string;
  readonly loss: PairwiseLoss;
  readonly dim: number;
  readonly guideDim: number;
  readonly precision: Precision;
  readonly tiling: Tiling;
  readonly targets: readonly PackagedTarget[];
}

export interface PackagedTarget {
  readonly name: string;
  readonly kernels: readonly PackagedKernels[];
}

/** What was made of one source file. Paths are the package's. */
export interface PackagedKernels {
  /** SHA-256 of the source. */
  readonly source: string;
  /** A shared object for a CPU. */
  readonly host?: string;
  readonly cubin?: string;
  /** For GPUs that are newer than the cubin. */
  readonly ptx?: string;
}

export const definitionFile = 'definition.json';

/** Where things were written stays out: that is of the machine that exports. */
export function printDefinition(definition: PackageDefinition): string {
  const withoutSpans = (key: string, value: unknown): unknown => ((key === 'span' || key === 'spans') && typeof value === 'object' ? undefined : exactly(value));
  return `${JSON.stringify(definition, withoutSpans, 2)}\n`;
}

/** The value with the numbers that JSON has no words for. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => (isNumber(value) ? Number(value.number) : value));
}

function exactly(value: unknown): unknown {
  if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return { number: Object.is(value, -0) ? '-0' : String(value) };
}

function isNumber(value: unknown): value is { readonly number: string } {
  return typeof value === 'object' && value !== null && 'number' in value && typeof value.number === 'string' && Object.keys(value).length === 1;
}
