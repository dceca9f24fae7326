import { compilerVersion } from '../../../codegen/emit/header.js';
import type { Target } from '../../../codegen/targets/target.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Precision } from '../../../dsl/problem.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { sha256 } from '../../artifact/key.js';
import { openCuda } from '../../device/cuda.js';
import { fingerprint } from '../../fingerprint.js';

/** Counts up when the meaning of what is kept changes. */
export const tunedFormat = 1;

/** All that decides which tiling is the fastest, but the size of the matrix. */
export interface TunedFacts {
  readonly loss: string;
  /** Of its expressions. */
  readonly lossHash: string;
  /** Of what the tiling sets or restricts, for which the rest was searched. */
  readonly tilingHash: string;
  readonly dim: number;
  /** Zero for a loss without a guide. */
  readonly guideDim: number;
  readonly precision: Precision;
  readonly target: string;
  /** The GPU with its driver, or the CPU's model. */
  readonly device: string;
  readonly compiler: string;
  readonly version: string;
  /** Threads of a CPU, multiprocessors of a GPU. */
  readonly workers: number;
  /** Bytes. */
  readonly workspace: number;
}

/** Whose tiling is asked for. */
export interface TunedQuestion {
  readonly loss: PairwiseLoss;
  readonly tiling: Tiling;
  readonly dim: number;
  readonly guideDim: number;
  readonly precision: Precision;
  readonly target: Target;
  readonly device: string;
  readonly compiler: string;
  readonly workers: number;
  readonly workspace: number;
}

export function tunedFacts({ loss, tiling, dim, guideDim, precision, target, device, compiler, workers, workspace }: TunedQuestion): TunedFacts {
  return {
    ...{ loss: loss.name, lossHash: fingerprint(loss), tilingHash: restrictionHash(tiling), dim, guideDim: loss.guide ? guideDim : 0, precision },
    ...{ target: target.name, device: target.device === 'cuda' ? `${device}, driver ${openCuda().driverVersion}` : device, compiler, version: compilerVersion, workers, workspace },
  };
}

/** The GPU without its driver, or the CPU's model. */
export function modelOf({ device }: Pick<TunedFacts, 'device'>): string {
  return device.replace(/, driver \d+$/, '');
}

export function tunedKey(facts: TunedFacts): string {
  return sha256(JSON.stringify([tunedFormat, ...Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1))]));
}

/** Of what a tiling sets or restricts of that which is searched: how ranks share the matrix is not. */
export function restrictionHash({ chunk, block, passes, register, instruction, open }: Tiling): string {
  return fingerprint({ chunk, block, passes, register, instruction, open });
}

/** Queries and keys, each to its power of two from below: `4096x8192`. */
export function sizeClass({ n, m }: { readonly n: number; readonly m: number }): string {
  return `${powerBelow(n)}x${powerBelow(m)}`;
}

/** Of the classes that are known the nearest to N queries; the largest where N is not known, or two are as near. */
export function nearestClass(known: readonly string[], n?: number): string | undefined {
  const classes = known.flatMap((name) => {
    const [, rows, cols] = /^(\d+)x(\d+)$/.exec(name) ?? [];
    return rows === undefined || cols === undefined ? [] : [{ name, rows: Number(rows), cols: Number(cols) }];
  });
  const distance = ({ rows }: { readonly rows: number }): number => (n === undefined ? 0 : Math.abs(Math.log2(rows / powerBelow(n))));
  return classes.sort((a, b) => distance(a) - distance(b) || b.rows - a.rows || b.cols - a.cols)[0]?.name;
}

function powerBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}
